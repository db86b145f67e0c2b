"""The worlds: how clicks, conversions and orders come about. They know nothing of the statements they test.

Noise of days is that of the logarithm of a rate. It is scaled so that a rate's mean is the truth.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

THRESHOLD_CTR: Final = 0.005
TARGET_CPA: Final = 50.0
TARGET_ROAS: Final = 2.0
SPEND_PER_DAY: Final = 1000.0
CPA_SPEND_PER_DAY: Final = 600.0
# 250 clicks a day at the threshold.
IMPRESSIONS_PER_DAY: Final = 50_000.0
WEEKEND_DROP: Final = 0.15
WEEK: Final = 7
CPA_DAYS: Final = 10
# Two arms: 20,000 impressions a day and arm at 1 %, on days that move both alike by 20 %.
ARM_IMPRESSIONS: Final = 20_000.0
ARM_CTR: Final = 0.01
SHARED_SD: Final = 0.2
# Half of a day's conversions are visible on the day itself, 90 % at the age of 4 days.
TRUE_CURVE: Final = (0.50, 0.68, 0.78, 0.85, 0.90, 0.94, 0.97, 1.0)
# What somebody believes who takes his conversions to be quick.
WRONG_CURVE: Final = (0.80, 0.88, 0.92, 0.94, 0.96, 0.98, 0.99, 1.0)
ORDER_VALUE_CV: Final = 0.95
# A portfolio: eight campaigns, each with a week's money for about 84 conversions at the target.
CAMPAIGNS: Final = 8
BUDGET: Final = 4200.0


@dataclass(frozen=True, slots=True)
class Days:
    """One arm's days, (runs, days), and the rate that each run truly has, (runs,)."""

    events: Array
    exposure: Array
    rate: Array


@dataclass(frozen=True, slots=True)
class Arms:
    """Arms on the same days, (runs, arms, days), and their true log rates, (runs, arms)."""

    events: Array
    exposure: Array
    log_rate: Array


@dataclass(frozen=True, slots=True)
class LateDays:
    """``visible``: the conversions of each day as reported at each age, (ages, runs, days)."""

    visible: Array
    spend: Array


