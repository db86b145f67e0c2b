"""A manager's yes or no to exactly the plan that was shown, and the movement that follows.

A plan that has run out or no longer fits is closed *and* the call refused. Both must hold, so these services
own their transaction: they commit the closing first and raise afterwards. They cannot run inside another one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from experiments.models import Campaign
from experiments.selectors.cuts import is_visible
from experiments.services.values import listed
from sprints.choices import ReallocationState, TransferKind
from sprints.exceptions import ApprovalRefused, Invalid, Refused
from sprints.models import Reallocation, ReallocationLine, sentences
from sprints.permissions import require_withdrawal
from sprints.selectors.evidence import budgets_to_set
from sprints.selectors.fit import misfits, why_outdated
from sprints.services.ledger import Account, lock_accounts, transfer
from sprints.services.reallocations.lines import build_line
from sprints.services.reallocations.plans import (
    close_plan,
    digest_of,
    event_data,
    lines_in_order,
    lock_plan,
    subject_of,
)
from sprints.services.reallocations.proposing import write_by_hand
from workspaces.choices import EventKind
from workspaces.models import Workspace
from workspaces.models.spelling import on_day
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event


def approve_reallocation(reallocation_id: int, *, plan_digest: str, by: Actor, at: datetime) -> Reallocation:
    """Approve the plan with this digest; where the policy says so, move the money at once.

    Raises ``ApprovalRefused`` (``own_proposal``, ``digest_mismatch``), ``Refused`` (``expired``,
    ``outdated``: the plan has ended by it) and ``InvalidTransition`` where somebody was sooner.
    """
    by.require(Permission.APPROVE)
    with transaction.atomic(durable=True):
        plan, lines = lock_plan(reallocation_id, by=by)
        plan.check_can_become(ReallocationState.APPROVED)
        if plan.is_proposal_of(by.user):
            raise ApprovalRefused("own_proposal", _why_own(plan, by=by))
        if not plan_digest == plan.plan_digest == digest_of(plan, lines):
            raise ApprovalRefused(
                "digest_mismatch",
                _("This is not the plan that was shown: its digest is {digest}. Read it again.").format(
                    digest=plan.plan_digest
                ),
            )
        refusal = _end_if_expired(plan, lines, at=at) or _end_if_outdated(plan, lines, at=at)
        if refusal is None:
            grant(plan, lines, by=by, at=at)
    if refusal is not None:
        raise refusal
    return plan


def grant(plan: Reallocation, lines: Sequence[ReallocationLine], *, by: Actor, at: datetime) -> None:
    """The yes to a locked plan against which nothing speaks, inside the caller's transaction."""
    plan.move_to(ReallocationState.APPROVED)
    plan.approved_by, plan.approved_at = by.user, at
    plan.save(update_fields=["state", "approved_by", "approved_at"])
    record_event(
        EventKind.REALLOCATION_APPROVED,
        by=by,
        at=at,
        subject=subject_of(plan),
        data=event_data(plan, lines),
    )
    if plan.workspace.apply_on_approval:
        carry_out(plan, lines, by=by, at=at)


def _why_own(plan: Reallocation, *, by: Actor) -> str:
    if plan.proposed_by == by.user:
        return _("Nobody approves their own plan: another manager has to.")
    return _("Nobody approves what a key of their making has proposed: another manager has to.")


def reject_reallocation(reallocation_id: int, *, reason: str, by: Actor, at: datetime) -> Reallocation:
    """Say no, with a reason. Proposers take their own plan back by withdrawing it."""
    by.require(Permission.APPROVE)
    reason = reason.strip()
    if not reason:
        message = _("Say why: the proposer wants to know what would be right.")
        raise Invalid.field("reason", "required", message)
    with transaction.atomic():
        plan, lines = lock_plan(reallocation_id, by=by)
        if plan.is_proposal_of(by.user):
            raise ApprovalRefused("own_proposal", _("This is your own plan: withdraw it instead."))
        close_plan(plan, lines, ReallocationState.REJECTED, reason=reason, by=by, at=at)
    return plan


