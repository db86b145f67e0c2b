"""A plan ends when it can no longer be carried out, not when somebody tries; no page offers it meanwhile."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign
from experiments.services.campaigns import kill_campaign
from experiments.services.hypotheses import create_hypothesis
from sprints.choices import ReallocationState
from sprints.models import Reallocation, Transfer
from sprints.selectors.today import read_today
from sprints.services.planning import start_sprint
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    outdate_reallocations,
    propose_reallocation,
)
from tests.beginnings import Begin
from tests.factories import hypothesis_values, make_draft, make_sprint, report
from tests.money.harbour import Harbour, build_harbour
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


def plan_of(amount: str, source: str, target: str, *, by: Actor, at: datetime) -> Reallocation:
    line = {"from": source, "to": target, "amount": Decimal(amount)}
    return create_reallocation(lines=[line], by=by, at=at)


def carry_out(plan: Reallocation, *, by: Actor, at: datetime) -> None:
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=by, at=at)
    apply_reallocation(plan.pk, by=by, at=at)


def state_of(plan: Reallocation) -> str:
    return Reallocation.objects.values_list("state", flat=True).get(pk=plan.pk)


def test_apply__another_plan_wanted_the_same_money__ends_that_one_and_no_other(
    harbour: Harbour, mia: Actor, dana: Actor, now: datetime
) -> None:
    first = plan_of("1811.60", "penalty-headlines", "founder-video", by=mia, at=now)
    same_money = plan_of("1500.00", "penalty-headlines", "reserve", by=mia, at=now)
    approved = plan_of("900.00", "penalty-headlines", "reserve", by=mia, at=now)
    approve_reallocation(approved.pk, plan_digest=approved.plan_digest, by=dana, at=now)
    other_money = plan_of("640.00", "webinar-replay", "reserve", by=mia, at=now)
    carry_out(first, by=dana, at=now)
    assert [state_of(plan) for plan in (first, same_money, approved, other_money)] == [
        ReallocationState.APPLIED,
        ReallocationState.OUTDATED,
        ReallocationState.OUTDATED,
        ReallocationState.PROPOSED,
    ]
    same_money.refresh_from_db()
    assert same_money.closed_reason == "Penalty headlines can give at most $0.00; $1,500.00 was asked."
    told = Event.objects.filter(kind="reallocation.outdated").values_list("subject_id", flat=True)
    assert {int(subject) for subject in told} == {same_money.pk, approved.pk}


def test_launch__takes_the_reserve_that_a_plan_wanted__ends_the_plan(
    harbour: Harbour, mia: Actor, now: datetime
) -> None:
    plan = plan_of("1000.00", "reserve", "founder-video", by=mia, at=now)
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=now)
    make_draft(mia, hypothesis, "office-skits", at=now)
    start_sprint(make_sprint(mia, hypothesis, at=now).pk, by=mia, at=now)
    assert state_of(plan) == ReallocationState.OUTDATED


def test_outdate__receiver_was_killed__ends_the_plan_once(
    harbour: Harbour, mia: Actor, now: datetime
) -> None:
    plan = plan_of("640.00", "webinar-replay", "founder-video", by=mia, at=now)
    assert outdate_reallocations(at=now) == 0
    kill_campaign("founder-video", reason="Nobody watched.", by=mia, at=now)
    assert outdate_reallocations(at=now) == 1
    assert outdate_reallocations(at=now) == 0
    plan.refresh_from_db()
    assert (plan.state, plan.closed_reason) == (
        ReallocationState.OUTDATED,
        "Campaign founder-video is killed: it cannot receive money.",
    )
    assert not Transfer.objects.filter(line__isnull=False).exists()


def test_outdate__receiver_crossed_its_limit__ends_a_proposal_but_no_approved_plan(
    harbour: Harbour, mia: Actor, dana: Actor, now: datetime
) -> None:
    approved, proposed = (
        plan_of(amount, "webinar-replay", "founder-video", by=mia, at=now) for amount in ("300.00", "340.00")
    )
    approve_reallocation(approved.pk, plan_digest=approved.plan_digest, by=dana, at=now)
    for day in range(9, 16):
        report(harbour.founder, date(2026, 11, day), arm="a", spend=Decimal(100), conversions=0)
        report(harbour.founder, date(2026, 11, day), arm="b", spend=Decimal(100), conversions=1)
    assert outdate_reallocations(at=now) == 1
    assert state_of(proposed) == ReallocationState.OUTDATED
    assert state_of(approved) == ReallocationState.APPROVED


def test_pages__plan_that_no_longer_fits__do_not_offer_it(
    harbour: Harbour, mia: Actor, dana: Actor, client: Client, now: datetime
) -> None:
    plan = plan_of("640.00", "webinar-replay", "founder-video", by=mia, at=now)
    assert [item.plan for item in read_today(dana.workspace, by=dana, at=now).plans] == [plan]
    report(harbour.replay, date(2026, 11, 12), spend="1.00")
    assert list(read_today(dana.workspace, by=dana, at=now).plans) == []
    assert dana.user is not None
    client.force_login(dana.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("plan", args=["harbour", plan.pk])).content.decode()
    assert "It no longer fits" in page
    assert "$640.00 was asked." in page
    assert reverse("plan_approve", args=["harbour", plan.pk]) not in page


def test_plan__finished_donor_with_a_day_to_report__says_what_is_held_back(
    harbour: Harbour, mia: Actor, now: datetime
) -> None:
    kill_campaign("pricing-calculator", reason="Too dear.", by=mia, at=now)
    plan = propose_reallocation(by=mia, at=now)
    said = {row["campaign"]: row["sentence"] for row in plan.evidence["campaigns"]}
    assert said["pricing-calculator"] == (
        "Pricing calculator is killed: what is unspent is free except $200.00, "
        "held back for 1 day not reported whole yet."
    )
    assert Campaign.objects.get(key="pricing-calculator").budget == Decimal("3000.00")
