"""Launching one campaign into a sprint that runs, and adopting one that ran without a plan."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from experiments.choices import CampaignStatus
from experiments.exceptions import CampaignNotReady, Invalid, InvalidTransition, Refused
from experiments.models import Campaign, CriterionWatch, Hypothesis, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.services.campaigns import import_campaign
from sprints.choices import TransferKind
from sprints.models import Sprint, Transfer
from sprints.services.launching import adopt_campaign, launch_campaign
from sprints.services.planning import open_review, start_sprint
from sprints.services.readiness import read_plan
from tests.factories import criterion_values, make_draft, make_hypothesis, make_running_sprint, make_sprint
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

TODAY = date(2026, 11, 19)


@pytest.fixture
def sprint(marketer: Actor, at: datetime) -> Sprint:
    """A sprint that runs with one hypothesis and its campaign first-video."""
    return make_running_sprint(marketer, "first-video", at=at)


def test_launch__draft_of_a_hypothesis_in_a_running_sprint__is_live_and_funded(
    sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    make_draft(marketer, Hypothesis.objects.get(), "second-video", at=at, budget=Decimal("2000.50"))
    tomorrow = at + timedelta(days=1)
    launch_campaign("second-video", by=marketer, at=tomorrow)
    campaign = Campaign.objects.get(key="second-video")
    assert (campaign.status, campaign.launched_at) == (CampaignStatus.LIVE, tomorrow)
    assert (campaign.starts_on, campaign.runs_until) == (TODAY + timedelta(days=1), sprint.ends_on)
    assert campaign.budget == Decimal("2000.50")
    transfer = Transfer.objects.get(target_campaign=campaign)
    assert (transfer.kind, transfer.amount, transfer.by) == (
        TransferKind.LAUNCH,
        Decimal("2000.50"),
        marketer.user,
    )


def test_launch__incomplete_draft__names_everything_and_moves_no_money(
    sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    make_draft(marketer, Hypothesis.objects.get(), "second-video", at=at, budget=None, kill_criteria=[])
    with pytest.raises(CampaignNotReady) as refusal:
        launch_campaign("second-video", by=marketer, at=at)
    assert refusal.value.status == 409
    assert codes(refusal.value) == {"budget": "budget_missing", "kill_criteria": "criteria_missing"}
    assert Campaign.objects.get(key="second-video").is_draft
    assert Transfer.objects.count() == 1


def test_launch__without_a_hypothesis__is_not_ready(marketer: Actor, at: datetime) -> None:
    make_draft(marketer, None, at=at, budget=None)
    with pytest.raises(CampaignNotReady) as refusal:
        launch_campaign("founder-video", by=marketer, at=at)
    assert codes(refusal.value) == {"hypothesis": "hypothesis_missing", "budget": "budget_missing"}


def test_launch__hypothesis_not_in_a_running_sprint__is_refused_with_the_way(
    marketer: Actor, at: datetime
) -> None:
    waiting = make_hypothesis(marketer.workspace, owner=marketer.user)
    make_draft(marketer, waiting, "waiting", at=at)
    with pytest.raises(Refused, match="commit the hypothesis") as refusal:
        launch_campaign("waiting", by=marketer, at=at)
    assert refusal.value.code == "not_committed"
    planned = make_sprint(marketer, waiting, at=at)
    with pytest.raises(Refused, match="Starting it launches the campaign") as refusal:
        launch_campaign("waiting", by=marketer, at=at)
    assert refusal.value.code == "sprint_not_running"
    assert planned.number == 1


def test_launch__sprint_in_review_or_past_its_last_day__is_refused(
    sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    make_draft(marketer, Hypothesis.objects.get(), "late", at=at)
    with pytest.raises(Refused) as refusal:
        launch_campaign("late", by=marketer, at=at + timedelta(days=5))
    assert refusal.value.code == "sprint_over"
    open_review(sprint.pk, by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        launch_campaign("late", by=marketer, at=at)
    assert refusal.value.code == "sprint_not_running"


def test_launch__guard_of_more_days_than_are_left__is_refused_as_before_a_start(
    sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    rules = [criterion_values(guards={"days": 3})]
    make_draft(marketer, Hypothesis.objects.get(), "late", at=at, kill_criteria=rules)
    late = at + timedelta(days=(sprint.ends_on - TODAY).days - 1)
    with pytest.raises(CampaignNotReady, match="waits for 3 days, but the campaign runs 2") as refusal:
        launch_campaign("late", by=marketer, at=late)
    assert codes(refusal.value) == {"kill_criteria.0.guards.days": "guard_beyond_days"}
    launch_campaign("late", by=marketer, at=late - timedelta(days=1))


@pytest.mark.parametrize(
    ("days", "said", "warned"),
    [
        (3, "A criterion waits for 3 days, but the campaign runs 2", ["guard_beyond_days"]),
        (2, "It waits for all 2 days, and a day counts when it is over", ["guard_at_the_end"]),
    ],
)
def test_campaign_page__draft_in_the_middle_of_a_sprint__counts_the_days_that_are_left(
    sprint: Sprint, marketer: Actor, at: datetime, days: int, said: str, warned: list[str]
) -> None:
    rules = [criterion_values(guards={"days": days})]
    make_draft(marketer, Hypothesis.objects.get(), "late", at=at, kill_criteria=rules)
    late = at + timedelta(days=(sprint.ends_on - TODAY).days - 1)
    with time_machine.travel(late, tick=False):
        client = APIClient()
        client.force_login(marketer.person)
        page = client.get(f"/w/{marketer.workspace.slug}/campaigns/late/").content.decode()
        warnings = client.get("/api/v1/campaigns/late/").json()["warnings"]
    assert said in page
    assert [item["code"] for item in warnings if item["field"].endswith(".days")] == warned


def test_start__in_the_middle_of_its_days__takes_no_guard_beyond_those_that_are_left(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
    make_draft(marketer, hypothesis, "late", at=at, kill_criteria=[criterion_values(guards={"days": 3})])
    planned = make_sprint(marketer, hypothesis, at=at)
    late = at + timedelta(days=planned.length_days - 2)
    (row,) = read_plan(planned, today=marketer.workspace.local_day(late)).hypotheses
    assert "waits for 3 days, but the campaign runs 2" in row.missing[0]
    with pytest.raises(Refused, match="waits for 3 days, but the campaign runs 2") as refusal:
        start_sprint(planned.pk, by=marketer, at=late)
    assert refusal.value.code == "not_ready"


def test_launch__twice__is_refused(sprint: Sprint, marketer: Actor, at: datetime) -> None:
    with pytest.raises(InvalidTransition):
        launch_campaign("first-video", by=marketer, at=at)
    assert Transfer.objects.count() == 1


# Adoption

ADOPTION: dict[str, Any] = {
    "kill_criteria": [criterion_values(guards={"spend": "200"})],
    "budget": Decimal(900),
}


@pytest.fixture
def unplanned(marketer: Actor, at: datetime) -> Campaign:
    return import_campaign(
        key="spring-sale", name="Spring sale", channel="meta", external_id="123", by=marketer, at=at
    )


def test_adopt__unplanned_campaign__gets_frozen_criteria_and_money(
    unplanned: Campaign, marketer: Actor, at: datetime
) -> None:
    later = at + timedelta(days=1)
    adopt_campaign("spring-sale", values=ADOPTION, by=marketer, at=later)
    unplanned.refresh_from_db()
    assert unplanned.status == CampaignStatus.LIVE
    # What was spent before its budget and its rules is not counted by them.
    assert (unplanned.launched_at, unplanned.starts_on) == (later, later.date())
    assert unplanned.budget == unplanned.planned_budget == Decimal(900)
    criterion = KillCriterion.objects.get()
    assert criterion.frozen_at == later
    assert unplanned.criteria_digest == criteria_digest([criterion])
    assert CriterionWatch.objects.get().criterion == criterion
    assert unplanned.judge_due_at == later
    assert Event.objects.get(kind=EventKind.CAMPAIGN_ADOPTED).data["budget"] == "900.00"


def test_adopt__with_a_hypothesis_of_a_sprint__runs_to_the_sprints_end(
    unplanned: Campaign, sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    hypothesis = Hypothesis.objects.get()
    adopt_campaign("spring-sale", values={**ADOPTION, "hypothesis": hypothesis.pk}, by=marketer, at=at)
    unplanned.refresh_from_db()
    assert (unplanned.hypothesis, unplanned.runs_until) == (hypothesis, sprint.ends_on)


def test_adopt__with_a_last_day_of_its_own__runs_to_it(
    unplanned: Campaign, marketer: Actor, at: datetime
) -> None:
    adopt_campaign("spring-sale", values={**ADOPTION, "runs_until": TODAY}, by=marketer, at=at)
    assert Campaign.objects.get().runs_until == TODAY


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, {"budget": "required", "kill_criteria": "required"}),
        ({**ADOPTION, "kill_criteria": []}, {"kill_criteria": "criteria_missing"}),
        ({**ADOPTION, "budget": Decimal("199.99")}, {"kill_criteria.0.guards.spend": "guard_beyond_budget"}),
        ({**ADOPTION, "budget": Decimal("0.001")}, {"budget": "too_precise"}),
        ({**ADOPTION, "hypothesis": 0}, {"hypothesis": "unknown_hypothesis"}),
        ({**ADOPTION, "runs_until": TODAY - timedelta(days=1)}, {"runs_until": "in_the_past"}),
        ({**ADOPTION, "name": "Summer"}, {"name": "unknown_field"}),
    ],
)
def test_adopt__what_can_never_be_right__is_named_and_changes_nothing(
    values: dict[str, Any],
    refused: dict[str, str],
    unplanned: Campaign,
    marketer: Actor,
    at: datetime,
) -> None:
    with pytest.raises(Invalid) as refusal:
        adopt_campaign("spring-sale", values=values, by=marketer, at=at)
    assert codes(refusal.value) == refused
    assert not KillCriterion.objects.exists()
    assert not Transfer.objects.exists()


def test_adopt__hypothesis_without_a_target__cannot_judge_a_single_arm(
    unplanned: Campaign, marketer: Actor, at: datetime
) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user, target=None)
    with pytest.raises(Invalid) as refusal:
        adopt_campaign("spring-sale", values={**ADOPTION, "hypothesis": hypothesis.pk}, by=marketer, at=at)
    assert codes(refusal.value) == {"target": "target_missing"}


def test_adopt__twice_or_a_planned_one_or_a_draft__is_refused(
    unplanned: Campaign, sprint: Sprint, marketer: Actor, at: datetime
) -> None:
    adopt_campaign("spring-sale", values=ADOPTION, by=marketer, at=at)
    for key in ("spring-sale", "first-video"):
        with pytest.raises(Refused) as refusal:
            adopt_campaign(key, values=ADOPTION, by=marketer, at=at)
        assert refusal.value.code == "already_planned"
    make_draft(marketer, None, "draft", at=at)
    with pytest.raises(InvalidTransition):
        adopt_campaign("draft", values=ADOPTION, by=marketer, at=at)
