"""Each signal a minute and a cent on either side."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus, HypothesisStatus
from experiments.models import ZombieFlag
from experiments.services.campaigns import pause_campaign, resume_campaign
from experiments.services.judging import judge_campaigns
from experiments.services.zombies import resolve_zombie
from tests.factories import make_actor, make_campaign, make_criteria, make_hypothesis, make_workspace, report
from tests.judging.zombies import LAUNCH, NOW, planned, signals, spend
from workspaces.choices import Role
from workspaces.models import Event, Source, Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def marketer(workspace: Workspace) -> Actor:
    return make_actor(workspace)


SPEAKS_ON_THE_FIRST_DAY = {"action": "ask", "evidence": "observed", "guards": {"days": 1}}


def test_healthy_campaign__is_no_zombie(workspace: Workspace) -> None:
    campaign = planned(workspace)
    spend(campaign, {16: "100", 17: "100"})

    assert signals(campaign) == set()


# Undead


STOPPED = [CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED]


@pytest.mark.parametrize("status", STOPPED)
def test_undead__spend_on_a_later_day__is_flagged_with_the_money_since(
    workspace: Workspace, status: CampaignStatus
) -> None:
    stop = datetime(2026, 11, 17, 15, tzinfo=UTC)
    campaign = planned(workspace, status=status, paused_at=stop, ended_at=stop)
    # The day of the stop is no later day.
    spend(campaign, {16: "100", 17: "100"})
    assert signals(campaign) == set()

    spend(campaign, {18: "10.00", 19: "20.00", 20: "60.50", 21: "0"})
    assert signals(campaign) == {"undead"}
    flag = ZombieFlag.objects.get()
    # The 20th is not over yet, so it is money, and no day's pace.
    assert (flag.since, flag.money_since, flag.money_per_day) == (stop, Decimal("90.5"), Decimal(15))
    assert flag.evidence["status"] == status
    assert flag.evidence["spend"] == "90.50"
    assert flag.evidence["last_day"] == "2026-11-20"


def test_undead__pace__is_that_of_the_last_three_days_with_spend(workspace: Workspace) -> None:
    campaign = planned(workspace, status=CampaignStatus.PAUSED, paused_at=LAUNCH)
    spend(campaign, {17: "900", 18: "10", 19: "0", 20: "20", 21: "60"})

    judge_campaigns([campaign.pk], at=NOW + timedelta(days=2))

    flag = ZombieFlag.objects.get()
    assert (flag.money_since, flag.money_per_day) == (Decimal(990), Decimal(30))


@pytest.mark.parametrize(("amount", "expected"), [("5.00", set()), ("5.01", {"undead"})])
def test_undead__policy_lets_a_minimum_pass(workspace: Workspace, amount: str, expected: set[str]) -> None:
    workspace.undead_minimum_spend = Decimal(5)
    workspace.save()
    campaign = planned(workspace, status=CampaignStatus.KILLED, ended_at=LAUNCH)
    spend(campaign, {17: amount})

    assert signals(campaign) == expected


def test_undead__stop_late_in_the_evening__later_is_by_the_accounts_clock(workspace: Workspace) -> None:
    """At 23:30 in UTC the account's next day has begun in Tokyo: that day is no later one."""
    stop = datetime(2026, 11, 17, 23, 30, tzinfo=UTC)
    campaign = planned(workspace, status=CampaignStatus.PAUSED, paused_at=stop)
    Source.objects.of(workspace).filter(key="meta").update(timezone="Asia/Tokyo")
    spend(campaign, {18: "10"})
    assert signals(campaign) == set()

    spend(campaign, {19: "10"})
    assert signals(campaign) == {"undead"}


def test_undead__put_to_rest_on_the_platform__returns_only_with_later_spend(
    workspace: Workspace, marketer: Actor
) -> None:
    campaign = planned(workspace, status=CampaignStatus.KILLED, ended_at=LAUNCH)
    spend(campaign, {17: "10"})
    assert signals(campaign) == {"undead"}
    flag = ZombieFlag.objects.get()
    resolve_zombie(flag.pk, resolution="killed", reason="Stopped it on Meta.", by=marketer, at=NOW)
    # The day of the stop on the platform may still arrive.
    spend(campaign, {20: "10"})
    assert signals(campaign, NOW + timedelta(days=1)) == set()

    spend(campaign, {21: "7"})
    assert signals(campaign, NOW + timedelta(days=2)) == {"undead"}
    assert ZombieFlag.objects.unresolved().get().money_since == 7


# Breached


