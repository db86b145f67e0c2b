"""After the launch: amendments for ever visible, overrules by name and for a while."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import ArmStatus, CampaignStatus, WatchState
from experiments.exceptions import Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Amendment, Campaign, CriterionWatch, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.services.campaigns import kill_campaign, resume_campaign, stop_arm
from experiments.services.campaigns import pause_campaign as pause
from experiments.services.criteria import amend_criteria, overrule_breach
from sprints.services.planning import start_sprint
from tests.factories import (
    criterion_values,
    make_campaign,
    make_draft,
    make_hypothesis,
    make_sprint,
)
from tests.planning.breaches import break_rule
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

TODAY = date(2026, 11, 19)
MILDER = criterion_values(threshold=Decimal("0.004"))


def arms(*keys: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "name": key.upper(), "is_control": key == "a", "planned_share": 1 / len(keys)}
        for key in keys
    ]


@pytest.fixture
def launch(marketer: Actor, at: datetime) -> Callable[..., Campaign]:
    """Launch the founder-video campaign, complete but for these values."""

    def launched(**changes: Any) -> Campaign:
        hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
        make_draft(marketer, hypothesis, at=at, **changes)
        start_sprint(make_sprint(marketer, hypothesis, at=at).pk, by=marketer, at=at)
        return Campaign.objects.get()

    return launched


# Amendments


def test_amendment__by_a_manager__keeps_before_and_after_for_ever(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    campaign = launch()
    old_digest = campaign.criteria_digest
    later = at + timedelta(hours=2)
    amendment = amend_criteria(
        "founder-video", criteria=[MILDER], reason="Cold audiences click less", by=manager, at=later
    )
    campaign.refresh_from_db()
    old, new = KillCriterion.objects.order_by("id")
    assert campaign.amended
    assert campaign.criteria_digest == criteria_digest([new])
    assert campaign.criteria_digest != old_digest
    assert (old.threshold, old.retired_at) == (Decimal("0.005"), later)
    assert (new.threshold, new.retired_at, new.frozen_at) == (Decimal("0.004"), None, later)
    assert (amendment.by, amendment.reason) == (manager.user, "Cold audiences click less")
    assert (amendment.digest_before, amendment.digest_after) == (old_digest, campaign.criteria_digest)
    assert [rule["threshold"] for rule in amendment.before] == ["0.005"]
    assert [rule["threshold"] for rule in amendment.after] == ["0.004"]
    assert campaign.judge_due_at == later


def test_amendment__begins_new_watches_for_the_arms_that_run(
    launch: Callable[..., Campaign], marketer: Actor, manager: Actor, at: datetime
) -> None:
    launch(arms=arms("a", "b", "c"))
    stop_arm("founder-video", "c", reason="", by=marketer, at=at)
    amend_criteria(
        "founder-video", criteria=[criterion_values(level="arm")], reason="By arm", by=manager, at=at
    )
    watches = CriterionWatch.objects.filter(criterion__retired_at=None)
    assert [watch.arm and watch.arm.key for watch in watches.order_by("arm__position")] == ["a", "b"]


def test_amendment__tells_the_rules_in_words(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    launch()
    amend_criteria("founder-video", criteria=[MILDER], reason="Too strict", by=manager, at=at)
    data = Event.objects.get(kind=EventKind.CRITERIA_AMENDED).data
    assert data["reason"] == "Too strict"
    assert "0.5%" in data["before"][0]
    assert "0.4%" in data["after"][0]


@pytest.mark.parametrize(
    ("criteria", "reason", "refused"),
    [
        ([MILDER], " ", {"reason": "required"}),
        ([], "Too strict", {"criteria": "criteria_missing"}),
        ("all", "Too strict", {"criteria": "not_a_list"}),
        ([{**MILDER, "guards": {}}], "Too strict", {"criteria.0.guards": "guard_missing"}),
        ([{**MILDER, "threshold": 5}], "", {"criteria.0.threshold": "not_a_fraction", "reason": "required"}),
    ],
)
def test_amendment__that_can_never_be_right__names_everything(
    criteria: Any,
    reason: str,
    refused: dict[str, str],
    launch: Callable[..., Campaign],
    manager: Actor,
    at: datetime,
) -> None:
    launch()
    with pytest.raises(Invalid) as refusal:
        amend_criteria("founder-video", criteria=criteria, reason=reason, by=manager, at=at)
    assert codes(refusal.value) == refused
    assert KillCriterion.objects.get().retired_at is None


def test_amendment__guard_beyond_the_ledgers_budget__changes_nothing(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    launch(budget=Decimal(2500))
    rule = criterion_values(threshold=Decimal("0.004"), guards={"spend": "2500.01"})
    with pytest.raises(Invalid) as refusal:
        amend_criteria("founder-video", criteria=[rule], reason="Too strict", by=manager, at=at)
    assert codes(refusal.value) == {"criteria.0.guards.spend": "guard_beyond_budget"}
    assert KillCriterion.objects.get().retired_at is None


def test_amendment__while_a_breach_is_open__is_refused(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    break_rule(launch(), at=at)
    with pytest.raises(Refused) as refusal:
        amend_criteria("founder-video", criteria=[MILDER], reason="Too strict", by=manager, at=at)
    assert refusal.value.code == "open_breach"


def test_amendment__to_the_same_rules__is_refused_whatever_their_spelling(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    launch()
    same = criterion_values(threshold="0.00500", guards={"spend": 2000}, level="campaign")
    with pytest.raises(Refused) as refusal:
        amend_criteria("founder-video", criteria=[same], reason="No reason", by=manager, at=at)
    assert refusal.value.code == "nothing_changed"
    assert KillCriterion.objects.count() == 1


def test_amendment__twice__numbers_each_and_keeps_both(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    launch()
    amend_criteria("founder-video", criteria=[MILDER], reason="First", by=manager, at=at)
    with pytest.raises(Refused) as refusal:
        amend_criteria("founder-video", criteria=[criterion_values()], reason="Again", by=manager, at=at)
    assert refusal.value.code == "amended_just_now"
    later = at + timedelta(seconds=1)
    amend_criteria("founder-video", criteria=[criterion_values()], reason="Back", by=manager, at=later)
    first, second = Amendment.objects.order_by("at")
    assert first.digest_after == second.digest_before
    assert second.digest_after == first.digest_before


@pytest.mark.parametrize(
    "status",
    [CampaignStatus.DRAFT, CampaignStatus.DISCARDED, CampaignStatus.KILLED, CampaignStatus.COMPLETED],
)
def test_amendment__of_what_does_not_run__is_refused(
    status: CampaignStatus, manager: Actor, at: datetime
) -> None:
    make_campaign(manager.workspace, status=status)
    with pytest.raises(InvalidTransition):
        amend_criteria("hook-test", criteria=[MILDER], reason="Too strict", by=manager, at=at)


def test_amendment__of_a_campaign_without_criteria__is_told_to_adopt_it(manager: Actor, at: datetime) -> None:
    make_campaign(manager.workspace)
    with pytest.raises(Refused, match="Adopt it") as refusal:
        amend_criteria("hook-test", criteria=[MILDER], reason="Too strict", by=manager, at=at)
    assert refusal.value.code == "no_criteria"


# Overrules


def test_overrule__open_breach__lets_the_criterion_rest_and_the_campaign_resume(
    launch: Callable[..., Campaign], marketer: Actor, manager: Actor, at: datetime
) -> None:
    campaign = launch()
    breach = break_rule(campaign, at=at)
    pause("founder-video", reason=breach.rule, by=marketer, at=at)
    until = TODAY + timedelta(days=3)
    overrule_breach(
        "founder-video",
        breach.watch.criterion_id,
        reason="Tracking was broken",
        until=until,
        by=manager,
        at=at,
    )
    breach.refresh_from_db()
    watch = CriterionWatch.objects.get()
    assert (watch.state, watch.overruled_until) == (WatchState.OVERRULED, until)
    assert (breach.closed_as, breach.closed_by, breach.reason) == (
        WatchState.OVERRULED,
        manager.user,
        "Tracking was broken",
    )
    assert Campaign.objects.get().status == CampaignStatus.PAUSED
    assert resume_campaign("founder-video", by=marketer, at=at).status == CampaignStatus.LIVE
    data = Event.objects.get(kind=EventKind.CRITERION_OVERRULED).data
    assert (data["until"], data["reason"]) == ("2026-11-22", "Tracking was broken")


def test_overrule__criterion_judged_by_arm__closes_each_arms_breach(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    campaign = launch(arms=arms("a", "b", "c"), kill_criteria=[criterion_values(level="arm")])
    breaches = [break_rule(campaign, arm=arm, at=at) for arm in "bc"]
    until = TODAY + timedelta(days=1)
    closed = overrule_breach(
        "founder-video", breaches[0].watch.criterion_id, reason="Early", until=until, by=manager, at=at
    )
    assert closed == breaches
    assert CriterionWatch.objects.filter(state=WatchState.OVERRULED).count() == 2
    assert CriterionWatch.objects.get(arm__key="a").state == WatchState.WAITING


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "out_of_range"), (0, "out_of_range"), (1, None), (14, None), (15, "out_of_range")],
)
def test_overrule__until__is_a_coming_day_within_two_weeks(
    days: int, code: str | None, launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    breach = break_rule(launch(), at=at)
    values: dict[str, Any] = {"reason": "Early", "until": TODAY + timedelta(days=days), "by": manager}
    if code is None:
        assert overrule_breach("founder-video", breach.watch.criterion_id, **values, at=at)
    else:
        with pytest.raises(Invalid, match="2026-11-20 to 2026-12-03") as refusal:
            overrule_breach("founder-video", breach.watch.criterion_id, **values, at=at)
        assert codes(refusal.value) == {"until": code}


def test_overrule__without_a_reason__is_refused(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    breach = break_rule(launch(), at=at)
    with pytest.raises(Invalid) as refusal:
        overrule_breach(
            "founder-video", breach.watch.criterion_id, reason="", until=date.max, by=manager, at=at
        )
    assert codes(refusal.value) == {"reason": "required", "until": "not_a_day"}


def test_overrule__nothing_breached_or_settled_already__is_refused(
    launch: Callable[..., Campaign], manager: Actor, at: datetime
) -> None:
    campaign = launch()
    criterion = campaign.kill_criteria.get()
    values: dict[str, Any] = {"reason": "Early", "until": TODAY + timedelta(days=1), "by": manager, "at": at}
    with pytest.raises(Refused) as refusal:
        overrule_breach("founder-video", criterion.pk, **values)
    assert refusal.value.code == "no_open_breach"
    break_rule(campaign, at=at)
    kill_campaign("founder-video", reason="A quick no", by=manager, at=at)
    with pytest.raises(Refused) as refusal:
        overrule_breach("founder-video", criterion.pk, **values)
    assert refusal.value.code == "no_open_breach"
    with pytest.raises(NotFound):
        overrule_breach("founder-video", criterion.pk + 1, **values)


def test_arm__stopped_by_its_own_rule__cannot_come_back_by_an_overrule(
    launch: Callable[..., Campaign], marketer: Actor, manager: Actor, at: datetime
) -> None:
    campaign = launch(kill_criteria=[criterion_values(level="arm")])
    breach = break_rule(campaign, arm="b", at=at)
    stop_arm("founder-video", "b", reason=breach.rule, by=marketer, at=at)
    overrule_breach(
        "founder-video",
        breach.watch.criterion_id,
        reason="Early",
        until=TODAY + timedelta(days=1),
        by=manager,
        at=at,
    )
    assert campaign.arms.get(key="b").status == ArmStatus.STOPPED
