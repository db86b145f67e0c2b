"""A plan's row: written with its digest, locked before anything is done with it, closed with a reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from sprints.choices import ReallocationMethod, ReallocationState
from sprints.exceptions import NotFound
from sprints.models import Reallocation, ReallocationLine, Sprint
from sprints.models.ledger import plan_digest
from sprints.services.ledger import lock_accounts
from workspaces.choices import EventKind
from workspaces.permissions import Actor
from workspaces.services import record_event

CLOSING_EVENTS = {
    ReallocationState.REJECTED: EventKind.REALLOCATION_REJECTED,
    ReallocationState.WITHDRAWN: EventKind.REALLOCATION_WITHDRAWN,
    ReallocationState.EXPIRED: EventKind.REALLOCATION_EXPIRED,
    ReallocationState.OUTDATED: EventKind.REALLOCATION_OUTDATED,
}


def write_plan(
    lines: Sequence[ReallocationLine],
    *,
    evidence: Mapping[str, Any],
    method: ReallocationMethod,
    sprint: Sprint | None = None,
    undoes: Reallocation | None = None,
    by: Actor,
    at: datetime,
) -> Reallocation:
    """Store a proposal with the evidence frozen, and tell of it. Whoever calls holds the workspace's lock."""
    workspace = by.workspace
    last = Reallocation.objects.of(workspace).aggregate(last=Max("number"))["last"] or 0
    plan = Reallocation(
        workspace=workspace,
        number=last + 1,
        sprint=sprint,
        method=method,
        evidence=dict(evidence),
        proposed_by=by.user,
        proposed_key_maker=by.key_maker,
        proposed_at=at,
        expires_at=at + timedelta(hours=workspace.plan_expiry_hours),
        undoes=undoes,
    )
    for position, line in enumerate(lines):
        line.reallocation, line.position = plan, position
    plan.plan_digest = digest_of(plan, lines)
    plan.save()
    ReallocationLine.objects.bulk_create(lines)
    record_event(
        EventKind.REALLOCATION_PROPOSED, by=by, at=at, subject=subject_of(plan), data=event_data(plan, lines)
    )
    return plan


def lock_plan(reallocation_id: int, *, by: Actor) -> tuple[Reallocation, list[ReallocationLine]]:
    """The plan and its lines, with every row locked that applying it would change, in the one order."""
    lines = ReallocationLine.objects.of(by.workspace).filter(reallocation=reallocation_id)
    sides = [
        *lines.values_list("source_campaign", flat=True),
        *lines.values_list("target_campaign", flat=True),
    ]
    workspace = lock_accounts(by.workspace, [side for side in sides if side])
    plan = (
        Reallocation.objects.of(workspace)
        .select_for_update(of=("self",))
        .select_related("proposed_by", "proposed_key_maker", "approved_by")
        .filter(pk=reallocation_id)
        .first()
    )
    if plan is None:
        raise NotFound(_("There is no plan {number} here.").format(number=reallocation_id))
    plan.workspace = workspace
    # Read after the locks, so that budgets and states are those that hold until the end.
    return plan, lines_in_order(plan)


def lines_in_order(plan: Reallocation) -> list[ReallocationLine]:
    """The plan's lines with both of their campaigns, as they are now."""
    return list(
        ReallocationLine.objects.filter(reallocation=plan)
        .select_related("source_campaign__hypothesis", "target_campaign__hypothesis")
        .select_related("source_campaign__workspace", "target_campaign__workspace")
        .order_by("position")
    )


def close_plan(
    plan: Reallocation,
    lines: Sequence[ReallocationLine],
    state: ReallocationState,
    *,
    reason: str,
    by: Actor,
    at: datetime,
) -> None:
    """End a plan without moving anything."""
    plan.move_to(state)
    plan.closed_at = at
    plan.closed_reason = reason[:1000]
    plan.save(update_fields=["state", "closed_at", "closed_reason"])
    record_event(
        CLOSING_EVENTS[state],
        by=by,
        at=at,
        subject=subject_of(plan),
        data=event_data(plan, lines) | {"reason": plan.closed_reason},
    )


def digest_of(plan: Reallocation, lines: Sequence[ReallocationLine]) -> str:
    exponent = plan.workspace.currency_exponent
    return plan_digest((line.canonical(exponent) for line in lines), evidence=plan.evidence)


def subject_of(plan: Reallocation) -> tuple[str, int]:
    return ("reallocation", plan.pk)


def event_data(plan: Reallocation, lines: Sequence[ReallocationLine]) -> dict[str, Any]:
    """What a reader of the feed or an automation needs: the amounts, and from where to where."""
    exponent = plan.workspace.currency_exponent
    return {
        "number": plan.number,
        "total": f"{sum(line.amount for line in lines):.{exponent}f}",
        "currency": plan.workspace.currency,
        "lines": [line.canonical(exponent) for line in lines],
        "plan_digest": plan.plan_digest,
        "sprint": plan.sprint_id,
    }
