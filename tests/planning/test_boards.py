"""A sprint's board: what it has cost and saved, while it runs and for ever after."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from pytest_django import Settings

from experiments.choices import ArmStatus, ZombieSignal
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns.life_cycle import pause_campaign
from experiments.services.zombies import resolve_zombie
from sprints.models import Sprint
from sprints.selectors.accounts import account_of
from sprints.selectors.board import read_board
from sprints.selectors.standing import Board, BoardNumbers
from sprints.selectors.today import read_today
from sprints.services.decisions import decide
from sprints.services.planning import close_sprint, open_review
from tests.factories import give_budget, make_running_sprint, report
from tests.money.harbour import flag
from tests.planning.breaches import break_rule
from workspaces.models import Source, Workspace
from workspaces.permissions import Actor


def figures(board: Board) -> tuple[Decimal, Decimal, Decimal]:
    return board.spend, board.budget, board.saved


def test_board__of_a_closed_sprint__stays_what_it_was_at_its_end(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "founder-video", "office-skits", at=at)
    scaled, killed = Campaign.objects.order_by("key")
    for campaign in (scaled, killed):
        report(campaign, sprint.starts_on, spend=Decimal("100.00"))
    after = at + timedelta(days=5)
    for key, decision in (("founder-video", "scale"), ("office-skits", "kill")):
        hypothesis = Hypothesis.objects.get(campaigns__key=key)
        decide(
            hypothesis.pk,
            decision=decision,
            moved_the_business=True,
            learning="Candour sells.",
            by=marketer,
            at=after,
        )
    open_review(sprint.pk, by=marketer, at=after)
    sprint = close_sprint(sprint.pk, by=marketer, at=after)
    at_the_end = figures(read_board(sprint, at=after))
    assert at_the_end == (Decimal(200), Decimal(5000), Decimal(2400))

    much_later = after + timedelta(days=10)
    report(scaled, sprint.ends_on + timedelta(days=3), spend=Decimal("900.00"))
    give_budget(scaled, "3000.00", at=much_later)
    assert figures(read_board(sprint, at=much_later)) == at_the_end


def test_board__crm_beside_a_platform__takes_no_part_in_the_cost(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    report(campaign, sprint.starts_on, spend=Decimal("100.00"), conversions=10)
    # Dated by when they happened, so their money was spent on another day.
    report(campaign, sprint.starts_on, source="crm", conversions=4)
    [running] = read_board(sprint, at=at).campaigns
    assert (running.metric.key, running.value, running.days[0].value) == ("cpa", 10, 10)
    assert (running.events, running.conversions) == ({"a": Decimal(10)}, Decimal(4))


def test_pace__one_campaign__is_that_of_its_whole_days_wherever_it_is_told(
    marketer: Actor, at: datetime
) -> None:
    make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    now = at + timedelta(days=5)
    today = marketer.workspace.local_day(now)
    for days, spend in ((4, 10), (3, 100), (2, 120), (1, 140), (0, 30)):
        report(campaign, today - timedelta(days=days), spend=spend)
    break_rule(campaign, at=now)

    seen = read_today(marketer.workspace, by=marketer, at=now)
    [board], [breached] = seen.boards, seen.breaches
    paces = [board.money_per_day, breached.money_per_day, account_of(campaign, at=now).pace]
    assert paces == [Decimal(120)] * 3


def test_board__paused_and_spending_on__goes_on_until_that_is_settled(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    report(campaign, sprint.starts_on, spend=100)
    now = at + timedelta(days=2)
    pause_campaign(campaign.key, reason="A typo in the ad.", by=marketer, at=now)
    assert read_board(sprint, at=now).money_per_day == 0
    undead = flag(campaign, ZombieSignal.UNDEAD)
    assert read_board(sprint, at=now).money_per_day == 100
    resolve_zombie(undead.pk, resolution="killed", reason="Stopped there, too.", by=marketer, at=now)
    assert read_board(sprint, at=now).money_per_day == 0


def later_conversions(campaign: Campaign) -> None:
    report(campaign, campaign.starts_on or date.max, conversions=20)


def an_arm_is_stopped(campaign: Campaign) -> None:
    arm = campaign.arms.get(key="a")
    arm.move_to(ArmStatus.STOPPED)
    arm.stopped_at = campaign.launched_at
    arm.save()


def launched_later(campaign: Campaign) -> None:
    Campaign.objects.update(launched_at=F("launched_at") + timedelta(days=1))


def nobody_waits_for_late_conversions(campaign: Campaign) -> None:
    Source.objects.update(attribution_lag_days=0)


def only_settled_days_count(campaign: Campaign) -> None:
    Workspace.objects.update(settled_days_only=True)


@pytest.mark.parametrize(
    "change",
    [
        later_conversions,
        an_arm_is_stopped,
        launched_later,
        nobody_waits_for_late_conversions,
        only_settled_days_count,
    ],
)
def test_board__what_its_numbers_follow_from_changes__they_are_worked_out_anew(
    change: Callable[[Campaign], None], marketer: Actor, at: datetime, settings: Settings
) -> None:
    def numbers() -> BoardNumbers:
        [running] = read_board(Sprint.objects.get(), at=at + timedelta(days=2)).campaigns
        return running.numbers

    sprint = make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    for day in range(-1, 2):
        report(campaign, sprint.starts_on + timedelta(days=day), spend=50, conversions=10, clicks=90)
        report(campaign, sprint.starts_on, arm="b", spend=50, conversions=5, clicks=40)
    before = numbers()
    assert numbers() is before
    change(campaign)
    after = numbers()
    settings.KEEPS_DRAWINGS = False
    assert after == numbers() != before


def test_board__days_close_and_settle_with_time__numbers_follow(
    marketer: Actor, at: datetime, settings: Settings
) -> None:
    sprint = make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    report(campaign, sprint.starts_on, spend=50, conversions=10)
    moments = [at + timedelta(hours=hours) for hours in range(0, 24 * 10, 5)]

    def told() -> list[tuple[BoardNumbers, ...]]:
        return [tuple(one.numbers for one in read_board(sprint, at=now).campaigns) for now in moments]

    kept = told()
    settings.KEEPS_DRAWINGS = False
    assert kept == told()
    assert len({one.days[0].is_settled for [one] in kept}) == 2
