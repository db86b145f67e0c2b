"""What a stopped campaign has saved, counted in one way wherever it is said."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from experiments.models import Campaign
from sprints.models import Transfer

NOTHING = Decimal(0)


def budgets_when_ended(campaigns: Iterable[Campaign]) -> dict[int, Decimal]:
    """Each campaign's budget when it ended: later moves out of it do not make the saving smaller."""
    return budgets_at({campaign.pk: campaign.ended_at for campaign in campaigns if campaign.ended_at})


def budgets_at(moments: Mapping[int, datetime]) -> dict[int, Decimal]:
    """What had been given to each campaign, less what had been taken, before its moment; by id."""
    budgets = dict.fromkeys(moments, NOTHING)
    movements = Transfer.objects.filter(Q(source_campaign__in=moments) | Q(target_campaign__in=moments))
    for source, target, amount, at in movements.order_by().values_list(
        "source_campaign", "target_campaign", "amount", "at"
    ):
        if source in moments and at < moments[source]:
            budgets[source] -= amount
        if target in moments and at < moments[target]:
            budgets[target] += amount
    return budgets
