"""What a stopped campaign has saved, counted in one way wherever it is said."""

from collections.abc import Iterable
from decimal import Decimal

from experiments.models import Campaign
from sprints.choices import AccountKind
from sprints.models import Transfer

NOTHING = Decimal(0)


def budgets_when_ended(campaigns: Iterable[Campaign]) -> dict[int, Decimal]:
    """Each campaign's budget when it ended: later moves out of it do not make the saving smaller."""
    budgets = {campaign.pk: campaign.budget for campaign in campaigns}
    ended = {campaign.pk: campaign.ended_at for campaign in campaigns}
    leaving = Transfer.objects.filter(
        source_kind=AccountKind.CAMPAIGN, source_campaign__in=list(budgets)
    ).values_list("source_campaign", "amount", "at")
    for campaign_id, amount, at in leaving:
        ended_at = ended.get(campaign_id)
        if ended_at is not None and at >= ended_at:
            budgets[campaign_id] += amount
    return budgets
