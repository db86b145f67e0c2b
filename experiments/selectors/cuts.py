"""Whether a campaign spends a day what an applied plan asks for: one rule for plans and zombies."""

from decimal import Decimal
from typing import Final

# One day may be an odd one.
FEWEST_DAYS: Final = 2
# Less than this share of the pace is no change that spend could show.
LEAST_CHANGE: Final = Decimal("0.1")


def is_visible(*, pace: Decimal, wanted: Decimal) -> bool:
    """Whether the change from the pace to the daily budget is one that spend could show."""
    return abs(wanted - pace) >= pace * LEAST_CHANGE


def has_followed(*, pace: Decimal, wanted: Decimal, per_day: Decimal) -> bool:
    """Whether the spend a day has come at least half the way."""
    half_way = (pace + wanted) / 2
    return per_day <= half_way if wanted < pace else per_day >= half_way
