"""Today is counted anew whenever a campaign that it speaks of has other days, or ends, or pays."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from pytest_django import Settings

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from sprints.selectors.today import read_today
from sprints.selectors.waiting import Today
from tests.factories import give_budget, make_campaign, make_running_sprint, report, restate
from workspaces.permissions import Actor


def the_killed_one_spent_more(at: datetime) -> None:
    restate(Campaign.objects.get(key="skits"), spend=Decimal(150))


def the_killed_one_had_more(at: datetime) -> None:
    give_budget(Campaign.objects.get(key="skits"), "100.00", at=at - timedelta(days=9))


def another_one_is_killed(at: datetime) -> None:
    Campaign.objects.filter(key="banner").update(
        status=CampaignStatus.KILLED, scaled_at=None, ended_at=at - timedelta(days=1)
    )


def the_scaled_one_spent_more(at: datetime) -> None:
    report(Campaign.objects.get(key="banner"), (at - timedelta(days=1)).date(), spend=70)


def the_running_one_has_a_day(at: datetime) -> None:
    report(Campaign.objects.get(key="founder-video"), at.date(), spend=30, conversions=2)


@pytest.mark.parametrize(
    "change",
    [
        the_killed_one_spent_more,
        the_killed_one_had_more,
        another_one_is_killed,
        the_scaled_one_spent_more,
        the_running_one_has_a_day,
    ],
)
def test_today__anything_that_it_counts_changes__is_counted_anew(
    change: Callable[[datetime], None], marketer: Actor, at: datetime, settings: Settings
) -> None:
    make_running_sprint(marketer, "founder-video", at=at)
    long_ago = at - timedelta(days=10)
    killed = make_campaign(marketer.workspace, "skits", launched_at=long_ago)
    give_budget(killed, "500.00", at=long_ago)
    Campaign.objects.filter(pk=killed.pk).update(
        status=CampaignStatus.KILLED, ended_at=at - timedelta(days=7)
    )
    report(killed, (at - timedelta(days=8)).date(), spend=120)
    scaled = make_campaign(
        marketer.workspace, "banner", status=CampaignStatus.SCALED, launched_at=long_ago, scaled_at=long_ago
    )
    report(scaled, (at - timedelta(days=2)).date(), spend=40)

    def told(now: datetime) -> list[object]:
        today: Today = read_today(marketer.workspace, by=marketer, at=now)
        return [
            [(no.saved, no.spent, no.days) for no in today.noes.noes],
            [(item.campaign.key, item.money_per_day) for item in today.scaled],
            [item.numbers.days for board in today.boards for item in board.campaigns],
        ]

    now = at + timedelta(hours=30)
    before = told(now)
    assert told(now) == before
    change(at)
    after = told(now)
    settings.KEEPS_DRAWINGS = False
    assert after == told(now) != before
