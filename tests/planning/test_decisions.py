"""The review: what is suggested, what is decided, and what that does."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from experiments.choices import CampaignStatus, HypothesisStatus
from experiments.exceptions import Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import kill_campaign, pause_campaign, scale_campaign
from sprints.choices import CommitmentState, SprintStatus
from sprints.models import Commitment, Decision, Sprint
from sprints.services.decisions import decide
from sprints.services.planning import (
    cancel_sprint,
    change_sprint,
    close_sprint,
    open_review,
    release_hypothesis,
    start_sprint,
)
from tests.factories import make_draft, make_hypothesis, make_running_sprint, make_sprint
from tests.planning.breaches import break_rule
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

LEARNING = "Candour sells, polish does not."


def running(by: Actor, at: datetime, *keys: str, **hypothesis_changes: Any) -> tuple[Sprint, Hypothesis]:
    sprint = make_running_sprint(by, *keys, at=at, **hypothesis_changes)
    return sprint, Hypothesis.objects.order_by("id")[0]


def decided(hypothesis: Hypothesis, decision: str, *, by: Actor, at: datetime, **changes: Any) -> Decision:
    values = {"decision": decision, "moved_the_business": True, "learning": LEARNING, **changes}
    return decide(hypothesis.pk, by=by, at=at, **values)


def told(kind: EventKind) -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(kind=kind).order_by("id")]


def test_decision__keeps_who_decided_what_and_ends_the_commitment(marketer: Actor, at: datetime) -> None:
    sprint, hypothesis = running(marketer, at)
    later = at + timedelta(days=4)
    decided(hypothesis, "scale", by=marketer, at=later, moved_the_business=False)
    decision = Decision.objects.get()
    assert (decision.sprint, decision.decided_by, decision.decided_at) == (sprint, marketer.user, later)
    assert (decision.decision, decision.moved_the_business, decision.learning) == ("scale", False, LEARNING)
    assert decision.evidence["founder-video"]["code"] == "insufficient"
    assert not decision.vanity_win
    hypothesis.refresh_from_db()
    assert (hypothesis.status, hypothesis.decided_at) == (HypothesisStatus.DECIDED, later)
    assert Commitment.objects.get().state == CommitmentState.DECIDED
    (data,) = told(EventKind.HYPOTHESIS_DECIDED)
    assert (data["decision"], data["suggested"], data["learning"]) == ("scale", "inconclusive", LEARNING)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"decision": "shrug"}, {"decision": "unknown_choice"}),
        ({"decision": None}, {"decision": "required"}),
        ({"learning": " \n "}, {"learning": "required"}),
        ({"learning": "x" * 5001}, {"learning": "too_long"}),
        ({"learning": "\x00"}, {"learning": "nul_character"}),
        ({"moved_the_business": None}, {"moved_the_business": "required"}),
        ({"moved_the_business": "yes"}, {"moved_the_business": "required"}),
        ({"child": {"title": "Next"}}, {"child": "child_without_evolving"}),
        ({"carry_to": 1}, {"carry_to": "carried_though_decided"}),
        (
            {"learning": "", "moved_the_business": None},
            {"learning": "required", "moved_the_business": "required"},
        ),
    ],
)
def test_decision__that_can_never_be_right__is_named_and_changes_nothing(
    changes: dict[str, Any], refused: dict[str, str], marketer: Actor, at: datetime
) -> None:
    _, hypothesis = running(marketer, at)
    with pytest.raises(Invalid) as refusal:
        decided(hypothesis, **{"decision": "kill", **changes}, by=marketer, at=at)
    assert codes(refusal.value) == refused
    assert Campaign.objects.get().status == CampaignStatus.LIVE
    assert not Decision.objects.exists()


def test_decision__outside_a_sprint_that_runs_or_is_in_review__is_refused(
    marketer: Actor, at: datetime
) -> None:
    waiting = make_hypothesis(marketer.workspace, owner=marketer.user)
    with pytest.raises(InvalidTransition, match="backlog"):
        decided(waiting, "kill", by=marketer, at=at)
    make_sprint(marketer, waiting, at=at)
    with pytest.raises(InvalidTransition, match="planning"):
        decided(waiting, "kill", by=marketer, at=at)


def test_decision__twice__is_refused(marketer: Actor, at: datetime) -> None:
    _, hypothesis = running(marketer, at)
    decided(hypothesis, "kill", by=marketer, at=at)
    with pytest.raises(InvalidTransition):
        decided(hypothesis, "scale", by=marketer, at=at)
    assert Decision.objects.count() == 1


def test_decision__of_every_hypothesis__lets_the_sprint_close(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "one", "two", at=at)
    open_review(sprint.pk, by=marketer, at=at)
    for hypothesis in Hypothesis.objects.all():
        decided(hypothesis, "kill", by=marketer, at=at)
    assert close_sprint(sprint.pk, by=marketer, at=at).status == SprintStatus.CLOSED


# What a decision does


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ("scale", CampaignStatus.SCALED),
        ("kill", CampaignStatus.KILLED),
        ("evolve", CampaignStatus.COMPLETED),
        ("inconclusive", CampaignStatus.COMPLETED),
    ],
)
def test_decision__acts_on_live_and_paused_campaigns_and_discards_drafts(
    decision: str, status: CampaignStatus, marketer: Actor, at: datetime
) -> None:
    _, hypothesis = running(marketer, at)
    for key in ("paused", "killed", "draft"):
        make_draft(marketer, hypothesis, key, at=at)
    launched = Campaign.objects.filter(key__in=["paused", "killed"])
    launched.update(status="live", launched_at=at)
    pause_campaign("paused", reason="Waiting", by=marketer, at=at)
    kill_campaign("killed", reason="Too dear", by=marketer, at=at)
    decided(hypothesis, decision, by=marketer, at=at)
    assert dict(Campaign.objects.values_list("key", "status")) == {
        "founder-video": status,
        "paused": status,
        "killed": CampaignStatus.KILLED,
        "draft": CampaignStatus.DISCARDED,
    }
    assert Campaign.objects.get(key="killed").stop_reason == "Too dear"


def test_scale__campaign_that_was_scaled_before__stays_scaled(marketer: Actor, at: datetime) -> None:
    _, hypothesis = running(marketer, at)
    scale_campaign("founder-video", by=marketer, at=at)
    decided(hypothesis, "scale", by=marketer, at=at + timedelta(hours=1))
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.scaled_at) == (CampaignStatus.SCALED, at)


def test_scale__campaign_with_an_open_breach__is_refused_and_nothing_is_decided(
    marketer: Actor, at: datetime
) -> None:
    _, hypothesis = running(marketer, at)
    break_rule(Campaign.objects.get(), at=at)
    with pytest.raises(Refused) as refusal:
        decided(hypothesis, "scale", by=marketer, at=at)
    assert refusal.value.code == "open_breach"
    hypothesis.refresh_from_db()
    assert hypothesis.status == HypothesisStatus.COMMITTED
    assert not Decision.objects.exists()


def test_scale__nothing_runs_any_more__is_refused(marketer: Actor, at: datetime) -> None:
    _, hypothesis = running(marketer, at)
    kill_campaign("founder-video", reason="Nobody clicks", by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        decided(hypothesis, "scale", by=marketer, at=at)
    assert refusal.value.code == "nothing_to_scale"


def test_kill__gives_its_campaigns_the_learning_as_their_reason(marketer: Actor, at: datetime) -> None:
    _, hypothesis = running(marketer, at)
    decided(hypothesis, "kill", by=marketer, at=at, learning="x" * 600)
    reason = Campaign.objects.get().stop_reason
    assert (len(reason), reason[-2:]) == (500, "x…")


def test_evolve__puts_a_child_with_the_parents_fields_into_the_backlog(marketer: Actor, at: datetime) -> None:
    _, parent = running(marketer, at, persona="Owner of a small firm", predicted_success=0.4)
    decision = decided(
        parent, "evolve", by=marketer, at=at, child={"title": "Founder in the car", "impact": 9}
    )
    child = decision.child
    assert child is not None
    child.refresh_from_db()
    assert (child.parent, child.status, child.title, child.impact) == (
        parent,
        HypothesisStatus.BACKLOG,
        "Founder in the car",
        9,
    )
    assert (child.persona, child.owner, child.target) == (parent.persona, parent.owner, parent.target)
    assert child.predicted_success is None


def test_evolve__without_a_word_on_the_child__repeats_the_parent(marketer: Actor, at: datetime) -> None:
    _, parent = running(marketer, at)
    decided(parent, "evolve", by=marketer, at=at)
    assert Hypothesis.objects.in_backlog().get().title == parent.title


def test_evolve__child_that_can_never_be_right__is_refused_under_its_name(
    marketer: Actor, at: datetime
) -> None:
    _, parent = running(marketer, at)
    with pytest.raises(Invalid) as refusal:
        decided(parent, "evolve", by=marketer, at=at, child={"title": "", "mde_relative": 9})
    assert codes(refusal.value) == {"child.title": "required", "child.mde_relative": "out_of_range"}
    parent.refresh_from_db()
    assert parent.status == HypothesisStatus.COMMITTED


# Carrying over


def test_carry__goes_on_in_the_next_sprint_with_its_campaigns(marketer: Actor, at: datetime) -> None:
    sprint, hypothesis = running(marketer, at)
    make_draft(marketer, hypothesis, "second", at=at)
    following = make_sprint(marketer, at=at, starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 27))
    decision = decided(hypothesis, "inconclusive", by=marketer, at=at, carry_to=following.pk)
    assert (decision.sprint, decision.carry_to) == (sprint, following)
    hypothesis.refresh_from_db()
    assert (hypothesis.status, hypothesis.decide_by) == (HypothesisStatus.COMMITTED, following.ends_on)
    assert list(Commitment.objects.order_by("id").values_list("sprint", "state")) == [
        (sprint.pk, CommitmentState.CARRIED),
        (following.pk, CommitmentState.ACTIVE),
    ]
    assert list(Campaign.objects.order_by("id").values_list("key", "status", "runs_until")) == [
        ("founder-video", CampaignStatus.LIVE, following.ends_on),
        ("second", CampaignStatus.DRAFT, None),
    ]
    assert [data["carry_to"] for data in told(EventKind.HYPOTHESIS_CARRIED)] == [following.number]
    assert not told(EventKind.HYPOTHESIS_DECIDED)


def test_carry__lets_the_sprint_close_and_the_next_start_and_decide(marketer: Actor, at: datetime) -> None:
    sprint, hypothesis = running(marketer, at)
    following = make_sprint(marketer, at=at)
    open_review(sprint.pk, by=marketer, at=at)
    decided(hypothesis, "inconclusive", by=marketer, at=at, carry_to=following.pk)
    close_sprint(sprint.pk, by=marketer, at=at)
    change_sprint(following.pk, values={"ends_on": date(2026, 11, 25)}, by=marketer, at=at)
    hypothesis.refresh_from_db()
    assert hypothesis.decide_by == Campaign.objects.get().runs_until == date(2026, 11, 25)
    start_sprint(following.pk, by=marketer, at=at)
    decided(hypothesis, "kill", by=marketer, at=at)
    assert list(Decision.objects.order_by("id").values_list("decision", flat=True)) == [
        "inconclusive",
        "kill",
    ]


def test_carry__to_a_sprint_that_is_full_or_not_in_planning__is_refused(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    sprint, hypothesis = running(marketer, at)
    others = [make_hypothesis(marketer.workspace, f"Idea {n}", owner=marketer.user) for n in range(3)]
    full = make_sprint(marketer, *others, at=at)
    cancelled = cancel_sprint(make_sprint(marketer, at=at).pk, by=marketer, at=at)
    for target, code in (
        (full, "sprint_full"),
        (cancelled, "sprint_not_in_planning"),
        (sprint, "sprint_not_in_planning"),
    ):
        with pytest.raises(Refused) as refusal:
            decided(hypothesis, "inconclusive", by=marketer, at=at, carry_to=target.pk)
        assert refusal.value.code == code
    theirs = make_sprint(stranger, at=at)
    with pytest.raises(NotFound):
        decided(hypothesis, "inconclusive", by=marketer, at=at, carry_to=theirs.pk)
    assert Commitment.objects.active().get(hypothesis=hypothesis).sprint == sprint


def test_carried__hypothesis_whose_campaign_runs__is_not_released(marketer: Actor, at: datetime) -> None:
    _, hypothesis = running(marketer, at)
    following = make_sprint(marketer, at=at)
    decided(hypothesis, "inconclusive", by=marketer, at=at, carry_to=following.pk)
    with pytest.raises(Refused, match="founder-video") as refusal:
        release_hypothesis(following.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    assert refusal.value.code == "campaigns_unfinished"
    with pytest.raises(Refused):
        cancel_sprint(following.pk, by=marketer, at=at)
    kill_campaign("founder-video", reason="Over", by=marketer, at=at)
    cancel_sprint(following.pk, by=marketer, at=at)
    hypothesis.refresh_from_db()
    assert (hypothesis.status, hypothesis.decide_by) == (HypothesisStatus.BACKLOG, None)
