"""The example of ``docs/money.md``, run: every figure of its tables is read from there."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from experiments.models import Campaign
from sprints.selectors.accounts import balances
from sprints.services.reallocations import apply_reallocation, approve_reallocation, propose_reallocation
from tests.money.harbour import build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "money.md"
Table = list[list[str]]


def tables() -> Iterator[Table]:
    """Those of the example, without their heads: rows of cells."""
    text = DOCUMENT.read_text().partition("## An example, to the cent")[2]
    rows: Table = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip(" *") for cell in line.strip("|").split("|")])
        elif rows:
            yield rows[2:]
            rows = []


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "").replace("−", "-"))


def name_of(campaign: Campaign | None) -> str:
    return campaign.name if campaign else "reserve"


def budgets(workspace: Workspace, at: datetime) -> dict[str, Decimal]:
    found = balances(workspace, at=at)
    return {one.campaign.name: one.budget for one in found.campaigns} | {"Reserve": found.reserve}


def test_example__run_as_it_is_told__comes_to_the_same_cents(
    workspace: Workspace, mia: Actor, dana: Actor, now: datetime
) -> None:
    build_harbour(workspace)
    accounts, lines, moved = tables()

    found = {one.campaign.name: one for one in balances(workspace, at=now).campaigns}
    for name, budget, spent, held, free in accounts[:-1]:
        account = found[name.partition(",")[0]]
        figures = (account.budget, account.spent, account.holdback, account.available)
        assert figures == tuple(map(number, (budget, spent, held, free))), name
    assert balances(workspace, at=now).reserve == number(accounts[-1][1]) == number(accounts[-1][4])

    plan = propose_reallocation(by=mia, at=now)
    proposed = [
        (name_of(line.source_campaign), name_of(line.target_campaign), line.amount)
        for line in plan.lines.order_by("position")
    ]
    assert proposed == [(source, target, number(amount)) for source, target, amount in lines]

    before = budgets(workspace, now)
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    apply_reallocation(plan.pk, by=mia, at=now)
    after = budgets(workspace, now)
    assert {name: number(cell) for name, cell, _, _ in moved[:-1]} == before
    assert {name: number(cell) for name, _, _, cell in moved[:-1]} == after
    assert {name: number(cell) for name, _, cell, _ in moved[:-1]} == {
        name: after[name] - before[name] for name in after
    }
    assert [number(cell) for cell in moved[-1][1:]] == [sum(before.values()), 0, sum(after.values())]
    assert balances(workspace, at=now).outside == -sum(after.values())
