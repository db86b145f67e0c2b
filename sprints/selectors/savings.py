"""What a stopped campaign has saved, counted in one way wherever it is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.models.campaign import CampaignQuerySet
from sprints.models import Transfer

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Movement:
    """What a transfer moved from and to campaigns, by id."""

    source: int | None
    target: int | None
    amount: Decimal
    at: datetime


def read_movements(campaign_ids: Iterable[int]) -> list[Movement]:
    """Everything that was ever moved to or from these campaigns."""
    ids = list(set(campaign_ids))
    if not ids:
        return []
    moved = Transfer.objects.filter(Q(source_campaign__among=ids) | Q(target_campaign__among=ids)).order_by()
    rows = moved.values_list("source_campaign", "target_campaign", "amount", "at")
    return [Movement(*row) for row in rows]


def with_movements(campaigns: CampaignQuerySet) -> CampaignQuerySet:
    """With the transfers to and from each that was killed, for ``movements_of``."""
    moves, killed = Transfer.objects.only("amount", "at"), CampaignStatus.KILLED
    received = moves.filter(target_campaign__status=killed)
    given = moves.filter(source_campaign__status=killed)
    return campaigns.with_rows("received", received, by="target_campaign").with_rows(
        "given", given, by="source_campaign"
    )


def movements_of(campaign: Any) -> list[Movement]:
    """What was moved to and from a campaign that was read ``with_movements``; the other side left out."""
    received = [Movement(None, campaign.pk, moved.amount, moved.at) for moved in campaign.received]
    return received + [Movement(campaign.pk, None, moved.amount, moved.at) for moved in campaign.given]


def budgets_when_ended(
    campaigns: Iterable[Campaign], *, movements: Iterable[Movement] | None = None
) -> dict[int, Decimal]:
    """Each campaign's budget when it ended: later moves out of it do not make the saving smaller."""
    ended = {campaign.pk: campaign.ended_at for campaign in campaigns if campaign.ended_at}
    return budgets_at(ended, movements=movements)


def budgets_at(
    moments: Mapping[int, datetime], *, movements: Iterable[Movement] | None = None
) -> dict[int, Decimal]:
    """What had been given to each campaign, less what had been taken, before its moment; by id.

    ``movements``: where they have been read, those of these campaigns and perhaps of others.
    """
    budgets = dict.fromkeys(moments, NOTHING)
    for moved in read_movements(moments) if movements is None else movements:
        for campaign, change in ((moved.source, -moved.amount), (moved.target, moved.amount)):
            if campaign is not None and campaign in moments and moved.at < moments[campaign]:
                budgets[campaign] += change
    return budgets
