"""What was spent, by day and in all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from django.db.models import prefetch_related_objects

from experiments.models import Arm, Campaign
from experiments.selectors.measurements.grid import Cells, Measurements, exact
from experiments.selectors.measurements.reading import read_measurements
from workspaces.models import Source
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Prepared

# What a day costs is the mean over this many of the last whole days.
DAYS_OF_PACE = 3


class _Arm(NamedTuple):
    """As little of an arm as reading its spend takes: nobody sees it here."""

    pk: int
    stopped_at: datetime | None


_ARMS: Prepared[Any] = Prepared(
    lambda: (
        Arm.objects.filter(campaign__among=GivenKeys("campaigns"))
        .order_by("position")
        .values_list("campaign", "campaign__days_version", "pk", "stopped_at")
    )
)


def read_spend(
    campaigns: Sequence[Campaign], *, as_of: date | None = None, sources: Iterable[Source] | None = None
) -> Measurements:
    """Every day's spend, for whoever asks nothing of the arms.

    ``sources``: where they have been read, those of the campaigns' workspaces.
    """
    by_campaign: defaultdict[int, list[_Arm]] = defaultdict(list)
    versions: dict[int, int | None] = {}
    for campaign_id, version, pk, stopped_at in _ARMS.read(campaigns=[one.pk for one in campaigns]):
        by_campaign[campaign_id].append(_Arm(pk, stopped_at))
        versions[campaign_id] = version
    # Most come with their workspace; to ask each of five hundred for it takes longer than to look.
    alone = [one for one in campaigns if not Campaign.workspace.is_cached(one)]
    prefetch_related_objects(alone, "workspace")
    return read_measurements(
        campaigns,
        ["spend"],
        as_of=as_of,
        arms=[by_campaign[one.pk] for one in campaigns],
        sources=sources,
        versions=[versions.get(one.pk) for one in campaigns],
    )


def daily_spend(
    campaigns: Sequence[Campaign], *, as_of: date | None = None
) -> dict[int, dict[date, Decimal]]:
    """Spend by campaign id and day since the launch, days after a stop included; a day without a report is
    missing.
    """
    return measured_spend(read_spend(campaigns, as_of=as_of))


def measured_spend(measured: Measurements) -> dict[int, dict[date, Decimal]]:
    """The same of campaigns whose spend has been read."""
    spend = measured.values["spend"]
    totals = np.nansum(spend, axis=1)
    known: Cells = np.any(measured.reported("spend"), axis=1)
    return {
        campaign.pk: {
            measured.day(position, index): exact(totals[position, index])
            for index in np.flatnonzero(known[position])
        }
        for position, campaign in enumerate(measured.campaigns)
    }


def paces(measured: Measurements, *, at: datetime) -> dict[int, Decimal | None]:
    """What a day costs, by campaign id: a mean of whole days, as one that is not over is no day's pace.

    ``None`` before the first of them.
    """
    spend = np.nansum(measured.values["spend"], axis=1)
    found: dict[int, Decimal | None] = {}
    for campaign, amounts, whole in zip(
        measured.campaigns, spend, measured.whole("spend", at=at), strict=True
    ):
        latest = amounts[whole][-DAYS_OF_PACE:]
        found[campaign.pk] = exact(latest.mean()) if len(latest) else None
    return found


def spend_totals(campaign_ids: Sequence[int]) -> dict[int, Decimal]:
    """Everything spent since the launch, by campaign id: what the ledger's budgets are compared with."""
    campaigns = list(Campaign.objects.filter(pk__in=campaign_ids).select_related("workspace"))
    spend = np.nansum(read_spend(campaigns).values["spend"], axis=(1, 2))
    return {campaign.pk: exact(total) for campaign, total in zip(campaigns, spend, strict=True)}
