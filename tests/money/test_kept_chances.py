"""What is known about a campaign is worked out once, and anew when anything changes that it follows from."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from pytest_django import Settings

from experiments.choices import ArmStatus
from experiments.models import Campaign, Hypothesis
from sprints.selectors.chances import Chance, chances
from tests.factories import make_hypothesis, make_live_campaign, report
from workspaces.models import Source, Workspace

FIRST = date(2026, 11, 14)


def make_tested(workspace: Workspace) -> Campaign:
    launched_at = datetime(2026, 11, 14, 15, tzinfo=UTC)
    return make_live_campaign(workspace, launched_at=launched_at, hypothesis=make_hypothesis(workspace))


def another_day(campaign: Campaign) -> None:
    report(campaign, FIRST + timedelta(days=4), spend=70, conversions=2)


def an_arm_is_stopped(campaign: Campaign) -> None:
    arm = campaign.arms.get(key="a")
    arm.move_to(ArmStatus.STOPPED)
    arm.stopped_at = campaign.launched_at
    arm.save()


def another_target(campaign: Campaign) -> None:
    Hypothesis.objects.update(target=Decimal(8))


def launched_later(campaign: Campaign) -> None:
    Campaign.objects.update(launched_at=F("launched_at") + timedelta(days=1))


def every_conversion_comes_at_once(campaign: Campaign) -> None:
    Source.objects.update(attribution_lag_days=0)


def only_settled_days_count(campaign: Campaign) -> None:
    Workspace.objects.update(settled_days_only=True)


@pytest.mark.parametrize(
    "change",
    [
        another_day,
        an_arm_is_stopped,
        another_target,
        launched_later,
        every_conversion_comes_at_once,
        only_settled_days_count,
    ],
)
def test_chances__what_they_follow_from_changes__are_worked_out_anew(
    change: Callable[[Campaign], None], workspace: Workspace, now: datetime, settings: Settings
) -> None:
    def found() -> Chance:
        [chance] = chances(Campaign.objects.all(), at=now).values()
        return chance

    def figures(chance: Chance) -> list[object]:
        return [chance.p_above_target, chance.value, chance.low, chance.counted_days, chance.unsettled_days]

    campaign = make_tested(workspace)
    for day in range(4):
        for arm in "ab":
            report(campaign, FIRST + timedelta(days=day), arm=arm, spend=50, conversions=4 + day)
    before = found()
    assert before.p_above_target is not None
    assert found() is before
    change(campaign)
    after = figures(found())
    settings.KEEPS_DRAWINGS = False
    assert after == figures(found()) != figures(before)


def test_chances__days_settle_with_time__are_worked_out_anew(
    workspace: Workspace, now: datetime, settings: Settings
) -> None:
    report(make_tested(workspace), FIRST, spend=50, conversions=4)

    def unsettled(at: datetime) -> int:
        [chance] = chances(Campaign.objects.all(), at=at).values()
        return chance.unsettled_days

    moments = [now + timedelta(hours=hours) for hours in range(-80, 24 * 12, 7)]
    kept = list(map(unsettled, moments))
    settings.KEEPS_DRAWINGS = False
    assert kept == list(map(unsettled, moments))
    assert set(kept) == {0, 1}
