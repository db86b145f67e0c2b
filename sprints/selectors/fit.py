"""Whether a plan can still move its money: what the ledger, the campaigns and their chances say by now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from django.utils.translation import gettext as _

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.selectors.measurements import Measurements
from sprints.choices import ReallocationMethod, ReallocationState
from sprints.exceptions import FieldError
from sprints.models import Reallocation, ReallocationLine, sentences
from sprints.selectors.accounts import LARGEST_AMOUNT, NOTHING, CampaignAccount, campaign_accounts
from sprints.selectors.evidence import crossings
from sprints.selectors.ranks import overtaken
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency


def why_outdated(plan: Reallocation, lines: Sequence[ReallocationLine], *, at: datetime) -> list[str]:
    """Sentences for what has changed since an open plan was made; empty where it could still be carried out.

    An approved plan has its yes: only the ledger can stand in its way.
    """
    why = [error.message for error in misfits(lines, workspace=plan.workspace, at=at)]
    if plan.state == ReallocationState.APPROVED:
        return why
    changed = overtaken if plan.method == ReallocationMethod.THOMPSON else crossings
    return [*why, *changed(plan, lines, at=at)]


def donor_accounts(
    lines: Iterable[ReallocationLine], *, measured: Measurements | None = None, at: datetime
) -> dict[int, CampaignAccount]:
    """The accounts of the campaigns that these lines take from, by id, read together.

    ``measured``: where it has been read, the spend of these campaigns and perhaps of others.
    """
    donors = {line.source_campaign.pk: line.source_campaign for line in lines if line.source_campaign}
    return campaign_accounts(list(donors.values()), measured=measured, at=at)


def misfits(
    lines: Sequence[ReallocationLine],
    *,
    workspace: Workspace,
    accounts: Mapping[int, CampaignAccount] | None = None,
    at: datetime,
) -> list[FieldError]:
    """What the ledger and the campaigns' states forbid now, row by row; empty where every line fits.

    Several lines of one donor share what it has: the row at which it runs out is named. ``accounts``: where
    they have been read, the ``donor_accounts`` of these lines and of others.
    """
    if accounts is None:
        accounts = donor_accounts(lines, at=at)
    asked: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    given: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    errors = []
    for row, line in enumerate(lines):
        if line.target_campaign is not None and (why := _cannot_receive(line.target_campaign)):
            errors.append(FieldError("cannot_receive", why, field="to", row=row))
        source_id = line.source_campaign_id
        asked[source_id] += line.amount
        account = accounts[source_id] if source_id else None
        if why := shortfall(account, asked[source_id], workspace=workspace):
            errors.append(FieldError("overdrawn", why, field="amount", row=row))
        given[line.target_campaign_id] += line.amount
        if why := excess(line.target_campaign, given[line.target_campaign_id], workspace=workspace):
            errors.append(FieldError("too_large", why, field="amount", row=row))
    return errors


def _cannot_receive(campaign: Campaign) -> str | None:
    status = CampaignStatus(campaign.status)
    if campaign.is_finished or status == CampaignStatus.DISCARDED:
        return _(sentences.CANNOT_RECEIVE).format(campaign=campaign.key, state=status.label)
    if status == CampaignStatus.DRAFT:
        return _(sentences.NOT_LAUNCHED).format(campaign=campaign.key, state=status.label)
    return None


def shortfall(account: CampaignAccount | None, amount: Decimal, *, workspace: Workspace) -> str | None:
    """Why an account (``None``: the reserve) cannot give that much; ``None`` where it can."""
    available = account.available if account else workspace.reserve
    if amount <= available:
        return None
    currency = workspace.currency
    held = account.holdback if account else NOTHING
    return (_(sentences.SHORTFALL_HELD) if held else _(sentences.SHORTFALL)).format(
        account=account.campaign.name if account else _("The reserve"),
        available=in_currency(available, currency),
        held=in_currency(held, currency),
        asked=in_currency(amount, currency),
    )


def excess(campaign: Campaign | None, amount: Decimal, *, workspace: Workspace) -> str | None:
    """Why an account (``None``: the reserve) cannot take that much; ``None`` where it can."""
    balance = (campaign.budget if campaign else workspace.reserve) + amount
    if balance <= LARGEST_AMOUNT:
        return None
    currency, limit = workspace.currency, LARGEST_AMOUNT.quantize(workspace.money_unit, ROUND_FLOOR)
    return _(sentences.EXCESS).format(
        account=campaign.name if campaign else _("The reserve"),
        amount=in_currency(balance, currency),
        most=in_currency(limit, currency),
    )
