"""Approving a part: the plan is taken back, and some of its lines are proposed anew."""

from datetime import datetime
from decimal import Decimal

import pytest

from sprints.exceptions import ApprovalRefused, Invalid, InvalidTransition
from sprints.models import Reallocation
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    propose_reallocation,
    replace_reallocation,
)
from tests.beginnings import Begin
from tests.factories import make_actor
from tests.money.harbour import Harbour, build_harbour
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.fixture
def plan(begin: Begin, harbour: Harbour, mia: Actor, now: datetime) -> Reallocation:
    """Four lines: 800.00, 1,811.60 and 388.40 to Founder video, 251.60 to the reserve."""
    return begin(propose_reallocation, by=mia, at=now)


def test_replace__two_of_four_lines__proposes_them_and_takes_the_plan_back(
    plan: Reallocation, dana: Actor, workspace: Workspace, now: datetime
) -> None:
    part = replace_reallocation(plan.pk, rows=[2, 0], by=dana, at=now)
    plan.refresh_from_db()
    assert (plan.state, plan.closed_reason) == (
        "withdrawn",
        "dana@harbour.example proposes only lines 1 and 3 of it.",
    )
    assert [line.amount for line in part.lines.order_by("position")] == [Decimal("800.00"), Decimal("388.40")]
    assert part.evidence["rule"] == f"Only lines 1 and 3 of plan {plan.number}, which was taken back."
    with pytest.raises(ApprovalRefused):
        approve_reallocation(part.pk, plan_digest=part.plan_digest, by=dana, at=now)
    other = make_actor(workspace, Role.MANAGER, email="omar@harbour.example")
    approve_reallocation(part.pk, plan_digest=part.plan_digest, by=other, at=now)
    assert apply_reallocation(part.pk, by=dana, at=now).state == "applied"


@pytest.mark.parametrize(
    ("rows", "code"),
    [([], "required"), ([4], "unknown_line"), ([-1, 0], "unknown_line"), ([0, 1, 2, 3], "all_lines")],
)
def test_replace__no_part_of_the_plan__is_refused_and_leaves_it(
    plan: Reallocation, mia: Actor, now: datetime, rows: list[int], code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        replace_reallocation(plan.pk, rows=rows, by=mia, at=now)
    assert refusal.value.errors[0].code == code
    plan.refresh_from_db()
    assert plan.state == "proposed"


def test_replace__approved_already__is_refused(
    plan: Reallocation, mia: Actor, dana: Actor, now: datetime
) -> None:
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    with pytest.raises(InvalidTransition):
        replace_reallocation(plan.pk, rows=[0], by=mia, at=now)