def test_breached__nobody_acted_within_the_grace__is_flagged(workspace: Workspace) -> None:
    campaign = planned(workspace, rule=SPEAKS_ON_THE_FIRST_DAY)
    spend(campaign, {16: "100"}, impressions=1000, clicks=1)
    breach_at = datetime(2026, 11, 17, 7, tzinfo=UTC)
    assert signals(campaign, breach_at) == set()
    spend(campaign, {17: "30", 18: "50"}, impressions=1000, clicks=1)

    assert signals(campaign, breach_at + timedelta(hours=23, minutes=59)) == set()
    assert signals(campaign, breach_at + timedelta(hours=24)) == {"breached"}
    flag = ZombieFlag.objects.get()
    assert (flag.since, flag.money_since) == (breach_at, Decimal(50))
    assert flag.evidence["hours"] == 24


def test_breached__campaign_was_stopped__is_no_zombie_until_it_spends_again(
    workspace: Workspace, marketer: Actor
) -> None:
    campaign = planned(workspace, rule=SPEAKS_ON_THE_FIRST_DAY)
    spend(campaign, {16: "100"}, impressions=1000, clicks=1)
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 7, tzinfo=UTC))
    spend(campaign, {17: "30", 18: "50"})
    pause_campaign(campaign.key, reason="", by=marketer, at=datetime(2026, 11, 18, 12, tzinfo=UTC))

    assert signals(campaign) == set()

    spend(campaign, {19: "20"})
    assert signals(campaign) == {"breached", "undead"}


# Overdue


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Its sprint ended on Friday the 20th: Monday is the working day that passes.
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), set()),
        (datetime(2026, 11, 24, tzinfo=UTC), {"overdue"}),
    ],
)
def test_overdue__one_working_day_after_the_sprint(
    workspace: Workspace, at: datetime, expected: set[str]
) -> None:
    hypothesis = make_hypothesis(
        workspace,
        status=HypothesisStatus.COMMITTED,
        owner=make_actor(workspace).user,
        decide_by=date(2026, 11, 20),
    )
    campaign = planned(workspace, hypothesis=hypothesis)
    spend(campaign, {20: "100", 21: "10", 22: "20"}, at=at)

    assert signals(campaign, at) == expected
    if expected:
        flag = ZombieFlag.objects.get()
        assert workspace.local_day(flag.since) == date(2026, 11, 20)
        assert (flag.money_since, flag.evidence["days"]) == (Decimal(30), 4)


def test_overdue__decided_or_stopped__is_cleared(workspace: Workspace, marketer: Actor) -> None:
    hypothesis = make_hypothesis(
        workspace,
        status=HypothesisStatus.COMMITTED,
        owner=make_actor(workspace, Role.MANAGER).user,
        decide_by=date(2026, 11, 13),
    )
    stopped = planned(workspace, "stopped", hypothesis=hypothesis)
    decided = planned(workspace, "decided", hypothesis=hypothesis)
    for campaign in (stopped, decided):
        spend(campaign, {17: "10"})
        assert signals(campaign) == {"overdue"}

    pause_campaign(stopped.key, reason="", by=marketer, at=NOW)
    assert signals(stopped) == set()
    hypothesis.status = HypothesisStatus.DECIDED
    hypothesis.save()
    assert signals(decided) == set()
    assert set(ZombieFlag.objects.values_list("resolution", flat=True)) == {"cleared"}


# Unplanned


@pytest.mark.parametrize("status", [CampaignStatus.LIVE, CampaignStatus.SCALED])
def test_unplanned__nothing_says_when_to_stop__since_its_first_known_day(
    workspace: Workspace, status: CampaignStatus
) -> None:
    campaign = make_campaign(workspace, arms=["all"], launched_at=NOW, status=status)
    report(campaign, "2026-11-10", arm="all", spend=20, reported_at=NOW)
    report(campaign, "2026-11-11", arm="all", spend=30, reported_at=NOW)

    assert signals(campaign) == {"unplanned"}
    flag = ZombieFlag.objects.get()
    assert (flag.since, flag.money_since) == (datetime(2026, 11, 10, tzinfo=UTC), Decimal(50))
    assert flag.money_per_day == 25

    make_criteria(campaign)
    assert signals(campaign) == set()


def test_unplanned__draft__is_nobodys_zombie(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, status=CampaignStatus.DRAFT)

    assert signals(campaign) == set()


# Barren


@pytest.mark.parametrize(("amount", "expected"), [("59.99", set()), ("60.00", {"barren"})])
def test_barren__thrice_the_target_on_settled_days_without_a_conversion(
    workspace: Workspace, amount: str, expected: set[str]
) -> None:
    Workspace.objects.update(settled_days_only=True)
    campaign = planned(workspace)
    # The target is 40: three conversions may cost 120. Wednesday is not settled on Saturday.
    spend(campaign, {16: "60", 17: amount, 18: "500"}, conversions=0)
    at = datetime(2026, 11, 21, 6, tzinfo=UTC)

    assert signals(campaign, at) == expected
    if expected:
        flag = ZombieFlag.objects.get()
        assert workspace.local_day(flag.since) == date(2026, 11, 17)
        assert flag.money_since == 500
        assert (flag.evidence["limit"], flag.evidence["spend"]) == ("120.00", "120.00")


