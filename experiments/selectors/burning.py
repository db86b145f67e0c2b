"""What zombies burn by day, for the page about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from experiments.models import ZombieFlag
from experiments.selectors.measurements import daily_spend

MOST_DAYS = 10
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Burning:
    """What one campaign has spent since it should have stopped, by day."""

    name: str
    by_day: dict[date, Decimal]


def costliest(flags: Sequence[ZombieFlag]) -> list[ZombieFlag]:
    """One flag a campaign, in the flags' order: several signals burn the same money."""
    found: dict[int, ZombieFlag] = {}
    for flag in flags:
        known = found.get(flag.campaign_id)
        if known is None or (flag.money_since or NOTHING) > (known.money_since or NOTHING):
            found[flag.campaign_id] = flag
    return list(found.values())


def burning(flags: Sequence[ZombieFlag]) -> tuple[list[Burning], list[date]]:
    """The campaigns behind the flags in the flags' order, and the last days on which any of them spent."""
    shown = costliest(flags)
    spend = daily_spend([flag.campaign for flag in shown]) if shown else {}
    rows = [Burning(flag.campaign.name, counted_days(flag, spend[flag.campaign_id])) for flag in shown]
    spent = sorted({on for row in rows for on in row.by_day})
    if not spent:
        return [], []
    first = max(spent[0], spent[-1] - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=offset) for offset in range((spent[-1] - first).days + 1)]
    return [row for row in rows if any(on in row.by_day for on in days)], days


def counted_days(flag: ZombieFlag, spend: Mapping[date, Decimal]) -> dict[date, Decimal]:
    """The days' spend that the flag counts, which is its money and no more.

    A signal may count only part of its first day (what lies beyond the budget, what came after the stop), so
    the latest days come first and the earliest gets what is left.
    """
    left, counted = flag.money_since or NOTHING, {}
    since = flag.campaign.workspace.local_day(flag.since)
    for on in sorted((on for on in spend if on >= since), reverse=True):
        share = min(spend[on], left)
        if share > 0:
            counted[on] = share
            left -= share
    return counted
