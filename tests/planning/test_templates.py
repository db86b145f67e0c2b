"""Rules to begin with: the usual ones with the hypothesis's target, and those that a team keeps."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from experiments.choices import METRICS, MetricForm
from experiments.exceptions import Invalid, NotAllowed, NotFound, Refused
from experiments.models import CriterionTemplate
from experiments.services.campaigns import create_campaign, doubts_about_rules, missing_for_launch
from experiments.services.templates import USUAL_TEMPLATES, delete_template, save_template
from experiments.stats.threshold import threshold_evidence
from tests.factories import campaign_values, criterion_values, make_hypothesis, make_workspace
from tests.planning.refusals import codes
from workspaces.choices import EventKind, Role
from workspaces.models import Event
from workspaces.permissions import Actor

USUAL = {template.key: template for template in USUAL_TEMPLATES}


def saved(by: Actor, at: datetime, name: str = "Floor", **changes: Any) -> CriterionTemplate:
    return save_template(values={"name": name, "criterion": criterion_values(**changes)}, by=by, at=at)


# The usual ones


@pytest.mark.parametrize(
    ("key", "aim", "target", "metric", "threshold", "guards"),
    [
        ("no_conversion", "cpa", Decimal(40), "cpa", Decimal(40), {"spend": "120"}),
        ("no_conversion", "ctr", Decimal("0.01"), "cpa", None, {}),
        ("cost_ceiling", "cpl", Decimal(20), "cpl", Decimal(20), {"days": 2, "spend": "60"}),
        ("cost_ceiling", "", None, "cpa", None, {"days": 2}),
        ("ctr_floor", "ctr", Decimal("0.01"), "ctr", Decimal("0.01"), {}),
        ("return_floor", "roas", Decimal("2.5"), "roas", Decimal("2.5"), {"conversions": 10}),
        (
            "qualified_lead_ceiling",
            "cost_per_sales_qualified_lead",
            Decimal(300),
            "cost_per_sales_qualified_lead",
            Decimal(300),
            {"spend": "900"},
        ),
    ],
)
def test_usual_template__with_what_is_known_of_the_hypothesis__fills_its_limit_and_its_guard(
    key: str, aim: str, target: Decimal | None, metric: str, threshold: Decimal | None, guards: dict[str, Any]
) -> None:
    fields = USUAL[key].fields(aim=aim, target=target)
    assert (fields["metric"], fields["threshold"], fields["guards"]) == (metric, threshold, guards)


@pytest.mark.parametrize("key", list(USUAL))
def test_usual_template__once_filled__can_be_launched_without_a_doubt_about_the_rule(
    key: str, marketer: Actor, at: datetime
) -> None:
    metric = METRICS[USUAL[key].metric]
    target = Decimal("0.01") if metric.is_share else Decimal(20)
    hypothesis = make_hypothesis(
        marketer.workspace,
        owner=marketer.user,
        primary_metric=metric.key,
        outcome_metric="cpa" if metric.needs_outcome else "",
        target=target,
    )
    fields = USUAL[key].fields(aim=metric.key, target=target)
    fields["guards"] = fields["guards"] or {"spend": "300.00"}
    values = campaign_values(hypothesis=hypothesis.pk, kill_criteria=[fields], channel="own-network")
    campaign = create_campaign(values=values, by=marketer, at=at)
    assert missing_for_launch(campaign) == []
    # The return alone waits for conversions, as its note says.
    doubts = ["silent_without_conversions"] if key == "return_floor" else []
    assert [item.code for item in doubts_about_rules(campaign)] == doubts


@pytest.mark.parametrize(("conversions", "sure"), [(0, 0.98), (1, 0.90)])
def test_no_conversion__at_its_guard__is_as_sure_as_its_note_says(conversions: int, sure: float) -> None:
    outcome = np.array([[conversions, 0, 0]], dtype=float)
    spend = np.full((1, 3), 40.0)
    evidence = threshold_evidence(
        MetricForm.COST, outcome, spend, np.array([40.0]), mask=np.ones((1, 3), dtype=bool)
    )
    assert evidence.p_above[0] == pytest.approx(sure, abs=0.005)
    assert f"{sure:.0%}" in str(USUAL["no_conversion"].note)


# A team's own


def test_saving__a_rule__keeps_it_and_tells(marketer: Actor, at: datetime) -> None:
    template = saved(marketer, at)
    stored = CriterionTemplate.objects.get()
    assert stored == template
    assert stored.criterion.rule_text == (
        "Pause the campaign when the CTR is probably below 0.5%, once $2,000 of spend is in and we are "
        "95% sure."
    )
    event = Event.objects.get(kind=EventKind.TEMPLATE_SAVED)
    assert (event.data["name"], event.data["rule"]) == ("Floor", stored.criterion.rule_text)


def test_saving__under_a_name_that_is_there__is_refused_here_and_taken_elsewhere(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    saved(marketer, at)
    with pytest.raises(Refused) as refusal:
        saved(marketer, at, threshold="0.004")
    assert refusal.value.code == "name_taken"
    saved(stranger, at)
    assert CriterionTemplate.objects.count() == 2


def test_saving__what_is_no_rule__names_everything(marketer: Actor, at: datetime) -> None:
    values = {"name": " ", "criterion": criterion_values(threshold=0, guards={})}
    with pytest.raises(Invalid) as refusal:
        save_template(values=values, by=marketer, at=at)
    assert codes(refusal.value) == {
        "name": "required",
        "criterion.threshold": "not_positive",
        "criterion.guards": "guard_missing",
    }


def test_saving__more_than_anybody_reads__is_refused(
    marketer: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.services.templates.MOST_TEMPLATES", 1)
    saved(marketer, at)
    with pytest.raises(Refused) as refusal:
        saved(marketer, at, "Another")
    assert refusal.value.code == "too_many"


def test_saving__by_a_viewer__is_not_allowed(viewer: Actor, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        saved(viewer, at)


def test_deleting__by_a_manager__forgets_it_and_tells(marketer: Actor, manager: Actor, at: datetime) -> None:
    template = saved(marketer, at)
    with pytest.raises(NotAllowed):
        delete_template(template.pk, by=marketer, at=at)
    delete_template(template.pk, by=manager, at=at)
    assert not CriterionTemplate.objects.exists()
    event = Event.objects.get(kind=EventKind.TEMPLATE_DELETED)
    assert (event.subject_id, event.data["name"]) == (str(template.pk), "Floor")


def test_deleting__of_another_workspace__does_not_exist(marketer: Actor, at: datetime) -> None:
    template = saved(marketer, at)
    other = Actor(workspace=make_workspace("elsewhere"), user=marketer.user, role=Role.MANAGER)
    with pytest.raises(NotFound):
        delete_template(template.pk, by=other, at=at)
