"""What Quickno says and does in these worlds: thin calls of experiments/stats, as the application makes them.

A rule is judged every morning on the days that are closed, and stops a campaign once.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.calibration.worlds import (
    BUDGET,
    CPA_DAYS,
    ORDER_VALUE_CV,
    SPEND_PER_DAY,
    TARGET_CPA,
    TARGET_ROAS,
    THRESHOLD_CTR,
    Arms,
    Array,
    Days,
    LateDays,
    Orders,
    Portfolio,
    sprint,
)
from experiments.stats.always_valid import always_valid_evidence, breach_log_e
from experiments.stats.budget import CampaignMoney, shift_plan, thompson_plan
from experiments.stats.comparison import compare_days
from experiments.stats.maturity import MaturityCurve, mature_exposure
from experiments.stats.outlook import HOPELESS, exposure_still_to_come, probability_of_miss
from experiments.stats.quadrature import gamma_best
from experiments.stats.sequential import look_allows
from experiments.stats.threshold import (
    cost_evidence,
    observed,
    observed_margin,
    rate_evidence,
    threshold_evidence,
)

Mask = npt.NDArray[np.bool_]
# Takes the days up to a look, (campaigns, days), and says which campaigns stop.
Judge = Callable[[Array, Array], Mask]
# Takes the days of all sprints so far, (runs, campaigns, days), and the budgets of the last; gives the next.
Planner = Callable[[Array, Array, Array], Array]

SPRINTS: Final = 6

CONFIDENCE = 0.95
# $2,000 at $1,000 a day; $1,500 of mature money for a cost.
GUARD = 2000.0
CPA_GUARD = 1500.0
FEWEST_DAYS = 2


def probable(events: Array, exposure: Array, confidence: float = CONFIDENCE) -> Mask:
    """R1: P(CTR < threshold) reaches the confidence."""
    return rate_evidence(events, exposure, THRESHOLD_CTR).p_below >= confidence


def always_valid(events: Array, exposure: Array) -> Mask:
    """R2: the e-value reaches 1/(1 - confidence)."""
    evidence = always_valid_evidence("rate", events, exposure, THRESHOLD_CTR)
    return evidence.log_e_below >= breach_log_e(CONFIDENCE)


def as_observed(events: Array, exposure: Array) -> Mask:
    """R3: the number stands below the threshold."""
    return observed("rate", events, exposure, THRESHOLD_CTR).is_below


def with_margin(events: Array, exposure: Array) -> Mask:
    """R3 with a margin: 10 % below on at least 3 days."""
    return observed_margin("rate", events, exposure, THRESHOLD_CTR).is_below


def stopped(days: Days, judge: Judge) -> Mask:
    """Return which campaigns a rule of a CTR stops on any morning once $2,000 are spent."""
    running = np.ones(days.events.shape[0], dtype=np.bool_)
    for day in range(int(np.ceil(GUARD / SPEND_PER_DAY)), days.events.shape[1] + 1):
        if not running.any():
            break
        running[running] = ~judge(days.events[running, :day], days.exposure[running, :day])
    return ~running


def stopped_by_cost(world: LateDays, curve: MaturityCurve) -> Mask:
    """R6: return which campaigns "CPA above 50" stops on any of ten mornings, assuming this curve."""
    running = np.ones(world.spend.shape[0], dtype=np.bool_)
    for day in range(1, CPA_DAYS + 1):
        if not running.any():
            break
        visible, age = as_reported(world, day)
        spend = world.spend[running, :day]
        mature = mature_exposure(spend, np.broadcast_to(age, spend.shape), curve)
        evidence = threshold_evidence(
            "cost", visible[running], mature.exposure, TARGET_CPA, mask=mature.counted
        )
        guarded = mature.exposure.sum(axis=1) >= CPA_GUARD
        running[running] = ~(guarded & (evidence.p_above >= CONFIDENCE))
    return ~running


def always_valid_cost(world: LateDays, curve: MaturityCurve) -> Mask:
    """R2: return which campaigns "CPA above 50" stops on any of ten mornings by always-valid evidence."""
    stops = np.zeros(world.spend.shape[0], dtype=np.bool_)
    for day in range(FEWEST_DAYS, CPA_DAYS + 1):
        visible, age = as_reported(world, day)
        spend = world.spend[:, :day]
        mature = mature_exposure(spend, np.broadcast_to(age, spend.shape), curve)
        evidence = always_valid_evidence("cost", visible, mature.exposure, TARGET_CPA, mask=mature.counted)
        guarded = mature.exposure.sum(axis=1) >= CPA_GUARD
        stops |= guarded & (evidence.log_e_above >= breach_log_e(CONFIDENCE))
    return stops


def stopped_by_observed_cost(world: LateDays) -> Mask:
    """R3: return which campaigns stop on any of ten evenings because the CPA stands above 50 then."""
    stops = np.zeros(world.spend.shape[0], dtype=np.bool_)
    for day in range(1, CPA_DAYS + 1):
        visible, _ = as_reported(world, day, youngest=0)
        spend = world.spend[:, :day]
        stops |= (spend.sum(axis=1) >= CPA_GUARD) & observed("cost", visible, spend, TARGET_CPA).is_above
    return stops


def as_reported(world: LateDays, day: int, *, youngest: int = 1) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return the conversions that are visible after this many days, and the ages of the days.

    ``youngest``: age of the last of them, 1 on the morning after and 0 while it is open.
    """
    age = np.arange(day, 0, -1) - 1 + youngest
    return world.visible[np.minimum(age, len(world.visible) - 1), :, np.arange(day)].T, age


