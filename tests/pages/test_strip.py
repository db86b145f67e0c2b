"""The strip above every page: what runs comes first, and a sprint that has ended is not on a day of it."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sprints.services.planning import open_review, start_sprint
from tests.factories import make_draft, make_hypothesis, make_running_sprint, make_sprint
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor
from workspaces.templatetags.quickno import day


@pytest.fixture
def client(browse: Browse) -> Client:
    return browse(Role.MARKETER)


def strip(client: Client, name: str = "today", *args: object) -> str:
    """What the strip says of sprints, as it reads."""
    html = client.get(reverse(name, args=["harbour", *args])).content.decode()
    said = html.partition('aria-label="Sprint and data"')[2].partition('<ol class="qn-days"')[0]
    return " ".join(said.split())


def test_strip__page_of_a_planned_sprint__leads_with_the_one_that_runs(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, at=now)
    planned = make_sprint(mia, make_hypothesis(workspace, "Quotes", owner=mia.user), at=now)
    said = strip(client, "sprint", planned.number)
    assert said.index("Sprint 1</a>, day 1 of 5") < said.index("Sprint 2</a>")


def test_strip__only_a_planned_sprint__tells_of_it_on_its_page(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    planned = make_sprint(mia, make_hypothesis(workspace, owner=mia.user), at=now)
    assert "Sprint 1</a>, to be started" in strip(client, "sprint", planned.number)
    assert "No sprint is running" in client.get(reverse("today", args=["harbour"])).content.decode()


def test_strip__started_before_its_first_day__says_that_it_runs_and_when_its_days_begin(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    tomorrow = workspace.local_day(now) + timedelta(days=1)
    mia = team[Role.MARKETER]
    hypothesis = make_hypothesis(workspace, owner=mia.user)
    make_draft(mia, hypothesis, "founder-video", at=now)
    last = tomorrow + timedelta(days=4)
    sprint = make_sprint(mia, hypothesis, at=now, starts_on=tomorrow, ends_on=last)
    asked = client.get(reverse("sprint_start", args=["harbour", sprint.number])).content.decode()
    assert f"Its first day is {day(tomorrow)}. Started now, its campaigns launch today" in asked
    start_sprint(sprint.pk, by=mia, at=now)
    assert f"Sprint 1</a>, started; first day {day(tomorrow)}" in strip(client)


def test_start__of_a_sprint_that_runs__leads_back_to_it(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    hypothesis = make_hypothesis(workspace, owner=mia.user)
    make_draft(mia, hypothesis, "founder-video", at=now)
    sprint = make_sprint(mia, hypothesis, at=now)
    start = reverse("sprint_start", args=["harbour", sprint.number])
    assert client.get(start).status_code == 200
    start_sprint(sprint.pk, by=mia, at=now)
    answer = client.get(start, follow=True)
    assert answer.redirect_chain == [(reverse("sprint", args=["harbour", sprint.number]), 302)]
    assert "has started already." in answer.content.decode()


def test_strip__days_are_over__says_that_the_review_is_due(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    make_running_sprint(team[Role.MARKETER], at=now - timedelta(days=7), days=5)
    ended = day(workspace.local_day(now) - timedelta(days=3))
    assert f"Sprint 1</a>, ended {ended}; review due" in strip(client)


def test_strip__review_opened_before_the_last_day__counts_no_more_days(
    client: Client, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    sprint = make_running_sprint(mia, at=now - timedelta(days=1), days=5)
    open_review(sprint.pk, by=mia, at=now)
    said = strip(client, "sprint_review", sprint.number)
    assert "Sprint 1</a>, in review" in said
    assert "day 2 of 5" not in said
    html = client.get(reverse("sprint_review", args=["harbour", 1])).content.decode()
    assert html.count("no longer part of it") == 3
    # Judged, not waiting: the half circle in the colour of evidence.
    assert "qn-state is-judging" in html


def test_strip__nothing_runs_and_one_is_in_review__tells_of_it_everywhere(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    sprint = make_running_sprint(mia, at=now - timedelta(days=7), days=5)
    open_review(sprint.pk, by=mia, at=now)
    ended = day(workspace.local_day(now) - timedelta(days=3))
    assert f"Sprint 1</a>, ended {ended}; in review" in strip(client, "backlog")


def test_rail__one_to_decide_and_one_to_start__counts_what_today_counts(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, at=now - timedelta(days=7), days=5)
    make_sprint(mia, make_hypothesis(workspace, "Quotes", owner=mia.user), at=now)
    page = client.get(reverse("today", args=["harbour"])).content.decode()
    assert "Two decisions wait for you" in page
    assert '<span class="qn-count is-calling">2<' in page
