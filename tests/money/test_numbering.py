"""What plans are called: counted in their workspace, while addresses and REST keep their ids."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from sprints.models import Reallocation
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    undo_reallocation,
)
from tests.beginnings import Begin
from tests.factories import fill_reserve, make_actor, make_campaign, make_workspace
from tests.money.harbour import Harbour, build_harbour
from workspaces.choices import EventKind
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db


def give(key: str, amount: str, *, by: Actor, at: datetime) -> Reallocation:
    """A plan by hand, from the reserve."""
    return create_reallocation(lines=[{"from": "reserve", "to": key, "amount": amount}], by=by, at=at)


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.fixture
def stranger(now: datetime) -> Reallocation:
    """A plan of another team, so that ids and numbers differ."""
    acme = fill_reserve(make_workspace("acme"), "900.00")
    make_campaign(acme, "elsewhere", launched_at=now - timedelta(days=1))
    return give("elsewhere", "10.00", by=make_actor(acme), at=now)


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_plans__of_two_workspaces__are_counted_each_in_its_own(
    stranger: Reallocation, workspace: Workspace, mia: Actor, now: datetime
) -> None:
    fill_reserve(workspace, "900.00")
    make_campaign(workspace, "quiz", launched_at=now - timedelta(days=1))
    plans = [give("quiz", amount, by=mia, at=now) for amount in ("10.00", "20.00")]
    assert (stranger.number, [plan.number for plan in plans]) == (1, [1, 2])
    assert stranger.pk < plans[0].pk


def test_plan__named_to_people__is_called_by_its_number_everywhere(
    stranger: Reallocation, harbour: Harbour, mia: Actor, dana: Actor, now: datetime
) -> None:
    plan = propose_reallocation(by=mia, at=now)
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    apply_reallocation(plan.pk, by=mia, at=now)
    undoing = undo_reallocation(plan.pk, by=mia, at=now)
    assert plan.pk != 1
    assert "plan 1" in undoing.evidence["rule"]
    assert str(plan) == "Plan 1"
    client = browser(mia)

    def page(name: str, *args: object) -> str:
        return client.get(reverse(name, args=["harbour", *args])).content.decode()

    assert "Plan 1" in strip_tags(page("plan", plan.pk))
    assert f'href="{reverse("plan", args=["harbour", plan.pk])}">Plan 1</a>' in page("money")
    assert "proposed plan 1." in strip_tags(page("activity"))
    plans = client.get(reverse("plans_csv", args=["harbour"])).getvalue().decode().splitlines()
    assert {row.partition(",")[0] for row in plans} == {"plan", "2", "1"}
    ledger = client.get(reverse("ledger_csv", args=["harbour"])).getvalue().decode().splitlines()
    assert ledger[1].endswith(",1")


def test_feed__of_a_plan_from_before_there_were_numbers__calls_it_as_it_was_called(
    mia: Actor, workspace: Workspace, now: datetime
) -> None:
    Event.objects.create(
        workspace=workspace,
        kind=EventKind.REALLOCATION_PROPOSED,
        at=now,
        actor_label="Mia",
        subject_type="reallocation",
        subject_id="17",
        data={"total": "10.00"},
    )
    page = browser(mia).get(reverse("activity", args=["harbour"])).content.decode()
    assert "proposed plan 17." in strip_tags(page)
