"""A small seeded market that answers campaigns with believable day totals."""

import math
import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

# Share of a day's eventual conversions that is visible when the day is 0, 1, 2 … days old.
VISIBLE_BY_AGE = (0.55, 0.9, 0.97, 1.0)
SATURDAY = 5
WEEKEND = 0.82
DAY_NOISE = 0.10


@dataclass(frozen=True, slots=True)
class ArmTruth:
    """How the market answers when it has no moods. Money in the workspace's currency, rates as fractions."""

    daily_spend: float
    cost_per_thousand: float
    click_rate: float
    conversion_rate: float = 0.0
    qualified_share: float = 0.0


@dataclass(frozen=True, slots=True)
class DayTotals:
    """What the ad platform says of one arm and day."""

    impressions: int
    clicks: int
    spend: float
    conversions: int
    sales_qualified_leads: int


def day_totals(truth: ArmTruth, *, campaign: str, arm: str, day: date, age: int) -> DayTotals:
    """Totals of ``day`` as reported ``age`` days later; the same arguments always give the same numbers.

    Exposure is whole once the day is over; conversions arrive late and are dated back to their day.
    """
    rng = np.random.default_rng([day.toordinal(), zlib.crc32(f"{campaign}/{arm}".encode())])
    mood, response, appetite = np.exp(DAY_NOISE * rng.standard_normal(3) - DAY_NOISE**2 / 2)
    weekday = WEEKEND if day.weekday() >= SATURDAY else 1.0
    spend = round(truth.daily_spend * weekday * math.sqrt(mood), 2)
    impressions = int(spend / truth.cost_per_thousand * 1000 * mood)
    clicks = int(rng.binomial(impressions, min(truth.click_rate * response, 1.0)))
    eventual = int(rng.binomial(clicks, min(truth.conversion_rate * appetite, 1.0)))
    # Each conversion has its own delay, drawn once, so that a later report never shows fewer.
    delays = rng.random(eventual)
    visible = int(np.count_nonzero(delays < VISIBLE_BY_AGE[min(age, len(VISIBLE_BY_AGE) - 1)]))
    qualified = int(np.count_nonzero(delays[:visible] < truth.qualified_share))
    return DayTotals(impressions, clicks, spend, visible, qualified)
