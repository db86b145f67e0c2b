"""What is known of the days before a launch."""

from experiments.models import Campaign, DayTotal


def baseline_days(campaign: Campaign) -> int:
    """How many days before its launch there are numbers of; they count for nothing."""
    days = DayTotal.objects.of(campaign.workspace).filter(arm__campaign=campaign)
    launch = campaign.first_judged_day()
    if launch is not None:
        days = days.filter(day__lt=launch)
    return days.values("day").distinct().count()
