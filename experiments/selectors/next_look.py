"""When a live campaign is judged next, and what that day must bring for it to go on."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from experiments.choices import CriterionAction, CriterionLevel
from experiments.models import Campaign
from experiments.selectors.campaign_pages import CriterionView

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NextLook:
    """``at``: when the numbers come, if they come as the last ones did; ``None`` where that is not known."""

    data_through: date
    at: datetime | None
    stays_if: float | None


def next_look(
    campaign: Campaign, lead: CriterionView, *, reported_at: datetime | None, at: datetime
) -> NextLook | None:
    """By the criterion that leads the page; only where its rule may still speak.

    ``reported_at``: when the last numbers came; ``None`` for never.
    """
    watch = lead.strongest
    if not campaign.is_spending or watch is None or watch.ahead is None or not watch.is_undecided:
        return None
    ahead = watch.ahead
    if ahead.until <= ahead.data_through:
        return None
    pauses = lead.criterion.action == CriterionAction.PAUSE
    is_whole = lead.criterion.level == CriterionLevel.CAMPAIGN
    return NextLook(
        ahead.data_through + _DAY,
        reported_at + _DAY if reported_at and at - reported_at < _DAY else None,
        ahead.stays_if if pauses and is_whole else None,
    )