def withdraw_reallocation(reallocation_id: int, *, reason: str = "", by: Actor, at: datetime) -> Reallocation:
    """Take a plan back: who stands behind it, or a signed-in manager."""
    by.require(Permission.PROPOSE)
    with transaction.atomic():
        plan, lines = lock_plan(reallocation_id, by=by)
        require_withdrawal(plan, by=by)
        reason = reason.strip() or sentences.TAKEN_BACK.format(person=by.label)
        close_plan(plan, lines, ReallocationState.WITHDRAWN, reason=reason, by=by, at=at)
    return plan


@transaction.atomic
def replace_reallocation(
    reallocation_id: int, *, rows: Sequence[int], by: Actor, at: datetime
) -> Reallocation:
    """Approve no more than a part: take the plan back and propose these of its lines, counted from 0.

    The new plan is the proposal of whoever asks, so somebody else approves it.
    """
    by.require(Permission.PROPOSE)
    plan, lines = lock_plan(reallocation_id, by=by)
    require_withdrawal(plan, by=by)
    plan.check_can_become(ReallocationState.WITHDRAWN)
    kept = sorted(set(rows))
    if not kept:
        message = _("Choose the lines of plan {number} that are to be proposed.").format(number=plan.number)
        raise Invalid.field("lines", "required", message)
    if kept[0] < 0 or kept[-1] >= len(lines):
        message = _("Name lines of plan {number}, from 0 to {last}.").format(
            number=plan.number, last=len(lines) - 1
        )
        raise Invalid.field("lines", "unknown_line", message)
    if len(kept) == len(lines):
        message = _("That is all of plan {number}: leave it as it is.").format(number=plan.number)
        raise Invalid.field("lines", "all_lines", message)
    with override(sentences.KEPT_IN):
        rows_said = listed([str(row + 1) for row in kept])
    is_one = len(kept) == 1
    reason = sentences.PROPOSES_LINE if is_one else sentences.PROPOSES_LINES
    rule = sentences.ONLY_LINE if is_one else sentences.ONLY_LINES
    fresh = [
        build_line(
            lines[row].source_campaign,
            lines[row].target_campaign,
            lines[row].amount,
            lines[row].reason,
            workspace=plan.workspace,
        )
        for row in kept
    ]
    close_plan(
        plan,
        lines,
        ReallocationState.WITHDRAWN,
        reason=reason.format(person=by.label, rows=rows_said),
        by=by,
        at=at,
    )
    said = rule.format(rows=rows_said, number=plan.number)
    return write_by_hand(fresh, rule=said, sprint=plan.sprint, by=by, at=at)


def apply_reallocation(reallocation_id: int, *, by: Actor, at: datetime) -> Reallocation:
    """Move the money of an approved plan, once, however many ask for it at the same time.

    Raises ``InvalidTransition`` where it is not approved or already applied, and ``Refused`` (``outdated``)
    where a line no longer fits the ledger: the plan has then ended and nothing has moved.
    """
    by.require(Permission.APPLY)
    with transaction.atomic(durable=True):
        plan, lines = lock_plan(reallocation_id, by=by)
        plan.check_can_become(ReallocationState.APPLIED)
        refusal = _end_if_outdated(plan, lines, at=at)
        if refusal is None:
            carry_out(plan, lines, by=by, at=at)
    if refusal is not None:
        raise refusal
    return plan


def expire_reallocations(*, at: datetime) -> int:
    """Close every proposal whose time is over, in all workspaces; return how many."""
    due = Reallocation.objects.waiting().filter(expires_at__lte=at).select_related("workspace").order_by("pk")
    return sum(_expire(plan.pk, by=Actor.quickno(plan.workspace), at=at) for plan in list(due))


def outdate_reallocations(*, at: datetime) -> int:
    """Close every open plan that no longer fits, in all workspaces; return how many.

    Spend, a stop or a chance that has crossed a limit moves no money, so nobody but the clock sees it.
    """
    open_plans = Reallocation.objects.open().select_related("workspace").order_by("pk")
    return sum(_outdate(plan.pk, by=Actor.quickno(plan.workspace), at=at) for plan in list(open_plans))


@transaction.atomic
def _outdate(reallocation_id: int, *, by: Actor, at: datetime) -> bool:
    plan, lines = lock_plan(reallocation_id, by=by)
    if not plan.is_open:
        return False  # somebody was sooner
    return _end_if_outdated(plan, lines, at=at) is not None


