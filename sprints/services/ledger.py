"""The only hand that writes the ledger: money moves by one row, or it does not move.

Whoever moves money holds the row of the workspace and then those of the campaigns in the order of their ids,
so that two movements never see the same money twice and never wait for each other in a circle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Self

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.models import Campaign
from experiments.services.values import quoted
from sprints.choices import AccountKind, TransferKind
from sprints.exceptions import Invalid, Refused, TransferRefused
from sprints.models import ReallocationLine, Transfer
from sprints.models.sentences import BUDGET_OF
from sprints.selectors.accounts import LARGEST_AMOUNT, account_of
from sprints.selectors.fit import excess, shortfall
from workspaces.choices import EventKind
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event


@dataclass(frozen=True, slots=True)
class Account:
    """One side of a transfer: outside, the reserve, or a campaign."""

    kind: AccountKind
    campaign: Campaign | None = None

    @classmethod
    def of(cls, campaign: Campaign | None) -> Self:
        """The campaign's account; that of the reserve for ``None``."""
        return cls(AccountKind.CAMPAIGN, campaign) if campaign else cls(AccountKind.RESERVE)


OUTSIDE = Account(AccountKind.OUTSIDE)
RESERVE = Account(AccountKind.RESERVE)


def check_amount(amount: Decimal, *, workspace: Workspace, field: str = "amount") -> Decimal:
    """The amount as it is if the ledger of this workspace can move it.

    Raises ``Invalid`` with the field for what is not a number, not positive, too large, or finer than the
    currency's smallest unit (a cent of a dollar, a whole yen, a fils of a dinar).
    """
    if not amount.is_finite():
        raise Invalid.field(
            field, "not_finite", _("“{amount}” is not an amount of money.").format(amount=amount)
        )
    if amount <= 0:
        message = _("The amount must be more than zero, not {amount}.").format(amount=amount)
        raise Invalid.field(field, "not_positive", message)
    if amount > LARGEST_AMOUNT:
        message = _("{amount} is more than the ledger can hold, {most}.").format(
            amount=quoted(amount), most=LARGEST_AMOUNT.quantize(workspace.money_unit, ROUND_FLOOR)
        )
        raise Invalid.field(field, "too_large", message)
    if amount % workspace.money_unit:
        raise Invalid.field(
            field,
            "too_fine",
            _("{amount} is finer than {currency} goes: the smallest unit is {unit}.").format(
                amount=amount, currency=workspace.currency, unit=workspace.money_unit
            ),
        )
    return amount


def lock_accounts(workspace: Workspace, campaign_ids: Iterable[int] = ()) -> Workspace:
    """Take the locks of a movement, in their one order; return the workspace with its reserve as it is now.

    An insert of any row of the tenant holds the workspace's key, so the lock leaves the key alone: otherwise
    two launches that have each written an event would wait for one another.
    """
    locked = Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    ids = set(campaign_ids)
    if ids:
        list(Campaign.objects.of(workspace).filter(pk__in=ids).select_for_update(no_key=True).order_by("pk"))
    return locked


@transaction.atomic
def transfer(
    *,
    source: Account,
    target: Account,
    amount: Decimal,
    kind: TransferKind,
    reason: str = "",
    line: ReallocationLine | None = None,
    by: Actor,
    at: datetime,
) -> Transfer:
    """Move money by one row; for services only, which have asked for the permission and write the event.

    Raises ``Invalid`` for an amount that is none, and ``TransferRefused``: ``overdrawn`` where the reserve
    has less, or the campaign has less than that above its spend and its holdback; ``too_large`` where the
    other side would hold more than the ledger can.
    """
    check_amount(amount, workspace=by.workspace)
    campaigns = [account.campaign for account in (source, target) if account.campaign is not None]
    workspace = lock_accounts(by.workspace, [campaign.pk for campaign in campaigns])
    for campaign in campaigns:
        campaign.refresh_from_db(fields=["budget", "status", "ended_at", "paused_at"])
    if source.kind != AccountKind.OUTSIDE:
        account = account_of(source.campaign, at=at) if source.campaign else None
        if why := shortfall(account, amount, workspace=workspace):
            raise TransferRefused("overdrawn", why)
    if target.kind != AccountKind.OUTSIDE and (why := excess(target.campaign, amount, workspace=workspace)):
        raise TransferRefused("too_large", why)
    moved = Transfer.objects.create(
        workspace=workspace,
        kind=kind,
        source_kind=source.kind,
        source_campaign=source.campaign,
        target_kind=target.kind,
        target_campaign=target.campaign,
        amount=amount,
        at=at,
        by=by.user,
        by_label=by.label[:200],
        reason=reason,
        line=line,
    )
    # The trigger has added the row to the balances.
    by.workspace.refresh_from_db(fields=["reserve"])
    for campaign in campaigns:
        campaign.refresh_from_db(fields=["budget"])
    return moved


@transaction.atomic
def fund_reserve(*, amount: Decimal, reason: str, by: Actor, at: datetime) -> Transfer:
    """Bring money from outside into the reserve."""
    by.require(Permission.FUND)
    reason = reason.strip()
    if not reason:
        message = _("Say where the money comes from: a reason is required.")
        raise Invalid.field("reason", "required", message)
    funding = transfer(
        source=OUTSIDE,
        target=RESERVE,
        amount=amount,
        kind=TransferKind.FUNDING,
        reason=reason,
        by=by,
        at=at,
    )
    record_event(
        EventKind.LEDGER_FUNDED,
        by=by,
        at=at,
        subject=("workspace", by.workspace.slug),
        data={
            "amount": f"{amount:.{by.workspace.currency_exponent}f}",
            "currency": by.workspace.currency,
            "reserve": f"{by.workspace.reserve:.{by.workspace.currency_exponent}f}",
            "reason": reason,
        },
    )
    return funding


@transaction.atomic
def fund_launch(campaign: Campaign, *, by: Actor, at: datetime) -> list[Transfer]:
    """Give a campaign its planned budget: from the reserve as far as it reaches, the rest from outside.

    Happens once in a campaign's life. The caller, who launches it, writes the event.
    """
    by.require(Permission.PLAN)
    if campaign.planned_budget is None:
        message = _("Campaign {campaign} has no budget; give it one before the launch.")
        raise Refused("no_budget", message.format(campaign=campaign.key))
    check_amount(campaign.planned_budget, workspace=by.workspace, field="budget")
    workspace = lock_accounts(by.workspace, [campaign.pk])
    if Transfer.objects.of(workspace).filter(kind=TransferKind.LAUNCH, target_campaign=campaign).exists():
        message = _("Campaign {campaign} was given its budget before.")
        raise Refused("already_funded", message.format(campaign=campaign.key))
    from_reserve = min(workspace.reserve, campaign.planned_budget)
    shares = [(RESERVE, from_reserve), (OUTSIDE, campaign.planned_budget - from_reserve)]
    return [
        transfer(
            source=source,
            target=Account.of(campaign),
            amount=amount,
            kind=TransferKind.LAUNCH,
            reason=BUDGET_OF.format(campaign=campaign.name)[:500],
            by=by,
            at=at,
        )
        for source, amount in shares
        if amount
    ]
