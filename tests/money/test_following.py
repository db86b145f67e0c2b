"""After a plan was applied: whether the platforms spend as it said."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from sprints.choices import Following
from sprints.models import Reallocation
from sprints.selectors.following import SpendSince, spend_since
from sprints.services.reallocations import apply_reallocation, approve_reallocation, propose_reallocation
from tests.factories import report
from tests.money.harbour import Harbour, build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor

# The plan is applied on the 19th: Founder video to 850 a day from 200, Pricing calculator to 0 from 200.
AFTER = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22))


@pytest.fixture
def harbour(workspace: Workspace) -> Harbour:
    return build_harbour(workspace)


@pytest.fixture
def applied(harbour: Harbour, mia: Actor, dana: Actor, now: datetime) -> Reallocation:
    plan = propose_reallocation(by=mia, at=now)
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    return apply_reallocation(plan.pk, by=dana, at=now)


def since(plan: Reallocation, at: datetime) -> dict[str, SpendSince]:
    return {row.campaign.key: row for row in spend_since(plan, at=at)}


def spend(harbour: Harbour, *, founder: str, calculator: str, days: int = 3) -> None:
    """So much a day, in whole."""
    for day in AFTER[:days]:
        report(harbour.founder, day, spend=Decimal(founder))
        report(harbour.calculator, day, spend=Decimal(calculator))


def test_spend__as_the_plan_said__confirms_it(harbour: Harbour, applied: Reallocation, now: datetime) -> None:
    spend(harbour, founder="800.00", calculator="0.00")
    rows = since(applied, now + timedelta(days=4))
    assert {key: row.state for key, row in rows.items()} == dict.fromkeys(rows, Following.CONFIRMED)
    assert rows["founder-video"].as_dict() == {
        "campaign": "founder-video",
        "pace_before": "200.00",
        "daily_budget": "850.00",
        "spend_per_day": "800.00",
        "days": 3,
        "state": "confirmed",
    }


def test_spend__as_before_the_plan__contradicts_it(
    harbour: Harbour, applied: Reallocation, now: datetime
) -> None:
    spend(harbour, founder="200.00", calculator="200.00")
    rows = since(applied, now + timedelta(days=4))
    assert rows["pricing-calculator"].state == Following.CONTRADICTED
    assert rows["founder-video"].state == Following.CONTRADICTED


@pytest.mark.parametrize(
    ("per_day", "state"),
    [("100.00", Following.CONFIRMED), ("100.01", Following.CONTRADICTED)],
)
def test_spend__half_way_to_what_was_set__is_where_it_turns(
    harbour: Harbour, applied: Reallocation, now: datetime, per_day: str, state: Following
) -> None:
    spend(harbour, founder="525.00", calculator=per_day)
    rows = since(applied, now + timedelta(days=4))
    assert (rows["pricing-calculator"].state, rows["founder-video"].state) == (state, Following.CONFIRMED)


def test_spend__one_whole_day__is_too_early_to_tell(
    harbour: Harbour, applied: Reallocation, now: datetime
) -> None:
    spend(harbour, founder="200.00", calculator="200.00", days=1)
    rows = since(applied, now + timedelta(days=2))
    assert rows["pricing-calculator"].state == Following.TOO_EARLY
    # What has ended is not reported any more, and that is what was wanted.
    assert rows["webinar-replay"].state == Following.CONFIRMED


def test_spend__of_an_ended_campaign_afterwards__contradicts_the_plan(
    harbour: Harbour, applied: Reallocation, now: datetime
) -> None:
    report(harbour.headlines, AFTER[0], spend=Decimal("40.00"))
    assert since(applied, now + timedelta(days=2))["penalty-headlines"].state == Following.CONTRADICTED


def test_spend__plan_not_applied__has_nothing_to_follow(harbour: Harbour, mia: Actor, now: datetime) -> None:
    assert spend_since(propose_reallocation(by=mia, at=now), at=now) == []


def test_plan_page__applied__says_whether_the_spend_followed(
    harbour: Harbour, applied: Reallocation, dana: Actor, client: Client
) -> None:
    client.force_login(dana.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("plan", args=["harbour", applied.pk])).content.decode()
    assert "Did the spend follow?" in page
    assert "too early to tell" in page
