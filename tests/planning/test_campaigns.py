"""A campaign from its launch to its end."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import ArmStatus, CampaignStatus, WatchState, ZombieSignal, ZombieState
from experiments.exceptions import CampaignNotReady, Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Campaign, CriterionWatch, KillCriterion, ZombieFlag
from experiments.models.criterion import criteria_digest
from experiments.services.campaigns import (
    complete_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
    start_campaign,
    stop_arm,
)
from tests.factories import criterion_values, make_campaign, make_draft, make_hypothesis
from tests.planning.breaches import break_rule
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

LAST_DAY = date(2026, 11, 23)


def started(by: Actor, at: datetime, **changes: Any) -> Campaign:
    """The founder-video campaign, live."""
    hypothesis = make_hypothesis(by.workspace, owner=by.user)
    make_draft(by, hypothesis, at=at, **changes)
    return start_campaign("founder-video", runs_until=LAST_DAY, by=by, at=at)


def arms(*keys: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "name": key.upper(), "is_control": key == "a", "planned_share": 1 / len(keys)}
        for key in keys
    ]


def told(kind: EventKind) -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(kind=kind).order_by("id")]


# Launch


def test_start__complete_draft__is_live_until_the_given_day(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    campaign = Campaign.objects.get()
    assert campaign.status == CampaignStatus.LIVE
    assert campaign.launched_at == at
    assert campaign.starts_on == date(2026, 11, 19)
    assert campaign.runs_until == LAST_DAY
    (data,) = told(EventKind.CAMPAIGN_LAUNCHED)
    assert (data["campaign"], data["budget"]) == ("founder-video", "2500.00")


def test_start__freezes_the_criteria_and_stores_their_digest(marketer: Actor, at: datetime) -> None:
    started(marketer, at, kill_criteria=[criterion_values(), criterion_values(metric="cvr")])
    campaign = Campaign.objects.get()
    assert set(KillCriterion.objects.values_list("frozen_at", flat=True)) == {at}
    assert campaign.criteria_digest == criteria_digest(campaign.kill_criteria.order_by("position"))
    assert len(campaign.criteria_digest) == 64
    assert not campaign.amended


def test_start__begins_a_watch_for_the_campaign_or_for_each_arm(marketer: Actor, at: datetime) -> None:
    rules = [criterion_values(), criterion_values(level="arm", metric="cvr")]
    started(marketer, at, arms=arms("a", "b", "c"), kill_criteria=rules)
    watches = CriterionWatch.objects.order_by("criterion__position", "arm__position")
    assert [
        (watch.criterion.position, watch.arm.key if watch.arm else None, watch.state) for watch in watches
    ] == [
        (1, None, WatchState.WAITING),
        (2, "a", WatchState.WAITING),
        (2, "b", WatchState.WAITING),
        (2, "c", WatchState.WAITING),
    ]


def test_start__incomplete_draft__names_everything_and_changes_nothing(marketer: Actor, at: datetime) -> None:
    make_draft(marketer, None, at=at, budget=None, kill_criteria=[])
    with pytest.raises(CampaignNotReady) as refusal:
        start_campaign("founder-video", runs_until=LAST_DAY, by=marketer, at=at)
    assert codes(refusal.value) == {
        "hypothesis": "hypothesis_missing",
        "budget": "budget_missing",
        "kill_criteria": "criteria_missing",
    }
    assert Campaign.objects.get().status == CampaignStatus.DRAFT


def test_start__paused_campaign__is_not_launched_a_second_time(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    pause_campaign("founder-video", reason="Too dear", by=marketer, at=at)
    with pytest.raises(InvalidTransition):
        start_campaign("founder-video", runs_until=LAST_DAY, by=marketer, at=at + timedelta(days=1))
    assert Campaign.objects.get().launched_at == at


# Pause and resume


def test_pause__then_resume__goes_on_as_before(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    paused = pause_campaign("founder-video", reason="Landing page is down", by=marketer, at=at)
    assert (paused.status, paused.paused_at, paused.stop_reason) == ("paused", at, "Landing page is down")
    resume_campaign("founder-video", by=marketer, at=at)
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.paused_at, campaign.stop_reason) == ("live", None, "")
    assert [data["reason"] for data in told(EventKind.CAMPAIGN_PAUSED)] == ["Landing page is down"]
    assert len(told(EventKind.CAMPAIGN_RESUMED)) == 1


def test_resume__campaign_that_was_scaled__is_scaled_again(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    scale_campaign("founder-video", by=marketer, at=at)
    pause_campaign("founder-video", reason="", by=marketer, at=at)
    assert resume_campaign("founder-video", by=marketer, at=at).status == CampaignStatus.SCALED


def test_resume__with_an_open_breach__is_refused_and_says_who_can_overrule(
    marketer: Actor, at: datetime
) -> None:
    campaign = started(marketer, at)
    breach = break_rule(campaign, at=at)
    pause_campaign("founder-video", reason=breach.rule, by=Actor.quickno(marketer.workspace), at=at)
    with pytest.raises(Refused, match="A manager can overrule it") as refusal:
        resume_campaign("founder-video", by=marketer, at=at)
    assert refusal.value.code == "open_breach"
    assert breach.rule in refusal.value.message
    assert Campaign.objects.get().status == CampaignStatus.PAUSED


def test_pause__reason_too_long_or_with_a_nul__is_refused(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    for reason, code in (("x" * 501, "too_long"), ("a\x00", "nul_character")):
        with pytest.raises(Invalid) as refusal:
            pause_campaign("founder-video", reason=reason, by=marketer, at=at)
        assert codes(refusal.value) == {"reason": code}


# Ends


def test_kill__settles_the_open_breaches_and_tells(marketer: Actor, at: datetime) -> None:
    campaign = started(marketer, at)
    breach = break_rule(campaign, at=at)
    kill_campaign("founder-video", reason="A quick no", by=marketer, at=at + timedelta(hours=1))
    breach.refresh_from_db()
    assert (breach.closed_as, breach.closed_at, breach.closed_by) == (
        WatchState.SETTLED,
        at + timedelta(hours=1),
        marketer.user,
    )
    assert CriterionWatch.objects.get().state == WatchState.SETTLED
    campaign.refresh_from_db()
    assert (campaign.status, campaign.ended_at, campaign.stop_reason) == (
        CampaignStatus.KILLED,
        at + timedelta(hours=1),
        "A quick no",
    )
    assert [data["rule"] for data in told(EventKind.CRITERION_SETTLED)] == [breach.rule]
    assert [data["reason"] for data in told(EventKind.CAMPAIGN_KILLED)] == ["A quick no"]


def test_kill__resolves_the_zombie_flags_but_not_that_it_is_undead(marketer: Actor, at: datetime) -> None:
    campaign = started(marketer, at)
    for signal in (ZombieSignal.BREACHED, ZombieSignal.OVERSPENT, ZombieSignal.UNDEAD):
        ZombieFlag.objects.create(
            workspace=marketer.workspace, campaign=campaign, signal=signal, since=at, flagged_at=at
        )
    kill_campaign("founder-video", reason="A quick no", by=marketer, at=at)
    states = dict(ZombieFlag.objects.values_list("signal", "state"))
    assert states == {
        ZombieSignal.BREACHED: ZombieState.RESOLVED,
        ZombieSignal.OVERSPENT: ZombieState.RESOLVED,
        ZombieSignal.UNDEAD: ZombieState.OPEN,
    }
    flag = ZombieFlag.objects.get(signal=ZombieSignal.OVERSPENT)
    assert (flag.resolution, flag.resolved_by, flag.resolved_at) == ("killed", marketer.user, at)
    assert [data["signal"] for data in told(EventKind.ZOMBIE_RESOLVED)] == ["breached", "overspent"]


def test_kill__without_a_reason__is_refused(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    with pytest.raises(Invalid) as refusal:
        kill_campaign("founder-video", reason="  ", by=marketer, at=at)
    assert codes(refusal.value) == {"reason": "required"}


def test_complete__settles_the_open_breaches_and_clears_the_flags(marketer: Actor, at: datetime) -> None:
    campaign = started(marketer, at)
    break_rule(campaign, at=at)
    flag = ZombieFlag.objects.create(
        workspace=marketer.workspace,
        campaign=campaign,
        signal=ZombieSignal.BREACHED,
        since=at,
        flagged_at=at,
    )
    complete_campaign("founder-video", by=marketer, at=at)
    campaign.refresh_from_db()
    flag.refresh_from_db()
    assert (campaign.status, campaign.ended_at) == (CampaignStatus.COMPLETED, at)
    assert not campaign.breaches.open().exists()
    assert (flag.state, flag.resolution) == (ZombieState.RESOLVED, "cleared")


def test_scale__paused_campaign__spends_again(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    pause_campaign("founder-video", reason="Waiting", by=marketer, at=at)
    scale_campaign("founder-video", by=marketer, at=at)
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.scaled_at, campaign.paused_at, campaign.stop_reason) == (
        CampaignStatus.SCALED,
        at,
        None,
        "",
    )
    assert len(told(EventKind.CAMPAIGN_SCALED)) == 1


def test_scale__with_an_open_breach__is_refused(marketer: Actor, at: datetime) -> None:
    break_rule(started(marketer, at), at=at)
    with pytest.raises(Refused) as refusal:
        scale_campaign("founder-video", by=marketer, at=at)
    assert refusal.value.code == "open_breach"
    assert Campaign.objects.get().status == CampaignStatus.LIVE


def test_discard__draft__is_over_and_told(marketer: Actor, at: datetime) -> None:
    make_draft(marketer, None, at=at)
    discard_campaign("founder-video", reason="Thought better of it", by=marketer, at=at)
    assert Campaign.objects.get().status == CampaignStatus.DISCARDED
    assert [data["reason"] for data in told(EventKind.CAMPAIGN_DISCARDED)] == ["Thought better of it"]


# Arms


def test_stop_arm__one_of_two_treatments__leaves_the_campaign_running(marketer: Actor, at: datetime) -> None:
    started(marketer, at, arms=arms("a", "b", "c"))
    arm = stop_arm("founder-video", "b", reason="Nobody clicks", by=marketer, at=at)
    assert (arm.status, arm.stopped_at, arm.stop_reason) == (ArmStatus.STOPPED, at, "Nobody clicks")
    assert Campaign.objects.get().status == CampaignStatus.LIVE
    assert [data["arm"] for data in told(EventKind.ARM_STOPPED)] == ["b"]


@pytest.mark.parametrize(
    ("keys", "stopped", "why"),
    [
        ("abc", "a", "control"),
        ("ab", "b", "last treatment"),
        ("abc", "bc", "last treatment"),
        ("b", "b", "last treatment"),
    ],
)
def test_stop_arm__control_or_last_treatment__pauses_the_campaign(
    keys: str, stopped: str, why: str, marketer: Actor, at: datetime
) -> None:
    started(marketer, at, arms=arms(*keys))
    for key in stopped:
        stop_arm("founder-video", key, reason="", by=marketer, at=at)
    campaign = Campaign.objects.get()
    assert campaign.status == CampaignStatus.PAUSED
    assert why in campaign.stop_reason
    assert len(told(EventKind.CAMPAIGN_PAUSED)) == 1


def test_stop_arm__of_a_paused_campaign__leaves_it_paused(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    pause_campaign("founder-video", reason="Landing page is down", by=marketer, at=at)
    stop_arm("founder-video", "b", reason="", by=marketer, at=at)
    assert Campaign.objects.get().stop_reason == "Landing page is down"


def test_stop_arm__twice_or_unknown_or_too_early__is_refused(marketer: Actor, at: datetime) -> None:
    make_campaign(marketer.workspace, "draft", status=CampaignStatus.DRAFT)
    started(marketer, at, arms=arms("a", "b", "c"))
    stop_arm("founder-video", "b", reason="", by=marketer, at=at)
    with pytest.raises(InvalidTransition):
        stop_arm("founder-video", "b", reason="", by=marketer, at=at)
    with pytest.raises(NotFound):
        stop_arm("founder-video", "z", reason="", by=marketer, at=at)
    with pytest.raises(InvalidTransition):
        stop_arm("draft", "a", reason="", by=marketer, at=at)


def test_stop_arm__whose_rule_is_broken__settles_it_while_the_others_go_on(
    marketer: Actor, at: datetime
) -> None:
    campaign = started(marketer, at, arms=arms("a", "b", "c"), kill_criteria=[criterion_values(level="arm")])
    breach = break_rule(campaign, arm="b", at=at)
    other = break_rule(campaign, arm="c", at=at)
    stop_arm("founder-video", "b", reason=breach.rule, by=Actor.quickno(marketer.workspace), at=at)
    breach.refresh_from_db()
    other.refresh_from_db()
    assert breach.closed_as == WatchState.SETTLED
    assert other.closed_at is None


def test_stop_arm__whose_rule_is_broken_and_pauses_the_campaign__leaves_it_to_a_person(
    marketer: Actor, at: datetime
) -> None:
    campaign = started(marketer, at, kill_criteria=[criterion_values(level="arm")])
    breach = break_rule(campaign, arm="b", at=at)
    stop_arm("founder-video", "b", reason=breach.rule, by=Actor.quickno(marketer.workspace), at=at)
    with pytest.raises(Refused) as refusal:
        resume_campaign("founder-video", by=marketer, at=at)
    assert refusal.value.code == "open_breach"


def test_budget__is_untouched_by_the_start_alone(marketer: Actor, at: datetime) -> None:
    started(marketer, at)
    assert Campaign.objects.get().budget == Decimal(0)
