"""A breach as the judge leaves it."""

from datetime import datetime, timedelta

from experiments.choices import WatchState
from experiments.models import Breach, Campaign, CriterionWatch


def break_rule(campaign: Campaign, *, arm: str | None = None, position: int = 1, at: datetime) -> Breach:
    """Let the campaign's criterion at that position be breached, in one arm where it is judged by arm."""
    watch = CriterionWatch.objects.get(
        criterion__campaign=campaign,
        criterion__position=position,
        criterion__retired_at=None,
        arm__key=arm,
    )
    watch.move_to(WatchState.BREACHED)
    watch.breached_at = at
    watch.save()
    return Breach.objects.create(
        workspace=campaign.workspace,
        watch=watch,
        campaign=campaign,
        at=at,
        rule=watch.criterion.rule_text,
        criteria_digest=campaign.criteria_digest,
        action=watch.criterion.action,
        data_through=(at - timedelta(days=1)).date(),
    )
