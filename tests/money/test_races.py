"""However many clicks and workers race, a plan is approved once, applied once, and no cent is lost."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from experiments.models import Campaign
from sprints.choices import ReallocationState, TransferKind
from sprints.models import Reallocation, Transfer
from sprints.selectors.accounts import balances
from sprints.services.corrections import correct_reserve
from sprints.services.ledger import RESERVE, Account, fund_launch, transfer
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    expire_reallocations,
    propose_reallocation,
    replace_reallocation,
    undo_reallocation,
    withdraw_reallocation,
)
from tests.factories import fill_reserve, make_actor, make_campaign, make_workspace
from tests.money.harbour import build_harbour
from tests.racing import race
from workspaces.choices import Role
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

NOW = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
RACERS = 8

pytestmark = pytest.mark.usefixtures("shared_db")


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace("harbour", timezone="America/Chicago")


@pytest.fixture
def plan(workspace: Workspace) -> Reallocation:
    build_harbour(workspace)
    return propose_reallocation(by=make_actor(workspace, Role.MARKETER, email="mia@harbour.example"), at=NOW)


@pytest.fixture
def managers(workspace: Workspace) -> list[Actor]:
    return [
        make_actor(workspace, Role.MANAGER, email=f"manager-{number}@harbour.example")
        for number in range(RACERS)
    ]


def check_balances(workspace: Workspace) -> None:
    found = balances(workspace, at=NOW)
    workspace.refresh_from_db()
    assert found.outside + found.reserve + sum(one.budget for one in found.campaigns) == 0
    assert found.reserve == workspace.reserve
    assert {one.key: one.budget for one in found.campaigns} == dict(
        Campaign.objects.of(workspace).values_list("key", "budget")
    )


def test_approve__eight_managers_at_once__one_of_them_did_it(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    outcome = race(
        *(
            lambda by=by: approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=by, at=NOW)
            for by in managers
        )
    )
    assert outcome == ["done"] + ["invalid_transition"] * (RACERS - 1)
    assert Event.objects.filter(kind="reallocation.approved").count() == 1
    check_balances(workspace)


def test_approve__eight_managers_at_once_where_it_is_applied_at_once__moves_the_money_once(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    Workspace.objects.update(apply_on_approval=True)
    outcome = race(
        *(
            lambda by=by: approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=by, at=NOW)
            for by in managers
        )
    )
    assert outcome == ["done"] + ["invalid_transition"] * (RACERS - 1)
    assert Transfer.objects.filter(line__isnull=False).count() == 4
    assert Campaign.objects.get(key="founder-video").budget == Decimal("9000.00")
    check_balances(workspace)


def test_apply__eight_at_once__moves_the_money_once(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=managers[0], at=NOW)
    outcome = race(*(lambda by=by: apply_reallocation(plan.pk, by=by, at=NOW) for by in managers))
    assert outcome == ["done"] + ["invalid_transition"] * (RACERS - 1)
    assert Transfer.objects.filter(line__isnull=False).count() == 4
    assert Campaign.objects.get(key="founder-video").budget == Decimal("9000.00")
    assert Event.objects.filter(kind="reallocation.applied").count() == 1
    check_balances(workspace)


def test_plan__approved_withdrawn_and_expired_at_once__comes_to_one_end(
    plan: Reallocation, managers: list[Actor]
) -> None:
    Reallocation.objects.update(expires_at=NOW)
    race(
        lambda: approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=managers[0], at=NOW),
        lambda: withdraw_reallocation(plan.pk, by=managers[1], at=NOW),
        lambda: expire_reallocations(at=NOW),
    )
    plan.refresh_from_db()
    ends = Event.objects.filter(subject_type="reallocation").exclude(kind="reallocation.proposed")
    assert plan.state in {ReallocationState.WITHDRAWN, ReallocationState.EXPIRED}
    assert [event.kind for event in ends] == [f"reallocation.{plan.state}"]


def test_plan__approved_and_replaced_in_part_by_all_at_once__one_of_them_did_it(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    approvals = [
        lambda by=by: approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=by, at=NOW)
        for by in managers[:4]
    ]
    parts = [lambda by=by: replace_reallocation(plan.pk, rows=[0], by=by, at=NOW) for by in managers[4:]]
    outcome = race(*approvals, *parts)
    assert outcome == ["done"] + ["invalid_transition"] * (RACERS - 1)
    plan.refresh_from_db()
    plans = Reallocation.objects.order_by("pk")
    if plan.state == ReallocationState.APPROVED:
        assert list(plans) == [plan]
    else:
        assert [one.state for one in plans] == ["withdrawn", "proposed"]
    check_balances(workspace)


def test_plan__approved_withdrawn_replaced_and_expired_at_once__comes_to_one_end(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    Reallocation.objects.update(expires_at=NOW)
    race(
        lambda: approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=managers[0], at=NOW),
        lambda: withdraw_reallocation(plan.pk, by=managers[1], at=NOW),
        lambda: replace_reallocation(plan.pk, rows=[0, 1], by=managers[2], at=NOW),
        lambda: expire_reallocations(at=NOW),
    )
    plan.refresh_from_db()
    told = Event.objects.filter(subject_type="reallocation", subject_id=str(plan.pk))
    assert plan.state in {ReallocationState.WITHDRAWN, ReallocationState.EXPIRED}
    assert [event.kind for event in told.order_by("id")] == [
        "reallocation.proposed",
        f"reallocation.{plan.state}",
    ]
    assert Reallocation.objects.exclude(pk=plan.pk).count() <= 1
    check_balances(workspace)


def test_undo__eight_at_once__makes_one_opposite_plan(
    plan: Reallocation, managers: list[Actor], workspace: Workspace
) -> None:
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=managers[0], at=NOW)
    apply_reallocation(plan.pk, by=managers[0], at=NOW)
    outcome = race(*(lambda by=by: undo_reallocation(plan.pk, by=by, at=NOW) for by in managers))
    assert outcome == ["already_undone"] * (RACERS - 1) + ["done"]
    assert Reallocation.objects.filter(undoes=plan).count() == 1
    check_balances(workspace)


def test_propose__eight_clicks__make_one_plan(workspace: Workspace) -> None:
    build_harbour(workspace)
    mia = make_actor(workspace, Role.MARKETER, email="mia@harbour.example")
    outcome = race(*(lambda: propose_reallocation(by=mia, at=NOW) for _ in range(RACERS)))
    assert outcome == ["already_proposed"] * (RACERS - 1) + ["done"]
    assert Reallocation.objects.count() == 1


def test_fund_launch__eight_campaigns_on_one_reserve__share_it_to_the_cent(workspace: Workspace) -> None:
    fill_reserve(workspace, "1000.00")
    mia = make_actor(workspace, Role.MARKETER, email="mia@harbour.example")
    drafts = [
        make_campaign(workspace, f"campaign-{number}", planned_budget=Decimal("300.05"))
        for number in range(RACERS)
    ]
    assert race(*(lambda one=one: fund_launch(one, by=mia, at=NOW) for one in drafts)) == ["done"] * RACERS
    workspace.refresh_from_db()
    assert workspace.reserve == 0
    assert {one.budget for one in Campaign.objects.all()} == {Decimal("300.05")}
    # 8 × 300.05 less the 1,000.00 that came in before.
    assert balances(workspace, at=NOW).outside == Decimal("-2400.40")
    check_balances(workspace)


def test_transfer__eight_takers_of_the_same_money__one_gets_it(workspace: Workspace) -> None:
    harbour = build_harbour(workspace)
    mia = make_actor(workspace, Role.MARKETER, email="mia@harbour.example")
    # 3,000 − 2,000 − 200: 800.00 is free, and each asks for more than half of it.
    outcome = race(
        *(
            lambda: transfer(
                source=Account.of(Campaign.objects.get(pk=harbour.calculator.pk)),
                target=RESERVE,
                amount=Decimal("400.01"),
                kind=TransferKind.RELEASE,
                by=mia,
                at=NOW,
            )
            for _ in range(RACERS)
        )
    )
    assert outcome == ["done"] + ["overdrawn"] * (RACERS - 1)
    check_balances(workspace)


def test_transfer__opposite_movements_between_two_campaigns__never_wait_in_a_circle(
    workspace: Workspace,
) -> None:
    harbour = build_harbour(workspace)
    mia = make_actor(workspace, Role.MARKETER, email="mia@harbour.example")

    def move(source: Campaign, target: Campaign) -> None:
        transfer(
            source=Account.of(Campaign.objects.get(pk=source.pk)),
            target=Account.of(Campaign.objects.get(pk=target.pk)),
            amount=Decimal("1.00"),
            kind=TransferKind.CORRECTION,
            by=mia,
            at=NOW,
        )

    there = [lambda: move(harbour.founder, harbour.calculator)] * (RACERS // 2)
    back = [lambda: move(harbour.calculator, harbour.founder)] * (RACERS // 2)
    assert race(*there, *back) == ["done"] * RACERS
    check_balances(workspace)


def test_correct_reserve__two_at_once_for_all_of_it__one_of_them_is_refused(
    workspace: Workspace, managers: list[Actor]
) -> None:
    fill_reserve(workspace, "500.00")
    outcome = race(
        *(
            lambda by=by: correct_reserve(amount=Decimal("250.01"), reason="Mistyped", by=by, at=NOW)
            for by in managers[:2]
        )
    )
    assert outcome == ["done", "overdrawn"]
    assert Event.objects.filter(kind="ledger.corrected").count() == 1
    check_balances(workspace)
