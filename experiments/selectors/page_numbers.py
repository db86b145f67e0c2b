"""What a campaign's days come to on its page; worked out once for as long as the days are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from experiments.models import Campaign
from experiments.selectors.ahead import Ahead, criteria_ahead
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.baseline import baseline_days
from experiments.selectors.campaign_numbers import CampaignNumbers, campaign_numbers
from experiments.selectors.campaign_pages import read_known
from experiments.selectors.columns import moment
from experiments.selectors.estimates import Tenants, read_tenants
from experiments.selectors.measurements import followed
from experiments.selectors.results import Analysis
from workspaces.models.kept import kept

# Pages, of some 30 KB each.
_MOST_KEPT = 500


@dataclass(frozen=True, slots=True, eq=False)
class PageNumbers:
    """``ahead``: as ``criteria_ahead`` gives it. ``analysis``: ``None`` before the launch.

    ``reported_at``: when anybody last reported anything of the campaign; ``None`` for never.
    ``baseline_days``: of which there are numbers before the launch.
    """

    KEPT_PARTS: ClassVar = ("numbers",)

    numbers: CampaignNumbers
    ahead: Mapping[tuple[int, int | None], Ahead]
    analysis: Analysis | None
    reported_at: datetime | None
    baseline_days: int


def page_numbers(campaign: Campaign, beside: Sequence[Campaign], *, at: datetime) -> PageNumbers:
    """Of a campaign ``WITH_PLAN``, its p-values adjusted for the comparisons of those ``beside`` it, too.

    The days are those of the campaigns' versions, so whoever asks has just read the campaigns.
    """
    return _kept_numbers(campaign, beside, read_tenants([campaign.workspace_id]), at=at)


def _page_numbers(
    campaign: Campaign, beside: Sequence[Campaign], tenants: Tenants, *, at: datetime
) -> PageNumbers:
    known = read_known(campaign, beside, tenants=tenants)
    numbers = campaign_numbers(campaign, known, at=at)
    reported_at = int(known.measured.reported_at[0])
    return PageNumbers(
        numbers=numbers,
        ahead=criteria_ahead(campaign, list(campaign.kill_criteria.all()), known=known, at=at),
        analysis=analyse_campaign(campaign, metric=numbers.metric.key, beside=beside, known=known, at=at)
        if campaign.launched_at
        else None,
        reported_at=moment(reported_at) if reported_at else None,
        baseline_days=baseline_days(campaign),
    )


# The days by their version, and the time by what it closes and settles.
_kept_numbers = kept(
    _page_numbers,
    by=lambda campaign, beside, tenants, *, at: [
        list(map(followed, (campaign, *beside))),
        campaign.kill_criteria.all(),
        tenants,
        tenants.clock(at),
    ],
    most=_MOST_KEPT,
)