@dataclass(frozen=True, slots=True)
class Orders:
    """Days of a shop, (runs, days)."""

    orders: Array
    revenue: Array
    spend: Array


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Campaigns that share money: conversions per unit of it at ``BUDGET``, (runs, campaigns).

    ``diminishing``: how much less each further unit brings; a budget of b times ``BUDGET`` brings
    b^(1 - diminishing) times the conversions.
    """

    rate: Array
    diminishing: float = 0.0

    def conversions(self, budget: Array) -> Array:
        """Return what these budgets bring on average in a sprint, (runs, campaigns)."""
        return np.asarray(self.rate * BUDGET * (budget / BUDGET) ** (1 - self.diminishing))


def day_effects(
    random: np.random.Generator, shape: tuple[int, ...], sd: Array | float, *, autocorrelation: float = 0.0
) -> Array:
    """Draw log effects of days, the last axis; stationary AR(1), so every day has the same ``sd``."""
    effects = random.standard_normal(shape)
    fresh = np.sqrt(1 - autocorrelation**2)
    for day in range(1, shape[-1]):
        effects[..., day] = autocorrelation * effects[..., day - 1] + fresh * effects[..., day]
    return np.asarray(effects * sd)


def _weekend(random: np.random.Generator, runs: int, days: int) -> Array:
    """Draw factors of days: weekends 15 % below working days, a week 1 on average, any first weekday."""
    first = random.integers(0, WEEK, (runs, 1))
    is_weekend = (first + np.arange(days)) % WEEK >= 5
    return np.where(is_weekend, 1 - WEEKEND_DROP, 1.0) / (1 - WEEKEND_DROP * 2 / WEEK)


def _swings(
    random: np.random.Generator, runs: int, days: int, sd: Array | float, autocorrelation: float
) -> Array:
    spread = np.broadcast_to(np.asarray(sd, dtype=np.float64), (runs,))[:, None]
    effects = day_effects(random, (runs, days), spread, autocorrelation=autocorrelation)
    return np.asarray(np.exp(effects - spread**2 / 2))


def ctr_campaigns(
    random: np.random.Generator,
    runs: int,
    *,
    rate: Array | float,
    day_sd: Array | float,
    days: int = WEEK,
    impressions: float = IMPRESSIONS_PER_DAY,
    weekend: bool = True,
    autocorrelation: float = 0.0,
) -> Days:
    """Draw campaigns of a CTR: ``rate`` is their mean over a week."""
    rates = np.broadcast_to(np.asarray(rate, dtype=np.float64), (runs,))
    factors = _weekend(random, runs, days) if weekend else 1.0
    mean = rates[:, None] * factors * _swings(random, runs, days, day_sd, autocorrelation)
    exposure = np.full((runs, days), impressions)
    return Days(random.poisson(exposure * mean).astype(np.float64), exposure, rates)


def arms_on_same_days(
    random: np.random.Generator,
    runs: int,
    *,
    log_lift: Array,
    own_sd: float,
    days: int,
    autocorrelation: float = 0.0,
) -> Arms:
    """Draw arms of one campaign: what a day does to all, what it does to each, and chance.

    ``log_lift``: (arms,) or (runs, arms), of the arms' true CTR over 1 %; ``own_sd``: τ of each arm.
    """
    lifts = np.broadcast_to(log_lift, (runs, np.shape(log_lift)[-1]))
    shared = day_effects(random, (runs, 1, days), SHARED_SD, autocorrelation=autocorrelation)
    own = day_effects(random, (runs, lifts.shape[1], days), own_sd, autocorrelation=autocorrelation)
    exposure = np.full(own.shape, ARM_IMPRESSIONS)
    events = random.poisson(exposure * ARM_CTR * np.exp(shared + own + lifts[..., None]))
    return Arms(events.astype(np.float64), exposure, lifts)


def late_conversions(random: np.random.Generator, runs: int, *, cpa: float, day_sd: float) -> LateDays:
    """Draw ten days of a campaign whose conversions become visible along ``TRUE_CURVE``."""
    spend = np.full((runs, CPA_DAYS), CPA_SPEND_PER_DAY)
    whole = random.poisson(spend / cpa * _swings(random, runs, CPA_DAYS, day_sd, 0.0))
    visible, shown, before = [], np.zeros_like(whole), 0.0
    for share in TRUE_CURVE:
        # Of those still hidden this part appears at this age.
        shown = shown + random.binomial(whole - shown, (share - before) / (1 - before))
        before = share
        visible.append(shown.astype(np.float64))
    return LateDays(np.stack(visible), spend)


def shop(random: np.random.Generator, runs: int, *, roas: float, order_value: float, day_sd: float) -> Orders:
    """Draw a week of orders whose values are lognormal with a coefficient of variation of 0.95."""
    spend = np.full((runs, WEEK), SPEND_PER_DAY)
    factors = _weekend(random, runs, WEEK) * _swings(random, runs, WEEK, day_sd, 0.0)
    orders = random.poisson(spend * roas / order_value * factors)
    log_variance = np.log1p(ORDER_VALUE_CV**2)
    values = order_value * np.exp(
        np.sqrt(log_variance) * random.standard_normal(orders.sum()) - log_variance / 2
    )
    until = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.cumsum(orders.ravel())
    revenue = (until[ends] - until[ends - orders.ravel()]).reshape(orders.shape)
    # The difference of two long sums is not quite 0 where a day has no order.
    return Orders(orders.astype(np.float64), np.where(orders > 0, revenue, 0.0), spend)


def portfolio(
    random: np.random.Generator, runs: int, *, truth_sd: float, diminishing: float = 0.0
) -> Portfolio:
    """Draw campaigns whose true conversions per unit of money scatter around the target's."""
    scatter = np.exp(truth_sd * random.standard_normal((runs, CAMPAIGNS)))
    return Portfolio(scatter / TARGET_CPA, diminishing)


def sprint(
    random: np.random.Generator, campaigns: Portfolio, budget: Array, *, day_sd: float
) -> tuple[Array, Array]:
    """Draw the conversions and the money of a week's days, each (runs, campaigns, days)."""
    shape = (*budget.shape, WEEK)
    swings = np.exp(day_effects(random, shape, day_sd) - day_sd**2 / 2)
    due = campaigns.conversions(budget)[..., None] / WEEK * swings
    return random.poisson(due).astype(np.float64), np.repeat(budget[..., None] / WEEK, WEEK, axis=2)


def restatements(random: np.random.Generator, days: int, *, day_sd: float) -> Array:
    """Draw what a source has told of its last days, (days, ages), NaN where a day is not that old yet.

    Twelve conversions a day, visible along ``TRUE_CURVE``.
    """
    whole = np.exp(day_effects(random, (days, 1), day_sd)) * CPA_SPEND_PER_DAY / TARGET_CPA
    new = random.poisson(whole * np.diff(TRUE_CURVE, prepend=0.0))
    oldest = np.arange(days)[:, None]
    return np.where(np.arange(len(TRUE_CURVE)) <= oldest, new.cumsum(axis=1), np.nan)
