"""What a hypothesis must say, and until when it may change."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus, HypothesisStatus
from experiments.exceptions import Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Campaign, Hypothesis
from experiments.services.hypotheses import archive_hypothesis, change_hypothesis, create_hypothesis
from sprints.services.planning import commit_hypothesis, release_hypothesis
from tests.factories import hypothesis_values, make_actor, make_campaign, make_draft, make_member, make_sprint
from tests.planning.refusals import codes
from workspaces.choices import EventKind, Role
from workspaces.models import Event
from workspaces.permissions import Actor


def refused_fields(by: Actor, at: datetime, **changes: Any) -> dict[str | None, str]:
    """The code by field with which a hypothesis is refused that is right but for these values."""
    with pytest.raises(Invalid) as refusal:
        create_hypothesis(values=hypothesis_values(**changes), by=by, at=at)
    return codes(refusal.value)


def test_hypothesis__all_fields_given__keeps_them_and_waits_in_the_backlog(
    marketer: Actor, at: datetime
) -> None:
    owner = make_member(marketer.workspace, email="mia@example.com").user
    parent = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    hypothesis = create_hypothesis(
        values={
            "title": "Founder video beats studio video",
            "change": "a founder filmed on a phone",
            "audience": "cold, 25-44",
            "expected_effect": "lower cost per lead",
            "because": "sales calls praise candour",
            "kind": "creative_angle",
            "buyer_stage": "awareness",
            "driver": "trust",
            "persona": "Owner of a small firm",
            "objection": "Is this for firms like mine?",
            "owner": "MIA@example.com",
            "primary_metric": "ctr",
            "outcome_metric": "cost_per_sales_qualified_lead",
            "target": Decimal("0.012"),
            "mde_relative": 0.25,
            "guardrail_metrics": ["cpm", "cpc"],
            "impact": 7,
            "confidence": 6,
            "ease": 8,
            "predicted_success": 0.4,
            "parent": parent.pk,
        },
        by=marketer,
        at=at,
    )
    hypothesis.refresh_from_db()
    assert hypothesis.status == HypothesisStatus.BACKLOG
    assert hypothesis.owner == owner
    assert hypothesis.parent == parent
    assert hypothesis.target == Decimal("0.012")
    assert hypothesis.mde_relative == 0.25
    assert hypothesis.guardrail_metrics == ["cpm", "cpc"]
    assert (hypothesis.impact, hypothesis.confidence, hypothesis.ease) == (7, 6, 8)
    assert hypothesis.predicted_success == 0.4
    assert hypothesis.created_at == at
    told = Event.objects.get(kind=EventKind.HYPOTHESIS_CREATED, subject_id=str(hypothesis.pk))
    assert told.data["title"] == "Founder video beats studio video"


def test_hypothesis__optional_fields_left_out__is_written_with_the_usual_smallest_effect(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(target=None), by=marketer, at=at)
    assert hypothesis.owner is None
    assert hypothesis.target is None
    assert hypothesis.mde_relative == 0.2
    assert hypothesis.guardrail_metrics == []
    assert hypothesis.ice is None


def test_hypothesis__nothing_given__names_every_required_field_at_once(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        create_hypothesis(values={}, by=marketer, at=at)
    assert codes(refusal.value) == dict.fromkeys(
        [
            "title",
            "change",
            "audience",
            "expected_effect",
            "because",
            "kind",
            "buyer_stage",
            "driver",
            "primary_metric",
        ],
        "required",
    )
    assert not Hypothesis.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "   ", "required"),
        ("title", "x" * 301, "too_long"),
        ("title", "a\x00b", "nul_character"),
        ("title", 7, "not_a_text"),
        ("title", "half \ud83d of a character", "not_a_text"),
        ("because", "x" * 1001, "too_long"),
        ("objection", "x" * 501, "too_long"),
        ("kind", "jingle", "unknown_choice"),
        ("buyer_stage", "lunch", "unknown_choice"),
        ("driver", ["pain"], "unknown_choice"),
        ("primary_metric", "likes", "unknown_metric"),
        ("primary_metric", {}, "unknown_metric"),
        ("outcome_metric", "ctr", "not_an_outcome"),
        ("guardrail_metrics", "ctr", "not_a_list"),
        ("guardrail_metrics", ["ctr"] * 11, "too_many"),
        ("target", Decimal(0), "not_positive"),
        ("target", Decimal(-1), "not_positive"),
        ("target", Decimal("NaN"), "not_a_number"),
        ("target", Decimal("Infinity"), "not_a_number"),
        ("target", "forty", "not_a_number"),
        ("target", True, "not_a_number"),
        ("target", Decimal("0.0000001"), "too_precise"),
        ("target", Decimal("1e30"), "out_of_range"),
        ("mde_relative", 0, "out_of_range"),
        ("mde_relative", 5.01, "out_of_range"),
        ("mde_relative", float("nan"), "out_of_range"),
        ("impact", 0, "out_of_range"),
        ("confidence", 11, "out_of_range"),
        ("ease", 7.5, "out_of_range"),
        ("predicted_success", -0.1, "out_of_range"),
        ("predicted_success", 40, "out_of_range"),
        ("owner", "nobody@example.com", "unknown_member"),
        ("owner", 3, "not_a_text"),
        ("parent", 10**30, "unknown_hypothesis"),
        ("parent", "first", "unknown_hypothesis"),
        ("headline", "x", "unknown_field"),
        ("\ud83d", "x", "unknown_field"),
    ],
)
def test_hypothesis__one_field_wrong__is_refused_by_name(
    field: str, value: object, code: str, marketer: Actor, at: datetime
) -> None:
    shown = field.encode(errors="replace").decode()
    assert refused_fields(marketer, at, **{field: value}) == {shown: code}


def test_hypothesis__several_fields_wrong__names_them_all(marketer: Actor, at: datetime) -> None:
    assert refused_fields(marketer, at, kind="jingle", impact=11, target=Decimal(0)) == {
        "kind": "unknown_choice",
        "impact": "out_of_range",
        "target": "not_positive",
    }


def test_hypothesis__unknown_choice__is_told_what_would_be_right(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="awareness, consideration, intent or purchase"):
        create_hypothesis(values=hypothesis_values(buyer_stage="lunch"), by=marketer, at=at)


@pytest.mark.parametrize("metric", ["ctr", "cvr", "open_rate"])
def test_hypothesis__percent_where_a_fraction_is_meant__is_refused_with_the_hint(
    metric: str, marketer: Actor, at: datetime
) -> None:
    values = hypothesis_values(primary_metric=metric, outcome_metric="cac", target=Decimal(1))
    with pytest.raises(Invalid, match=r"1% is 0\.01") as refusal:
        create_hypothesis(values=values, by=marketer, at=at)
    assert codes(refusal.value) == {"target": "not_a_fraction"}


@pytest.mark.parametrize("metric", ["ctr", "cpl", "aov"])
def test_hypothesis__vanity_or_proxy_metric_alone__is_asked_for_the_outcome(
    metric: str, marketer: Actor, at: datetime
) -> None:
    assert refused_fields(marketer, at, primary_metric=metric, target=None) == {
        "outcome_metric": "outcome_metric_missing"
    }


def test_hypothesis__unknown_guardrail_and_the_primary_metric_as_one__names_their_places(
    marketer: Actor, at: datetime
) -> None:
    assert refused_fields(marketer, at, guardrail_metrics=["cpm", "likes", "cpa"]) == {
        "guardrail_metrics.1": "unknown_metric",
        "guardrail_metrics.2": "guardrail_is_primary",
    }


def test_hypothesis__owner_who_may_only_look__is_refused(marketer: Actor, at: datetime) -> None:
    make_member(marketer.workspace, Role.VIEWER, email="vic@example.com")
    assert refused_fields(marketer, at, owner="vic@example.com") == {"owner": "owner_cannot_plan"}


def test_hypothesis__owner_or_parent_of_another_workspace__does_not_exist(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    theirs = create_hypothesis(values=hypothesis_values(), by=stranger, at=at)
    assert refused_fields(marketer, at, owner=stranger.user, parent=theirs.pk) == {
        "owner": "unknown_member",
        "parent": "unknown_hypothesis",
    }


def test_hypothesis__changed_in_the_backlog__says_before_and_after(marketer: Actor, at: datetime) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    changed = change_hypothesis(
        hypothesis.pk, values={"audience": "warm", "owner": marketer.user}, by=marketer, at=at
    )
    assert (changed.audience, changed.owner) == ("warm", marketer.user)
    told = Event.objects.get(kind=EventKind.HYPOTHESIS_CHANGED)
    assert told.data["before"] == {"audience": hypothesis.audience, "owner": None}
    assert told.data["after"] == {"audience": "warm", "owner": "marketer@pilots.example"}


def test_hypothesis__changed_to_what_it_is__tells_nobody(marketer: Actor, at: datetime) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    change_hypothesis(hypothesis.pk, values={"title": hypothesis.title}, by=marketer, at=at)
    assert not Event.objects.filter(kind=EventKind.HYPOTHESIS_CHANGED).exists()


def test_hypothesis__metric_changed_so_that_the_target_fits_no_more__is_refused(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(target=Decimal(40)), by=marketer, at=at)
    with pytest.raises(Invalid) as refusal:
        change_hypothesis(
            hypothesis.pk, values={"primary_metric": "ctr", "outcome_metric": "cpa"}, by=marketer, at=at
        )
    assert codes(refusal.value) == {"target": "not_a_fraction"}
    hypothesis.refresh_from_db()
    assert hypothesis.primary_metric == "cpa"


def test_hypothesis__made_its_own_descendant__is_refused(marketer: Actor, at: datetime) -> None:
    first = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    second = create_hypothesis(values=hypothesis_values(parent=first.pk), by=marketer, at=at)
    third = create_hypothesis(values=hypothesis_values(parent=second.pk), by=marketer, at=at)
    for parent in (first, third):
        with pytest.raises(Invalid) as refusal:
            change_hypothesis(first.pk, values={"parent": parent.pk}, by=marketer, at=at)
        assert codes(refusal.value) == {"parent": "own_ancestor"}


def test_hypothesis__committed__changes_no_more_until_it_is_released(marketer: Actor, at: datetime) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(owner=marketer.user), by=marketer, at=at)
    sprint = make_sprint(marketer, at=at)
    commit_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        change_hypothesis(hypothesis.pk, values={"title": "Another"}, by=marketer, at=at)
    assert refusal.value.code == "already_committed"
    release_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    assert (
        change_hypothesis(hypothesis.pk, values={"title": "Another"}, by=marketer, at=at).title == "Another"
    )


def test_hypothesis__of_another_workspace__is_not_found(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    theirs = create_hypothesis(values=hypothesis_values(), by=stranger, at=at)
    with pytest.raises(NotFound):
        change_hypothesis(theirs.pk, values={"title": "Ours"}, by=marketer, at=at)
    with pytest.raises(NotFound):
        archive_hypothesis(theirs.pk, by=marketer, at=at)


def test_hypothesis__archived__takes_its_drafts_along_and_is_over(marketer: Actor, at: datetime) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    make_draft(marketer, hypothesis, "founder-video", at=at)
    archive_hypothesis(hypothesis.pk, by=marketer, at=at)
    assert Campaign.objects.get().status == CampaignStatus.DISCARDED
    with pytest.raises(InvalidTransition):
        archive_hypothesis(hypothesis.pk, by=marketer, at=at)
    with pytest.raises(InvalidTransition):
        change_hypothesis(hypothesis.pk, values={"title": "Another"}, by=marketer, at=at)


def test_hypothesis__with_an_adopted_campaign_that_runs__is_not_archived(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(), by=marketer, at=at)
    make_campaign(marketer.workspace, "spring-sale", hypothesis=hypothesis)
    with pytest.raises(Refused, match="spring-sale") as refusal:
        archive_hypothesis(hypothesis.pk, by=marketer, at=at)
    assert refusal.value.code == "campaigns_unfinished"


def test_hypothesis__owner_in_another_spelling__is_the_same_person(marketer: Actor, at: datetime) -> None:
    anna = make_actor(marketer.workspace, Role.MANAGER, email="anna@example.com")
    hypothesis = create_hypothesis(values=hypothesis_values(owner=" Anna@Example.com "), by=marketer, at=at)
    assert hypothesis.owner == anna.user
