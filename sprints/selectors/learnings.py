"""What was decided, what was learnt, and what every no has saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.selectors.measurements import spend_totals
from sprints.selectors.savings import NOTHING, budgets_when_ended
from workspaces.models import Workspace

# A no within a sprint's shortest length is a quick one.
QUICK_DAYS = 4


@dataclass(frozen=True, slots=True)
class No:
    """A campaign that was killed: how long it lived and what the rest of its budget would have been."""

    campaign: Campaign
    days: int
    saved: Decimal

    @property
    def is_quick(self) -> bool:
        return self.days <= QUICK_DAYS


@dataclass(frozen=True, slots=True)
class Noes:
    """Every no of a span of time, the latest first."""

    noes: Sequence[No]

    @property
    def saved(self) -> Decimal:
        return sum((no.saved for no in self.noes), NOTHING)

    @property
    def median_days(self) -> int | None:
        return round(median(no.days for no in self.noes)) if self.noes else None

    @property
    def longest(self) -> No | None:
        return max(self.noes, key=lambda no: no.days, default=None)


def read_noes(workspace: Workspace, *, since: datetime | None = None) -> Noes:
    """The killed campaigns, in a fixed number of queries."""
    killed = (
        Campaign.objects.of(workspace)
        .filter(status=CampaignStatus.KILLED)
        .select_related("hypothesis__owner")
    )
    if since is not None:
        killed = killed.filter(ended_at__gte=since)
    campaigns = list(killed.order_by("-ended_at", "-id"))
    spent = spend_totals([campaign.pk for campaign in campaigns]) if campaigns else {}
    given = budgets_when_ended(campaigns)
    noes = []
    for campaign in campaigns:
        campaign.workspace = workspace
        left = given.get(campaign.pk, NOTHING) - spent.get(campaign.pk, NOTHING)
        noes.append(No(campaign, _days_lived(campaign), max(left, NOTHING)))
    return Noes(noes)


def _days_lived(campaign: Campaign) -> int:
    """Calendar days from the launch to the kill, both counted."""
    if campaign.launched_at is None or campaign.ended_at is None:
        return 0
    local_day = campaign.workspace.local_day
    return (local_day(campaign.ended_at) - local_day(campaign.launched_at)).days + 1
