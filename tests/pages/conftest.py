"""A team with one person of each role, and a week in which something of everything has happened."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from experiments.models import Campaign, Hypothesis, KillCriterion, ZombieFlag
from experiments.services.campaigns import import_campaign, kill_campaign
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from tests.beginnings import Begin
from tests.factories import (
    hypothesis_values,
    make_actor,
    make_draft,
    make_running_sprint,
    make_workspace,
    report,
    report_days,
)
from workspaces.choices import Role
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor

Browse = Callable[[Role], Client]


@pytest.fixture(scope="module")
def now() -> datetime:
    """Pages have the server's clock, so their scenarios do."""
    return timezone.now()


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where the files lie that this test uploads."""
    settings.IMPORTS_DIR = tmp_path / "imports"
    return tmp_path / "imports"


@pytest.fixture
def workspace(begin: Begin) -> Workspace:
    return begin(make_workspace, "harbour", timezone="America/Chicago")


@pytest.fixture
def team(begin: Begin, workspace: Workspace) -> dict[Role, Actor]:
    return begin(build_team, workspace)


def build_team(workspace: Workspace) -> dict[Role, Actor]:
    """One person of each role; the owner comes with the workspace."""
    owner = Membership.objects.select_related("user", "workspace").get(workspace=workspace)
    others = {role: make_actor(workspace, role) for role in (Role.VIEWER, Role.MARKETER, Role.MANAGER)}
    return {**others, Role.OWNER: Actor.of_member(owner)}


@pytest.fixture
def browse(team: dict[Role, Actor]) -> Browse:
    """A browser in which a person of that role has signed in."""

    def signed_in(role: Role) -> Client:
        client = Client()
        user = team[role].user
        assert user is not None
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in


class Week:
    """What the scenario left behind."""

    paused: Campaign
    killed: Campaign
    draft: Campaign
    unplanned: Campaign
    backlog: Hypothesis
    zombie: ZombieFlag
    breached: KillCriterion


@pytest.fixture
def week(begin: Begin, workspace: Workspace, team: dict[Role, Actor], now: datetime) -> Week:
    return begin(build_week, workspace, team, now)


def build_week(workspace: Workspace, team: dict[Role, Actor], now: datetime) -> Week:
    """A sprint on its fourth day: one campaign was paused by its rule, one is dead, one nobody planned."""
    mia, week = team[Role.MARKETER], Week()
    started = now - timedelta(days=3)
    make_running_sprint(mia, "founder-video", "office-skits", at=started, days=6)
    week.paused = Campaign.objects.get(key="founder-video")
    week.killed = Campaign.objects.get(key="office-skits")
    days = [workspace.local_day(now) - timedelta(days=days_ago) for days_ago in (3, 2, 1)]
    for arm in ("a", "b"):
        report_days(
            week.paused,
            days,
            arm=arm,
            impressions=400_000,
            clicks=800,
            conversions=9,
            spend="1100.00",
            reported_at=now,
        )
    judge_campaigns([week.paused.pk], at=now)
    kill_campaign("office-skits", reason="Nobody laughed.", by=mia, at=now - timedelta(days=1))
    week.unplanned = import_campaign(
        key="brand-search", name="Brand search", channel="google", external_id="77", by=mia, at=started
    )
    report(
        week.unplanned,
        workspace.local_day(now) - timedelta(days=1),
        arm="all",
        source="google",
        spend="186.40",
        reported_at=now,
    )
    judge_campaigns([week.unplanned.pk], at=now)
    week.backlog = create_hypothesis(values=hypothesis_values(title="Quotes in the inbox"), by=mia, at=now)
    week.draft = make_draft(mia, week.backlog, "inbox-quote", at=now, budget=None)
    week.zombie = ZombieFlag.objects.get(campaign=week.unplanned, signal="unplanned")
    week.breached = week.paused.kill_criteria.get()
    week.paused.refresh_from_db()
    week.killed.refresh_from_db()
    return week
