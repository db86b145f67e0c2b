"""What Today says of campaigns that got their yes and go on."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from experiments.choices import ZombieSignal
from experiments.models import Campaign
from sprints.selectors.today import read_today
from sprints.selectors.today_rows import SCALED_SHOWN
from sprints.selectors.waiting import Today
from tests.factories import make_campaign, report
from tests.money.harbour import flag
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


def scaled(workspace: Workspace, key: str, *, now: datetime) -> Campaign:
    campaign = make_campaign(workspace, key, launched_at=now - timedelta(days=20), arms=["a"])
    Campaign.objects.filter(pk=campaign.pk).update(status="scaled", scaled_at=now - timedelta(days=15))
    return campaign


@pytest.fixture
def quiz(workspace: Workspace, now: datetime) -> Campaign:
    """Scaled two weeks ago; of late it spends 150 on a day."""
    campaign = scaled(workspace, "quiz", now=now)
    for days in (3, 2, 1):
        day = workspace.local_day(now) - timedelta(days=days)
        report(campaign, day, arm="a", spend="150.00", reported_at=now)
    return campaign


def seen(workspace: Workspace, team: dict[Role, Actor], now: datetime) -> Today:
    return read_today(workspace, by=team[Role.MARKETER], at=now)


def test_today__scaled_beyond_its_sprint__is_told_with_its_pace_and_waits_for_nobody(
    browse: Browse, quiz: Campaign, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    today = seen(workspace, team, now)
    assert [(item.campaign, item.money_per_day) for item in today.scaled] == [(quiz, Decimal(150))]
    assert today.decisions == 0
    page = browse(Role.VIEWER).get(reverse("today", args=["harbour"])).content.decode()
    assert "<strong>$150.00</strong> a day" in page


def test_today__scaled_and_a_zombie__is_told_as_the_zombie_alone(
    quiz: Campaign, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    flag(quiz, ZombieSignal.OVERSPENT)
    today = seen(workspace, team, now)
    assert [item.flag.campaign for item in today.zombies] == [quiz]
    assert not today.scaled


def test_today__many_scaled__tells_of_a_few_with_the_costliest_first(
    quiz: Campaign, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    for number in range(SCALED_SHOWN):
        scaled(workspace, f"calm-{number}", now=now - timedelta(days=1))
    today = seen(workspace, team, now)
    assert len(today.scaled) == SCALED_SHOWN
    assert today.scaled[0].campaign == quiz
