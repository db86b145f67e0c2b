"""Taking money back out of the reserve: a mistake is mended by a later, opposite row."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from sprints.choices import TransferKind
from sprints.exceptions import Invalid
from sprints.models import Transfer
from sprints.services.ledger import OUTSIDE, RESERVE, transfer
from sprints.services.reallocations import outdate_overdrawn
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event


@transaction.atomic
def correct_reserve(*, amount: Decimal, reason: str, by: Actor, at: datetime) -> Transfer:
    """Take money out of the reserve to outside: what was mistyped, or has left the budget.

    Raises ``TransferRefused`` (``overdrawn``) for more than the reserve holds.
    """
    by.require(Permission.FUND)
    reason = reason.strip()
    if not reason:
        message = _("Say what was wrong, or where the money has gone: a reason is required.")
        raise Invalid.field("reason", "required", message)
    correction = transfer(
        source=RESERVE,
        target=OUTSIDE,
        amount=amount,
        kind=TransferKind.CORRECTION,
        reason=reason,
        by=by,
        at=at,
    )
    exponent = by.workspace.currency_exponent
    record_event(
        EventKind.LEDGER_CORRECTED,
        by=by,
        at=at,
        subject=("workspace", by.workspace.slug),
        data={
            "amount": f"{amount:.{exponent}f}",
            "currency": by.workspace.currency,
            "reserve": f"{by.workspace.reserve:.{exponent}f}",
            "reason": reason,
        },
    )
    # A plan may have wanted what has just been taken out.
    outdate_overdrawn(by.workspace, at=at)
    return correction