@pytest.mark.parametrize(("amount", "expected"), [("185.75", set()), ("185.77", {"barren"})])
def test_barren__young_day__counts_for_what_is_visible(
    workspace: Workspace, amount: str, expected: set[str]
) -> None:
    campaign = planned(workspace)
    # One day old: 68 % of the conversions would be visible, less the haircut of 5 %.
    spend(campaign, {19: amount}, conversions=0)

    assert signals(campaign) == expected
    if expected:
        assert ZombieFlag.objects.get().evidence["spend"] == "120.00"


@pytest.mark.parametrize("conversions", [None, Decimal("0.5")])
def test_barren__conversions_unknown_or_some__is_not(workspace: Workspace, conversions: Any) -> None:
    campaign = planned(workspace)
    spend(campaign, {16: "5000"}, conversions=conversions)

    assert "barren" not in signals(campaign)


def test_barren__first_conversion_on_an_open_day__clears_it(workspace: Workspace) -> None:
    campaign = planned(workspace)
    spend(campaign, {16: "200"}, conversions=0)
    assert signals(campaign) == {"barren"}

    spend(campaign, {20: "50"}, conversions=1)
    assert signals(campaign) == set()
    assert Event.objects.filter(kind="zombie.resolved").get().data["resolution"] == "cleared"


# Blind


def test_blind__no_report_for_two_days__costs_nobody_knows_what(workspace: Workspace) -> None:
    campaign = planned(workspace)
    last = datetime(2026, 11, 18, 7, tzinfo=UTC)
    spend(campaign, {16: "100", 17: "100"}, at=last)

    assert signals(campaign, last + timedelta(hours=47, minutes=59)) == set()
    assert signals(campaign, last + timedelta(hours=48)) == {"blind"}
    flag = ZombieFlag.objects.get()
    assert flag.since == last
    assert (flag.money_since, flag.money_per_day) == (None, None)
    assert flag.evidence["hours"] == 48

    spend(campaign, {18: "1"}, at=last + timedelta(hours=49))
    assert signals(campaign, last + timedelta(hours=49)) == set()


def test_blind__never_reported__counts_from_the_launch(workspace: Workspace) -> None:
    campaign = planned(workspace)

    assert signals(campaign, LAUNCH + timedelta(hours=47, minutes=59)) == set()
    assert signals(campaign, LAUNCH + timedelta(hours=48)) == {"blind"}


def test_blind__just_resumed__gets_its_time(workspace: Workspace, marketer: Actor) -> None:
    campaign = planned(workspace)
    spend(campaign, {16: "1"}, at=LAUNCH)
    pause_campaign(campaign.key, reason="", by=marketer, at=LAUNCH + timedelta(hours=1))
    resume_campaign(campaign.key, by=marketer, at=NOW)

    assert signals(campaign, NOW + timedelta(hours=47)) == set()
    assert signals(campaign, NOW + timedelta(hours=48)) == {"blind"}


def test_blind__paused__is_not_expected_to_report(workspace: Workspace) -> None:
    campaign = planned(workspace, status=CampaignStatus.PAUSED, paused_at=LAUNCH)

    assert signals(campaign, NOW + timedelta(days=30)) == set()


# Overspent


@pytest.mark.parametrize(("amount", "expected"), [("50.00", set()), ("50.01", {"overspent"})])
def test_overspent__beyond_the_ledgers_budget(workspace: Workspace, amount: str, expected: set[str]) -> None:
    campaign = planned(workspace, budget=Decimal(150))
    spend(campaign, {15: "999", 16: "100", 17: amount})

    assert signals(campaign) == expected
    if expected:
        flag = ZombieFlag.objects.get()
        assert workspace.local_day(flag.since) == date(2026, 11, 17)
        assert flag.money_since == Decimal("0.01")
        assert flag.evidence == {"budget": "150.00", "spend": "150.01", "over": "0.01"}


def test_overspent__imported_without_a_budget__is_unplanned_only(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    spend(campaign, {16: "100"})

    assert signals(campaign) == {"unplanned"}


def test_overspent__more_than_one_days_column_holds__is_flagged_with_all_of_it(workspace: Workspace) -> None:
    campaign = planned(workspace)
    # The most that a report may say: a day as large is a few million dollars in rupiah or dong.
    spend(campaign, {16: "99999999999.9999", 17: "99999999999.9999", 18: "50"})

    assert signals(campaign) == {"overspent"}
    flag = ZombieFlag.objects.get()
    assert flag.money_since is not None
    # Doubles keep 15 digits of the sum, which is 199,999,995,050 less two ten-thousandths.
    assert round(flag.money_since, 2) == Decimal("199999995050.00")
    assert signals(campaign, NOW + timedelta(minutes=5)) == {"overspent"}
