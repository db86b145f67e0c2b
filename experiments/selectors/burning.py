"""What zombies burn by day, for the page about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from experiments.models import ZombieFlag
from experiments.selectors.measurements import daily_spend

MOST_DAYS = 10


@dataclass(frozen=True, slots=True)
class Burning:
    """A campaign's spend since the first of its signals."""

    name: str
    by_day: dict[date, Decimal]


def burning(flags: Sequence[ZombieFlag]) -> tuple[list[Burning], list[date]]:
    """The campaigns behind the flags in the flags' order, and the last days on which any of them spent."""
    since: dict[int, date] = {}
    campaigns = {}
    for flag in flags:
        on = flag.campaign.workspace.local_day(flag.since)
        campaigns[flag.campaign_id] = flag.campaign
        since[flag.campaign_id] = min(on, since.get(flag.campaign_id, on))
    spend = daily_spend(list(campaigns.values())) if campaigns else {}
    rows = [
        Burning(
            campaign.name, {on: amount for on, amount in spend[pk].items() if on >= since[pk] and amount > 0}
        )
        for pk, campaign in campaigns.items()
    ]
    spent = sorted({on for row in rows for on in row.by_day})
    if not spent:
        return [], []
    first = max(spent[0], spent[-1] - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=offset) for offset in range((spent[-1] - first).days + 1)]
    return [row for row in rows if any(on in row.by_day for on in days)], days
