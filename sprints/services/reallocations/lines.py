"""What a plan's lines say, and whether the ledger can do it. Every row that is wrong is named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.models import Campaign
from experiments.services.values import quoted
from sprints.choices import AccountKind
from sprints.exceptions import FieldError, Invalid, TransferRefused
from sprints.models import ReallocationLine
from sprints.models.sentences import MOVED_BY_HAND
from sprints.selectors.fit import misfits
from sprints.services.ledger import check_amount
from workspaces.models import Workspace

MAX_LINES = 100

_RESERVE, _OUTSIDE = AccountKind.RESERVE.value, AccountKind.OUTSIDE.value


def build_line(
    source: Campaign | None, target: Campaign | None, amount: Decimal, reason: str, *, workspace: Workspace
) -> ReallocationLine:
    """A line that is not stored yet; ``None`` is the reserve."""
    return ReallocationLine(
        workspace=workspace,
        source_campaign=source,
        target_campaign=target,
        amount=amount,
        reason=reason[:500],
    )


def read_lines(lines: Sequence[Mapping[str, Any]], *, workspace: Workspace) -> list[ReallocationLine]:
    """Read ``{"from", "to", "amount", "reason"?}``; ``Invalid`` names every row that cannot be."""
    if not lines:
        raise Invalid.field("lines", "required", _("A plan moves something: give at least one line."))
    if len(lines) > MAX_LINES:
        message = _("A plan has at most {most} lines, not {number}.")
        raise Invalid.field("lines", "too_many", message.format(most=MAX_LINES, number=len(lines)))
    campaigns = _find_campaigns(lines, workspace=workspace)
    read: list[ReallocationLine] = []
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for row, line in enumerate(lines):
        pair = str(line.get("from", "")), str(line.get("to", ""))
        wrong = [*_wrong_accounts(pair, campaigns), *_wrong_amount(line.get("amount"), workspace)]
        if pair in seen and all(pair):
            message = _("An earlier line moves money between the same two; put both in one line.")
            wrong.append(FieldError("duplicate_line", message, field="to"))
        if pair[::-1] in seen and pair[0] != pair[1]:
            message = _("An earlier line moves money the other way; put the difference in one line.")
            wrong.append(FieldError("opposite_line", message, field="to"))
        seen.add(pair)
        errors += [replace(error, row=row) for error in wrong]
        if not wrong:
            source, target = (campaigns.get(key) for key in pair)
            reason = str(line.get("reason") or MOVED_BY_HAND)
            read.append(build_line(source, target, _amount(line["amount"]), reason, workspace=workspace))
    if errors:
        raise Invalid("invalid_lines", _summary(errors, of=len(lines)), errors=errors)
    return read


def _find_campaigns(lines: Sequence[Mapping[str, Any]], *, workspace: Workspace) -> dict[str, Campaign]:
    keys = {str(line.get(side, "")) for line in lines for side in ("from", "to")}
    # PostgreSQL takes no NUL in a text, not even to say that there is none such.
    wanted = [key for key in keys if key != _RESERVE and "\x00" not in key]
    found = Campaign.objects.of(workspace).filter(key__in=wanted).select_related("workspace", "hypothesis")
    return {campaign.key: campaign for campaign in found}


def _wrong_accounts(pair: tuple[str, str], campaigns: Mapping[str, Campaign]) -> Iterator[FieldError]:
    for field, key in zip(("from", "to"), pair, strict=True):
        if not key:
            message = _("Give the key of a campaign, or “{reserve}”.").format(reserve=_RESERVE)
            yield FieldError("required", message, field=field)
        elif key == _OUTSIDE and key not in campaigns:
            message = _(
                "A plan moves no money from or to outside. Money comes in by funding the reserve: "
                "give the key of a campaign, or “{reserve}”."
            ).format(reserve=_RESERVE)
            yield FieldError("unknown_campaign", message, field=field)
        elif key != _RESERVE and key not in campaigns:
            message = _(
                "There is no campaign “{campaign}” here. Give the key of one, or “{reserve}”."
            ).format(campaign=quoted(key), reserve=_RESERVE)
            yield FieldError("unknown_campaign", message, field=field)
    if pair[0] and pair[0] == pair[1]:
        message = _("Money cannot move from {account} to itself.").format(account=pair[0])
        yield FieldError("same_account", message, field="to")


def _wrong_amount(amount: object, workspace: Workspace) -> Iterator[FieldError]:
    try:
        check_amount(_amount(amount), workspace=workspace)
    except Invalid as error:
        yield from error.errors


def _amount(value: object) -> Decimal:
    if value is None:
        raise Invalid.field("amount", "required", _("Say how much."))
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        message = _("“{amount}” is not an amount of money.").format(amount=quoted(value))
        raise Invalid.field("amount", "not_a_number", message) from None


def _summary(errors: Sequence[FieldError], *, of: int) -> str:
    rows = len({error.row for error in errors})
    cannot = ngettext("{rows} of {of} line cannot be.", "{rows} of {of} lines cannot be.", of)
    return f"{cannot.format(rows=rows, of=of)} {errors[0].message}"


def check_fit(lines: Sequence[ReallocationLine], *, workspace: Workspace, at: datetime) -> None:
    """Raise ``TransferRefused`` with every row that does not fit."""
    errors = misfits(lines, workspace=workspace, at=at)
    if errors:
        raise TransferRefused(errors[0].code, _summary(errors, of=len(lines)), errors=errors)
