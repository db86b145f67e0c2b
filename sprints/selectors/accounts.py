"""What each account has, and what of it is free to go elsewhere."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import IntegerField, Sum

from experiments.models import Campaign
from experiments.selectors.estimates import Tenants, read_tenants
from experiments.selectors.measurements import DAYS_OF_PACE, Cells, Measurements, exact, read_spend
from sprints.choices import AccountKind
from sprints.models import Transfer
from workspaces.models import Source, Workspace
from workspaces.models.kept import kept
from workspaces.models.prepared import Given, Prepared
from workspaces.models.rows import take_rows

NOTHING = Decimal(0)
LEDGER_UNIT = Decimal("0.001")
# What numeric(14, 3) holds: one amount, and the balance of one account.
LARGEST_AMOUNT = Decimal("99999999999.999")


# What an account and whoever lists all of them ask of a campaign; its budget comes from the transfers.
OF_A_CAMPAIGN = (
    "id",
    "days_version",
    "workspace_id",
    "key",
    "name",
    "status",
    "launched_at",
    "paused_at",
    "ended_at",
    "starts_on",
    "runs_until",
)


@dataclass(frozen=True, slots=True)
class _Days:
    """A campaign's spend by day; days are ordinals and in order.

    ``latest``: the last day that anybody has told of. ``whole``: days that are closed; an open one has more
    to say. ``spend``: from ``first`` to ``latest``, 0 where nothing was reported.
    """

    latest: int | None
    whole: Sequence[int]
    first: int
    spend: Sequence[float]
    in_all: Decimal

    def spend_on(self, day: int) -> Decimal:
        place = day - self.first
        return exact(self.spend[place]) if 0 <= place < len(self.spend) else NOTHING


@dataclass(frozen=True)
class CampaignAccount:
    """A campaign's money, in the workspace's currency.

    ``unit``: the least of it that can be moved. What takes longer to say is found when somebody asks: of most
    campaigns that are over nobody does.
    """

    campaign: Campaign
    budget: Decimal
    days: _Days
    today: date
    unit: Decimal

    @property
    def key(self) -> str:
        return self.campaign.key

    @property
    def spent(self) -> Decimal:
        """What the sources report from the day of the launch on."""
        return self.days.in_all

    @property
    def last_reported_on(self) -> date | None:
        return date.fromordinal(self.days.latest) if self.days.latest else None

    @property
    def remaining(self) -> Decimal:
        """Budget less reported spend; negative where a platform spent more than the ledger gave."""
        return self.budget - self.spent

    @property
    def available(self) -> Decimal:
        """What another account may have: whole units above spend and holdback, never below zero."""
        if self.remaining <= NOTHING:
            return NOTHING
        free = self.remaining - self.holdback
        return max(NOTHING, free.quantize(self.unit, rounding=ROUND_FLOOR))

    @cached_property
    def pace(self) -> Decimal | None:
        """What a day costs: the mean of the last whole days; before the first of them, what was planned.

        ``None`` while nothing says so.
        """
        until = self._spends_until.toordinal()
        recent = self.days.whole[: bisect_right(self.days.whole, until)][-DAYS_OF_PACE:]
        if recent:
            return sum(map(self.days.spend_on, recent), NOTHING) / len(recent)
        first, last = self.campaign.starts_on, self.campaign.runs_until
        if first is None or last is None or last < first:
            return None
        return self.budget / ((last - first).days + 1)

    @property
    def unreported_days(self) -> int:
        return len(self._due)

    @cached_property
    def holdback(self) -> Decimal:
        """What is kept for days on which it spends and that are not reported whole."""
        if self.pace is None:
            # Nothing says what a day costs, so any of the money may be gone.
            held = max(NOTHING, self.remaining) if self._due else NOTHING
        else:
            missing = (max(NOTHING, self.pace - self.days.spend_on(day)) for day in self._due)
            held = sum(missing, NOTHING)
        return held.quantize(self.unit, rounding=ROUND_CEILING)

    @cached_property
    def _due(self) -> range:
        """The days, as ordinals, whose spend is not known whole."""
        until = self._spends_until.toordinal()
        if self.days.whole:
            # Who reports a day whole has told all of those before it.
            return range(self.days.whole[-1] + 1, until + 1)
        judged_from = self.campaign.first_judged_day()
        return range(judged_from.toordinal() if judged_from else until + 1, until + 1)

    @cached_property
    def _spends_until(self) -> date:
        """The last day on which it has spent as far as anybody knows: today, or the day of its stop.

        A stopped campaign whose latest report still shows spend goes on spending, whatever its status says.
        """
        stopped_at = self.campaign.stopped_at
        if stopped_at is None:
            return self.today
        stop_day, latest = self.campaign.workspace.local_day(stopped_at), self.days.latest
        goes_on = latest is not None and latest > stop_day.toordinal() and self.days.spend_on(latest) > 0
        return self.today if goes_on else min(stop_day, self.today)


@dataclass(frozen=True, slots=True)
class Balances:
    """Where the money is. ``outside`` is what has come in, with a minus, so that all of it sums to zero."""

    currency: str
    exponent: int
    outside: Decimal
    reserve: Decimal
    campaigns: tuple[CampaignAccount, ...]

    def as_dict(self) -> dict[str, object]:
        """As the API gives it: money as decimal strings."""

        def money(amount: Decimal) -> str:
            return f"{amount:.{self.exponent}f}"

        return {
            "currency": self.currency,
            "outside": money(self.outside),
            "reserve": money(self.reserve),
            "campaigns": [
                {
                    "campaign": account.key,
                    "budget": money(account.budget),
                    "spent": money(account.spent),
                    "holdback": money(account.holdback),
                    "available": money(account.available),
                }
                for account in self.campaigns
            ],
        }


def campaign_accounts(
    campaigns: Sequence[Campaign],
    *,
    measured: Measurements | None = None,
    sources: Iterable[Source] | None = None,
    at: datetime,
) -> dict[int, CampaignAccount]:
    """The accounts of these campaigns by id, in as many queries for a thousand as for one.

    ``measured``: where it has been read, the spend of these campaigns and perhaps of others. ``sources``:
    where they have been read, those of their workspaces.
    """
    read = read_spend(campaigns, sources=sources) if measured is None else measured.only(campaigns)
    workspaces = {campaign.workspace_id: campaign.workspace for campaign in campaigns}
    today = {key: workspace.local_day(at) for key, workspace in workspaces.items()}
    unit = {key: workspace.money_unit for key, workspace in workspaces.items()}
    return {
        campaign.pk: CampaignAccount(
            campaign, campaign.budget, days, today[campaign.workspace_id], unit[campaign.workspace_id]
        )
        for campaign, days in zip(campaigns, _reported_days(read, at=at), strict=True)
    }


def whole_days(campaigns: Sequence[Campaign], *, at: datetime) -> dict[int, dict[date, Decimal]]:
    """What each campaign spent on the days that are reported whole, by its id; the days in order."""
    read = read_spend(campaigns)
    return {
        campaign.pk: {date.fromordinal(day): days.spend_on(day) for day in days.whole}
        for campaign, days in zip(campaigns, _reported_days(read, at=at), strict=True)
    }


def _reported_days(measured: Measurements, *, at: datetime) -> list[_Days]:
    """Of each campaign, in their order."""
    spend = np.nansum(measured.values["spend"], axis=1)
    reported = measured.reported("spend")
    known: Cells = np.logical_or.reduce(reported, axis=1)
    whole = measured.whole("spend", at=at)
    places = np.arange(spend.shape[1])
    latest = np.where(known, places, -1).max(axis=1, initial=-1).tolist()
    in_all = spend.sum(axis=1).tolist()
    return [
        _Days(
            latest=None if last < 0 else first + last,
            whole=(first + places[closed]).tolist(),
            first=first,
            spend=amounts[: last + 1],
            in_all=exact(total),
        )
        for first, last, closed, amounts, total in zip(
            measured.first_day.tolist(), latest, whole, spend.tolist(), in_all, strict=True
        )
    ]


def account_of(campaign: Campaign, *, at: datetime) -> CampaignAccount:
    return campaign_accounts([campaign], at=at)[campaign.pk]


_WORKSPACE = Given("workspace", IntegerField())
_SIDES = ("source_kind", "source_campaign", "target_kind", "target_campaign")
# Of five hundred campaigns each takes a megabyte.
_MOST_KEPT = 16
_MOVED: Prepared[Any] = Prepared(
    lambda: (
        Transfer.objects.filter(workspace=_WORKSPACE)
        .order_by(*_SIDES)
        .values_list(*_SIDES)
        .annotate(total=Sum("amount"))
    )
)
# As rows that come along: where all is as it was, none of five hundred campaigns is made.
_LAUNCHED: Prepared[Any] = Prepared(
    lambda: (
        Workspace.objects.only("pk")
        .filter(pk=_WORKSPACE)
        .with_rows(
            "launched", Campaign.objects.launched().only(*OF_A_CAMPAIGN).order_by("-id"), by="workspace"
        )
    )
)


def balances(workspace: Workspace, *, at: datetime) -> Balances:
    """Every account of the workspace, added up from the transfers themselves."""
    [brought] = _LAUNCHED.read(workspace=workspace.pk)
    [launched] = take_rows(brought, "launched")
    return _balances(
        workspace,
        _MOVED.read(workspace=workspace.pk),
        launched,
        read_tenants([workspace.pk]),
        at=at,
    )


def _added_up(
    workspace: Workspace,
    moved: Sequence[tuple[Any, ...]],
    launched: Sequence[Campaign],
    tenants: Tenants,
    *,
    at: datetime,
) -> Balances:
    """``moved``: what all transfers come to, by their sides; ``launched``: what has been launched."""
    totals: defaultdict[tuple[str, int | None], Decimal] = defaultdict(Decimal)
    for source_kind, source_id, target_kind, target_id, total in moved:
        totals[source_kind, source_id] -= total
        totals[target_kind, target_id] += total
    # SQLite adds binary fractions; a balance has the ledger's three places.
    exact = {account: total.quantize(LEDGER_UNIT) for account, total in totals.items()}
    campaigns = list(launched)
    for campaign in campaigns:
        campaign.workspace = workspace
        campaign.budget = exact.get((AccountKind.CAMPAIGN, campaign.pk), NOTHING)
    return Balances(
        currency=workspace.currency,
        exponent=workspace.currency_exponent,
        outside=exact.get((AccountKind.OUTSIDE, None), NOTHING),
        reserve=exact.get((AccountKind.RESERVE, None), NOTHING),
        campaigns=tuple(campaign_accounts(campaigns, sources=tenants.sources, at=at).values()),
    )


# The days by their version, and the time by what it closes.
_balances = kept(
    _added_up,
    by=lambda workspace, moved, launched, tenants, *, at: [
        workspace,
        moved,
        launched,
        tenants,
        tenants.clock(at),
    ],
    most=_MOST_KEPT,
)