def stopped_by_return(world: Orders, order_value: float) -> Mask:
    """R1 for "ROAS below 2": return which campaigns stop on any morning once $2,000 are spent."""
    running = np.ones(world.spend.shape[0], dtype=np.bool_)
    for day in range(int(np.ceil(GUARD / SPEND_PER_DAY)), world.spend.shape[1] + 1):
        if not running.any():
            break
        evidence = threshold_evidence(
            "value",
            world.revenue[running, :day],
            world.spend[running, :day],
            TARGET_ROAS,
            events=world.orders[running, :day],
            kappa=1 + ORDER_VALUE_CV**2,
            average_order_value=order_value,
        )
        running[running] = ~(evidence.p_below >= CONFIDENCE)
    return ~running


def called_on_planned_looks(arms: Arms) -> Mask:
    """R4: return which comparisons are called a win or a loss on any planned daily look, from 2 days on."""
    days = arms.events.shape[2]
    called = np.zeros(arms.events.shape[0], dtype=np.bool_)
    for day in range(FEWEST_DAYS, days + 1):
        so_far = compare_days("rate", arms.events[..., :day], arms.exposure[..., :day])
        outside = (so_far.credible_low[:, 1] > 0) | (so_far.credible_high[:, 1] < 0)
        called |= outside & look_allows(so_far.two_sided_p[:, 1], day, days)
    return called


def called_on_unplanned_looks(arms: Arms) -> Mask:
    """R4: return where the e-value of the comparison reaches 20 after any day."""
    called = np.zeros(arms.events.shape[0], dtype=np.bool_)
    for day in range(FEWEST_DAYS, arms.events.shape[2] + 1):
        so_far = compare_days("rate", arms.events[..., :day], arms.exposure[..., :day])
        called |= so_far.log_e_value[:, 1] >= breach_log_e(CONFIDENCE)
    return called


def ever_hopeless(days: Days, target: float) -> Mask:
    """R8: return which campaigns are called hopeless on any morning from 2 to the last but one."""
    length = days.events.shape[1]
    hopeless = np.zeros(days.events.shape[0], dtype=np.bool_)
    for day in range(FEWEST_DAYS, length):
        open_still = ~hopeless
        if not open_still.any():
            break
        events, exposure = days.events[open_still, :day], days.exposure[open_still, :day]
        left = np.full(len(events), float(length - day))
        spend = np.full(events.shape, SPEND_PER_DAY)
        to_come = exposure_still_to_come(exposure, spend, left * SPEND_PER_DAY, left)
        miss = probability_of_miss("rate", events, exposure, target, exposure_left=to_come, days_left=left)
        hopeless[open_still] = miss > HOPELESS
    return hopeless


def _planned(moneys: list[list[CampaignMoney]], *, thompson: bool = False) -> Array:
    """Return the budgets after one plan a run, (runs, campaigns)."""
    plan = thompson_plan if thompson else shift_plan
    changes = [plan(campaigns).change for campaigns in moneys]
    return np.array(
        [
            [float(campaign.budget + change[campaign.key]) for campaign in campaigns]
            for campaigns, change in zip(moneys, changes, strict=True)
        ]
    )


def _moneys(
    budget: Array, *, above_target: Array | None = None, best: Array | None = None
) -> list[list[CampaignMoney]]:
    """Return each run's campaigns with nothing spent yet of their new budgets."""
    unknown = np.full(budget.shape, None)
    rows = zip(
        budget,
        unknown if above_target is None else above_target,
        unknown if best is None else best,
        strict=True,
    )
    return [
        [
            CampaignMoney(
                str(place),
                Decimal(f"{amount:.2f}"),
                Decimal(0),
                probability_above_target=chance,
                probability_best=None if first is None else min(first, 1.0),
            )
            for place, (amount, chance, first) in enumerate(zip(*row, strict=True))
        ]
        for row in rows
    ]


def shifted(conversions: Array, spend: Array, budget: Array) -> Array:
    """R7: move from those probably above their target cost to those probably below."""
    above_target = cost_evidence(conversions, spend, TARGET_CPA).p_below
    return _planned(_moneys(budget, above_target=above_target))


def by_thompson(conversions: Array, spend: Array, budget: Array) -> Array:
    """R7, capped Thompson: the probability to be the best of all, each posterior taken for a Gamma."""
    mean, variance = cost_evidence(conversions, spend, TARGET_CPA).posterior.moments()
    best = gamma_best(mean**2 / variance, mean / variance).probability_best
    return _planned(_moneys(budget, best=best), thompson=True)


def all_to_the_best(conversions: Array, spend: Array, budget: Array) -> Array:
    """Give everything to the best point estimate, which Quickno does not do."""
    shown = spend.sum(axis=2)
    estimate = np.where(shown > 0, conversions.sum(axis=2) / np.where(shown > 0, shown, 1.0), 0.0)
    is_best = np.arange(budget.shape[1]) == estimate.argmax(axis=1)[:, None]
    return np.where(is_best, budget.sum(axis=1, keepdims=True), 0.0)


def gained(random: np.random.Generator, campaigns: Portfolio, planner: Planner, *, day_sd: float) -> Array:
    """Return the conversions that six sprints bring on average, as planned from what the days have shown."""
    budget = np.full(campaigns.rate.shape, BUDGET)
    conversions, spend = np.empty((2, *budget.shape, 0))
    total = campaigns.conversions(budget).sum(axis=1)
    for _ in range(SPRINTS - 1):
        seen, spent = sprint(random, campaigns, budget, day_sd=day_sd)
        conversions, spend = np.append(conversions, seen, axis=2), np.append(spend, spent, axis=2)
        budget = planner(conversions, spend, budget)
        total += campaigns.conversions(budget).sum(axis=1)
    return np.asarray(total)
