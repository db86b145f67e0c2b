"""Today is worked out once; whatever it shows changes, it is worked out and drawn anew."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from experiments.choices import CampaignStatus
from experiments.models import Campaign, CriterionWatch, Hypothesis, Judgement, ZombieFlag
from experiments.services.criteria import overrule_breach
from experiments.services.hypotheses import create_hypothesis
from sprints.choices import SprintStatus, TransferKind
from sprints.models import Reallocation, Sprint
from sprints.services.ledger import OUTSIDE, RESERVE, transfer
from sprints.services.reallocations import approve_reallocation, create_reallocation
from tests.factories import fill_reserve, give_budget, hypothesis_values, make_campaign, restate
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import User, Workspace
from workspaces.permissions import Actor

Change = Callable[[Week, dict[Role, Actor], datetime], object]


def shown(client: Client) -> str:
    page = client.get(reverse("today", args=["harbour"])).content.decode()
    # Each page has its own tokens.
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|hx-headers=\'[^\']*\'', "", page)


def a_plan_is_approved(week: Week, team: dict[Role, Actor], now: datetime) -> None:
    plan = Reallocation.objects.get()
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=team[Role.OWNER], at=now)


def the_reserve_is_spent(week: Week, team: dict[Role, Actor], now: datetime) -> None:
    # The plan that waits asks for more than is left.
    transfer(
        source=RESERVE,
        target=OUTSIDE,
        amount=Decimal(3900),
        kind=TransferKind.CORRECTION,
        reason="It was never there.",
        by=team[Role.OWNER],
        at=now,
    )


def another_is_scaled(week: Week, team: dict[Role, Actor], now: datetime) -> None:
    status = CampaignStatus.SCALED
    make_campaign(team[Role.OWNER].workspace, "banner", status=status, launched_at=now, scaled_at=now)


def the_killed_one_had_less(week: Week, team: dict[Role, Actor], now: datetime) -> None:
    restate(week.unplanned, spend=Decimal("286.40"))
    give_budget(week.killed, "100.00", at=now - timedelta(days=2))


CHANGES: dict[str, Change] = {
    "the plan gets its yes": a_plan_is_approved,
    "the plan runs out": lambda _week, _team, now: Reallocation.objects.update(
        expires_at=now - timedelta(minutes=1)
    ),
    "the reserve is spent": the_reserve_is_spent,
    "a zombie is dealt with": lambda week, _team, now: ZombieFlag.objects.filter(pk=week.zombie.pk).update(
        state="acknowledged", acknowledged_at=now, kept_until=now.date(), reason="Christmas"
    ),
    "a zombie burns more": lambda week, _team, _now: ZombieFlag.objects.filter(pk=week.zombie.pk).update(
        money_per_day=Decimal("999.00")
    ),
    "a breach is answered": lambda week, team, now: overrule_breach(
        week.paused.key,
        week.breached.pk,
        reason="A holiday.",
        until=now.date() + timedelta(days=2),
        by=team[Role.OWNER],
        at=now,
    ),
    "a rule has become surer": lambda _week, _team, _now: (
        CriterionWatch.objects.update(strength=0.5),
        Judgement.objects.update(strength=0.5),
    ),
    "the grace is shorter": lambda _week, _team, _now: Workspace.objects.update(grace_hours=1),
    "the money is another": lambda _week, _team, _now: Workspace.objects.update(currency="NOK"),
    "a campaign has another name": lambda week, _team, _now: Campaign.objects.filter(
        pk=week.paused.pk
    ).update(name="Founder speaks"),
    "the rule is of an arm": lambda week, _team, _now: CriterionWatch.objects.update(
        arm=week.paused.arms.get(key="b")
    ),
    "a hypothesis has another owner": lambda _week, team, _now: Hypothesis.objects.update(
        owner=team[Role.OWNER].user
    ),
    "a person has another name": lambda _week, _team, _now: User.objects.update(first_name="Ottoline"),
    "a sprint has another goal": lambda _week, _team, _now: Sprint.objects.update(number=41),
    "a sprint is over": lambda _week, _team, _now: Sprint.objects.update(status=SprintStatus.IN_REVIEW),
    "another is scaled": another_is_scaled,
    "the killed one had less": the_killed_one_had_less,
    "something happens": lambda _week, team, now: create_hypothesis(
        values=hypothesis_values(title="A whole new one"), by=team[Role.MARKETER], at=now
    ),
}


@pytest.fixture
def planned(workspace: Workspace, team: dict[Role, Actor], week: Week, now: datetime) -> None:
    fill_reserve(workspace, "4000")
    create_reallocation(
        lines=[{"from": "reserve", "to": week.paused.key, "amount": "250.00"}], by=team[Role.MARKETER], at=now
    )


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("change", CHANGES)
def test_today__anything_that_it_shows_changes__shows_it(
    change: str, browse: Browse, week: Week, team: dict[Role, Actor], now: datetime, settings: Settings
) -> None:
    client = browse(Role.MANAGER)
    with time_machine.travel(now + timedelta(minutes=1), tick=False):
        before = shown(client)
        assert shown(client) == before
        CHANGES[change](week, team, now)
        after = shown(client)
        assert after == shown(client)
        settings.KEEPS_DRAWINGS = False
        assert after == shown(client) != before


@pytest.mark.usefixtures("planned")
def test_today__another_person_or_day__is_not_shown_what_was_kept(
    browse: Browse, now: datetime, settings: Settings
) -> None:
    moments = [now + timedelta(hours=hours) for hours in (1, 9, 25, 49, 24 * 40, 24 * 100)]

    def seen() -> list[str]:
        pages = []
        for moment in moments:
            with time_machine.travel(moment, tick=False):
                pages += [shown(browse(role)) for role in Role]
        return pages

    kept = seen()
    settings.KEEPS_DRAWINGS = False
    assert kept == seen()
    assert len(set(kept)) == len(kept)