@transaction.atomic
def outdate_overdrawn(workspace: Workspace, *, at: datetime) -> None:
    """Close the open plans that want money which has just gone elsewhere; whoever moves money calls it.

    Only the workspace and the plans are locked: nothing moves here, and the campaigns' order is kept.
    """
    workspace = lock_accounts(workspace)
    plans = Reallocation.objects.of(workspace).open().select_for_update(of=("self",)).order_by("pk")
    for plan in list(plans):
        plan.workspace = workspace
        lines = lines_in_order(plan)
        with override(sentences.KEPT_IN):
            why = [error.message for error in misfits(lines, workspace=workspace, at=at)]
        if why:
            _end(plan, lines, ReallocationState.OUTDATED, why, at=at)


@transaction.atomic
def _expire(reallocation_id: int, *, by: Actor, at: datetime) -> bool:
    plan, lines = lock_plan(reallocation_id, by=by)
    if plan.state != ReallocationState.PROPOSED:
        return False  # somebody was sooner
    return _end_if_expired(plan, lines, at=at) is not None


def _end_if_expired(plan: Reallocation, lines: Sequence[ReallocationLine], *, at: datetime) -> Refused | None:
    if at < plan.expires_at:
        return None
    expired_at = plan.expires_at.astimezone(plan.workspace.tz)
    with override(sentences.KEPT_IN):
        why = sentences.NOT_APPROVED.format(day=on_day(expired_at), time=f"{expired_at:%H:%M}")
    return _end(plan, lines, ReallocationState.EXPIRED, [why], at=at)


def _end_if_outdated(
    plan: Reallocation, lines: Sequence[ReallocationLine], *, at: datetime
) -> Refused | None:
    with override(sentences.KEPT_IN):
        why = why_outdated(plan, lines, at=at)
    return _end(plan, lines, ReallocationState.OUTDATED, why, at=at) if why else None


def _end(
    plan: Reallocation,
    lines: Sequence[ReallocationLine],
    state: ReallocationState,
    why: Sequence[str],
    *,
    at: datetime,
) -> Refused:
    """Close the plan in Quickno's name; return what its reader is told. ``why``: as it is kept."""
    reason = " ".join(why)
    close_plan(plan, lines, state, reason=reason, by=Actor.quickno(plan.workspace), at=at)
    told = _("The plan is {state} and moves nothing. {reason} Propose it again.").format(
        state=state.label, reason=sentences.retold(reason, currency=plan.workspace.currency)
    )
    return Refused(state.value, told)


def carry_out(plan: Reallocation, lines: Sequence[ReallocationLine], *, by: Actor, at: datetime) -> None:
    """Move the money of a locked, approved plan that fits, inside the caller's transaction."""
    for line in lines:
        transfer(
            source=Account.of(line.source_campaign),
            target=Account.of(line.target_campaign),
            amount=line.amount,
            kind=TransferKind.REALLOCATION if line.target_campaign else TransferKind.RELEASE,
            reason=line.reason,
            line=line,
            by=by,
            at=at,
        )
    plan.move_to(ReallocationState.APPLIED)
    plan.applied_at = at
    plan.save(update_fields=["state", "applied_at"])
    budgets = budgets_to_set(lines, at=at)
    _note_cuts(plan.workspace, budgets, at=at)
    record_event(
        EventKind.REALLOCATION_APPLIED,
        by=by,
        at=at,
        subject=subject_of(plan),
        data=event_data(plan, lines) | {"budgets": budgets},
    )
    outdate_overdrawn(plan.workspace, at=at)


def _note_cuts(workspace: Workspace, budgets: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Tell the judge of zombies which campaigns are to spend less; the last plan's word counts."""
    for row in budgets:
        pace, daily = row["pace"], row["daily_budget"]
        is_cut = (
            pace is not None
            and daily is not None
            and Decimal(row["budget"]) < Decimal(row["budget_before"])
            and Decimal(daily) < Decimal(pace)
            and is_visible(pace=Decimal(pace), wanted=Decimal(daily))
        )
        cut = {"cut_at": at, "cut_from": pace, "cut_to": daily} if is_cut else _NO_CUT
        Campaign.objects.of(workspace).filter(key=row["campaign"]).update(**cut)


_NO_CUT = dict.fromkeys(("cut_at", "cut_from", "cut_to"))
