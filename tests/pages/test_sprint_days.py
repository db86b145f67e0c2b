"""Planning a sprint: which days it takes, who else takes them, and whether they can tell."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from experiments.models.hypothesis import next_working_day
from experiments.services.hypotheses import create_hypothesis
from sprints.choices import SprintStatus
from sprints.models import Sprint
from tests.factories import hypothesis_values, make_draft, make_sprint
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

# A Thursday.
FIRST = date(2027, 3, 4)


def read(client: Client, name: str, *args: object, query: str = "", **headers: str) -> str:
    url = reverse(name, args=["harbour", *args]) + query
    return " ".join(client.get(url, headers=headers).content.decode().split())


@pytest.fixture
def mia(team: dict[Role, Actor]) -> Actor:
    return team[Role.MARKETER]


def plan(by: Actor, *, at: datetime, effect: str = "0.2", target: str | None = "40", **draft: Any) -> Sprint:
    """A sprint in planning with one hypothesis and the draft of its campaign."""
    values = hypothesis_values(
        owner=by.user,
        primary_metric="cpa",
        mde_relative=Decimal(effect),
        target=Decimal(target) if target else None,
    )
    hypothesis = create_hypothesis(values=values, by=by, at=at)
    make_draft(by, hypothesis, "prices", at=at, **draft)
    return make_sprint(by, hypothesis, at=at)


def test_reach__money_enough__says_yes_and_from_which_value(
    browse: Browse, mia: Actor, now: datetime
) -> None:
    sprint = plan(mia, at=now, effect="0.9", budget=Decimal(900_000), channel="linkedin")
    page = read(browse(Role.VIEWER), "sprint_reach", sprint.number, "prices")
    assert "Its days <em>can tell</em>." in page
    assert "today: $40.00 (its target, as nothing better is known)." in page


def test_reach__money_too_little__says_how_many_days_it_takes(
    browse: Browse, mia: Actor, now: datetime
) -> None:
    sprint = plan(mia, at=now, effect="0.1", budget=Decimal(2000), channel="linkedin")
    part = read(browse(Role.VIEWER), "sprint_reach", sprint.number, "prices", **{"HX-Request": "true"})
    assert "<html" not in part
    assert "no, it takes" in part
    assert f"{sprint.length_days} days with $2,000 can see" in part


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": None}, "Not known before it has a budget."),
        (
            {"target": None, "channel": "linkedin"},
            "Not known: give it a target, as nobody has",
        ),
    ],
)
def test_reach__nothing_to_go_by__says_what_is_missing(
    browse: Browse, mia: Actor, now: datetime, given: dict[str, Any], said: str
) -> None:
    sprint = plan(mia, at=now, **given)
    assert said in read(browse(Role.VIEWER), "sprint_reach", sprint.number, "prices")


def test_reach__campaign_of_another_sprint__does_not_exist(browse: Browse, mia: Actor, now: datetime) -> None:
    plan(mia, at=now)
    other = make_sprint(mia, at=now)
    url = reverse("sprint_reach", args=["harbour", other.number, "prices"])
    assert browse(Role.VIEWER).get(url).status_code == 404


def test_sprint_form__days_in_the_address__shows_them_with_their_weekend(browse: Browse) -> None:
    page = read(
        browse(Role.MARKETER), "sprint_new", query=f"?starts_on={FIRST}&ends_on={FIRST + timedelta(days=4)}"
    )
    assert page.count('<li class="is-weekend">') == 2
    assert "5 days, two of them on a weekend" in page
    assert 'value="Thu 4 Mar 2027"' in page


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (FIRST + timedelta(days=1), "2 days, none of them on a weekend"),
        (FIRST + timedelta(days=7), "8 days, two of them on a weekend"),
        (FIRST - timedelta(days=1), "The last day comes before the first."),
        (date(9999, 12, 31), "days, "),
    ],
)
def test_sprint_form__days_that_no_sprint_can_take__says_so(browse: Browse, last: date, said: str) -> None:
    page = read(browse(Role.MARKETER), "sprint_new", query=f"?starts_on={FIRST}&ends_on={last}")
    assert said in page
    assert 'qn-burn qn-strong">' in page


def test_planning__days_of_another_sprint__names_it(browse: Browse, mia: Actor, now: datetime) -> None:
    first, second = make_sprint(mia, at=now), make_sprint(mia, at=now)
    page = read(browse(Role.VIEWER), "sprint", second.number)
    assert f"Sprint {first.number}</a> (planning" in page
    Sprint.objects.filter(pk=first.pk).update(
        starts_on=second.ends_on + timedelta(days=1), ends_on=second.ends_on + timedelta(days=5)
    )
    assert "takes some of these days" not in read(browse(Role.VIEWER), "sprint", second.number)


@pytest.mark.parametrize("days", [3, 0])
def test_new_sprint__another_takes_the_next_days__begins_after_it(
    browse: Browse, mia: Actor, now: datetime, days: int
) -> None:
    sprint = make_sprint(mia, at=now - timedelta(days=days))
    after = next_working_day(sprint.ends_on)
    form = browse(Role.MARKETER).get(reverse("sprint_new", args=["harbour"])).context["form"]
    assert form["starts_on"].value() == after


@pytest.mark.parametrize(
    ("today", "first"),
    [("2026-11-19", "2026-11-20"), ("2026-11-20", "2026-11-23"), ("2026-11-21", "2026-11-23")],
)
def test_new_sprint__nothing_chosen__begins_on_the_next_working_day(
    browse: Browse, workspace: Workspace, today: str, first: str
) -> None:
    with time_machine.travel(f"{today}T18:00:00Z", tick=False):
        form = browse(Role.MARKETER).get(reverse("sprint_new", args=["harbour"])).context["form"]
    assert str(form["starts_on"].value()) == first


def test_draft__in_no_sprint_or_in_one_that_does_not_run__offers_no_launch(
    browse: Browse, mia: Actor, now: datetime
) -> None:
    values = hypothesis_values(owner=mia.user, primary_metric="cpa", target=Decimal(40))
    hypothesis = create_hypothesis(values=values, by=mia, at=now)
    make_draft(mia, hypothesis, "prices", at=now)
    browser = browse(Role.MARKETER)
    assert "none has taken on its hypothesis yet" in read(browser, "campaign", "prices")
    sprint = make_sprint(mia, hypothesis, at=now)
    start = reverse("sprint_start", args=["harbour", sprint.number])
    launch = reverse("campaign_launch", args=["harbour", "prices"])
    planned = read(browser, "campaign", "prices")
    assert (f'href="{start}"' in planned, f'action="{launch}"' in planned) == (True, False)
    Sprint.objects.filter(pk=sprint.pk).update(status=SprintStatus.RUNNING)
    running = read(browser, "campaign", "prices")
    assert (f'href="{start}"' in running, f'action="{launch}"' in running) == (False, True)
