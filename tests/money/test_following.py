"""After a plan was applied: whether the platforms spend as it said."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from experiments.choices import ZombieSignal
from experiments.models import ZombieFlag
from experiments.services.judging import judge_campaigns
from sprints.choices import Following
from sprints.models import Reallocation
from sprints.selectors.following import SpendSince, spend_since
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    undo_reallocation,
)
from tests.beginnings import Begin
from tests.factories import report
from tests.money.harbour import Harbour, build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor

# The plan is applied on the 19th: Founder video to 850 a day from 200, Pricing calculator to 0 from 200.
AFTER = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22))


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.fixture
def applied(begin: Begin, harbour: Harbour, mia: Actor, dana: Actor, now: datetime) -> Reallocation:
    return begin(carry_out, mia, dana, now)


def carry_out(mia: Actor, dana: Actor, now: datetime) -> Reallocation:
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


@pytest.mark.parametrize(
    ("days", "state"), [(0, Following.TOO_EARLY), (1, Following.TOO_EARLY), (2, Following.CONFIRMED)]
)
def test_spend__of_an_ended_campaign__confirms_nothing_before_a_whole_day_is_over(
    harbour: Harbour, applied: Reallocation, now: datetime, days: int, state: Following
) -> None:
    assert since(applied, now + timedelta(days=days))["webinar-replay"].state == state


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
    # Said once: what was proposed is another number where a day has passed since.
    assert "daily budget to set" not in page


def flagged(harbour: Harbour, at: datetime) -> dict[str, ZombieFlag]:
    """The campaigns whose spend is too high, by key, after a judging at that time."""
    judge_campaigns([harbour.founder.pk, harbour.calculator.pk], at=at)
    flags = ZombieFlag.objects.unresolved().filter(signal=ZombieSignal.OVERSPENT)
    return {flag.campaign.key: flag for flag in flags.select_related("campaign")}


@pytest.fixture
def cut(harbour: Harbour, mia: Actor, dana: Actor, now: datetime) -> Reallocation:
    """Pricing calculator keeps 360, of which the 19th takes 200: 20 a day are left where it was 200."""
    lines = [{"from": "pricing-calculator", "to": "founder-video", "amount": Decimal(640)}]
    plan = create_reallocation(lines=lines, by=mia, at=now)
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    return apply_reallocation(plan.pk, by=dana, at=now)


def test_cut__spend_goes_on_as_before__is_overspent_by_what_lies_beyond_the_cut(
    harbour: Harbour, cut: Reallocation, now: datetime
) -> None:
    spend(harbour, founder="200.00", calculator="110.01", days=2)
    (flag,) = flagged(harbour, now + timedelta(days=4)).values()
    assert (flag.campaign, flag.since) == (harbour.calculator, cut.applied_at)
    assert (flag.money_since, flag.money_per_day) == (Decimal("180.02"), Decimal("90.01"))
    assert {key: flag.evidence[key] for key in ("cut_from", "cut_to", "per_day")} == {
        "cut_from": "200.00",
        "cut_to": "20.00",
        "per_day": "110.01",
    }


@pytest.mark.parametrize(("per_day", "days"), [("110.00", 2), ("200.00", 1)])
def test_cut__half_way_or_too_early_to_tell__is_not_overspent(
    harbour: Harbour, cut: Reallocation, now: datetime, per_day: str, days: int
) -> None:
    spend(harbour, founder="850.00", calculator=per_day, days=days)
    assert flagged(harbour, now + timedelta(days=4)) == {}


def test_cut__undone_by_a_later_plan__is_none_any_more(
    harbour: Harbour, cut: Reallocation, mia: Actor, dana: Actor, now: datetime
) -> None:
    later = now + timedelta(hours=1)
    back = undo_reallocation(cut.pk, by=mia, at=later)
    approve_reallocation(back.pk, plan_digest=back.plan_digest, by=dana, at=later)
    apply_reallocation(back.pk, by=dana, at=later)
    spend(harbour, founder="200.00", calculator="200.00", days=2)
    assert "pricing-calculator" not in flagged(harbour, now + timedelta(days=4))
