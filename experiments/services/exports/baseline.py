"""Which rows of a file are of days before their campaign's launch: they are stored and never count."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from experiments.models import Campaign
from experiments.services.observations import Row
from workspaces.models import Workspace


class Baseline(NamedTuple):
    """Rows of one campaign that count for nothing."""

    campaign_name: str
    rows: int
    # The first day that counts; ``None`` where it is not launched.
    launch: date | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.campaign_name,
            "rows": self.rows,
            "launch": self.launch.isoformat() if self.launch else "",
        }


def baseline_of(rows: Sequence[Row], *, workspace: Workspace) -> list[Baseline]:
    """By campaign, those with most rows first. ``rows`` were found to be right before."""
    days: dict[str, Counter[date]] = defaultdict(Counter)
    for row in rows:
        days[row.campaign][row.day if isinstance(row.day, date) else date.fromisoformat(row.day)] += 1
    found = []
    for campaign in Campaign.objects.of(workspace).filter(key__in=days).select_related("workspace"):
        launch = campaign.first_judged_day()
        early = sum(number for day, number in days[campaign.key].items() if launch is None or day < launch)
        if early:
            found.append(Baseline(campaign.name, early, launch))
    return sorted(found, key=lambda one: (-one.rows, one.campaign_name))
