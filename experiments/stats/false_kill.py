"""What a kill criterion would do to good and bad campaigns, by simulation before launch."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy import special

from experiments.stats.always_valid import always_valid_evidence, breach_log_e
from experiments.stats.arrays import Array, Mask, open_fraction
from experiments.stats.forms import ORDER_VALUE_KAPPA, Comparator, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.maturity import AT_ONCE, MaturityCurve, mature_exposure
from experiments.stats.threshold import observed, observed_margin, tempered_posterior, threshold_evidence

RUNS: Final = 2000
MOST_DAYS: Final = 60
# How much better (negative) or worse than the threshold the truth is: good, borderline, bad, very bad.
SHOWN_TRUTHS: Final = (-0.1, 0.0, 0.2, 0.4)


# The rough probability of the simulation is right within this, see the tests.
ROUGHNESS: Final = 0.02


class Evidence(StrEnum):
    """How sure a criterion must be: R1, R2 and the two forms of R3."""

    PROBABLE = "probable"
    ALWAYS_VALID = "always_valid"
    OBSERVED = "observed"
    OBSERVED_MARGIN = "observed_margin"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kill criterion. The guards are floors that must all be reached, 0 where there is none.

    ``threshold``: as people read it, a rate, money per event, or money per unit of money.
    ``least_exposure``: in the metric's own exposure (money for a cost; then it is mature money).
    ``prior``: on the spread of days, by which it is judged.
    """

    form: str
    comparator: str
    threshold: float
    evidence: str = Evidence.PROBABLE
    confidence: float = 0.95
    least_spend: float = 0.0
    least_exposure: float = 0.0
    least_events: float = 0.0
    least_days: int = 0
    prior: SpreadPrior = DAY_SPREAD

    def __post_init__(self) -> None:
        form = metric_form(self.form)
        if self.comparator not in set(Comparator) or self.evidence not in set(Evidence):
            raise ValueError(f"comparator {self.comparator!r} or evidence {self.evidence!r} is not known.")
        if not 0 < self.threshold < math.inf:
            raise ValueError(f"threshold is {self.threshold}; it must be above 0 and finite.")
        open_fraction("confidence", self.confidence)
        if form is MetricForm.VALUE and self.evidence == Evidence.ALWAYS_VALID:
            raise ValueError("evidence is 'always_valid', which there is for rates and costs only.")
        guards = (self.least_spend, self.least_exposure, self.least_events, self.least_days)
        if not all(0 <= guard < math.inf for guard in guards):
            raise ValueError(f"the guards are {guards}; each must be at least 0 and finite.")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """The campaign that a rule is tried on.

    ``exposure_price``: money for one unit of exposure, 1 for a cost or a return on spend. ``order_value``:
    average, for a value only. ``curve``: how conversions arrive; at once by default. ``spread``: of days.
    """

    spend_per_day: float
    days: int
    exposure_price: float = 1.0
    order_value: float | None = None
    curve: MaturityCurve = AT_ONCE
    spread: SpreadPrior = DAY_SPREAD

    def __post_init__(self) -> None:
        for name in ("spend_per_day", "exposure_price"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0 and finite.")
        if not 1 <= self.days <= MOST_DAYS:
            raise ValueError(f"days is {self.days}; it must be from 1 to {MOST_DAYS}.")
        if self.order_value is not None and not 0 < self.order_value < math.inf:
            raise ValueError(f"order_value is {self.order_value}; it must be above 0 and finite.")


@dataclass(frozen=True, slots=True)
class Risk:
    """What happens if the truth is ``truth``.

    ``probability_stop`` by the last day, with its Monte Carlo standard error; ``expected_spend`` until the
    stop or the end; ``stopped_by_day``: the probability to be stopped by the end of each day.
    """

    truth: float
    probability_stop: float
    monte_carlo_error: float
    expected_spend: float
    stopped_by_day: tuple[float, ...]


def _seed(seed: int | str) -> int:
    """Turn a rule's digest into the same integer on every machine."""
    return seed if isinstance(seed, int) else int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])


@dataclass(frozen=True, slots=True)
class _World:
    """``events`` visible at each age, (ages, runs, days), and their ``worth``, for counts the same."""

    events: Array
    worth: Array
    exposure_per_day: float


def _simulate(
    rate: float, run: PlannedRun, kappa: float, runs: int, generator: np.random.Generator
) -> _World:
    """Draw the day rates around the truth, then events, then when each becomes visible."""
    exposure = run.spend_per_day / run.exposure_price
    middles = (np.arange(runs) + 0.5) / runs
    sd = (run.spread.median * np.exp(run.spread.log_sd * special.ndtri(middles)))[:, None]
    swings = np.exp(sd * generator.standard_normal((runs, run.days)) - sd**2 / 2)
    whole = generator.poisson(rate * exposure * swings)
    visible, shown, before = [], np.zeros_like(whole), 0.0
    for share in run.curve.share:
        # Of those still hidden, this part appears at this age.
        part = 1.0 if share >= 1 else (share - before) / (1 - before)
        shown = shown + generator.binomial(whole - shown, part)
        before = share
        visible.append(shown.astype(np.float64))
    events = np.stack(visible)
    if run.order_value is None:
        return _World(events, events, exposure)
    # The sum of k orders of mean v and squared variation c is nearly Gamma(k/c) with scale v·c.
    variation = kappa - 1
    worth = generator.standard_gamma(events[-1] / variation) * run.order_value * variation
    return _World(events, worth * np.divide(events, np.maximum(events[-1], 1.0)), exposure)


def _breached(rule: Rule, run: PlannedRun, world: _World, day: int, running: Mask) -> Mask:
    """Return which of the running campaigns the rule stops after this day (from 0)."""
    is_observed = rule.evidence == Evidence.OBSERVED
    # The number as it stands is judged while the day is open, everything else on the morning after.
    age = np.arange(day, -1, -1) + (0 if is_observed else 1)
    place = np.minimum(age, world.events.shape[0] - 1), np.arange(day + 1)
    events = world.events[place[0], :, place[1]].T[running]
    worth = world.worth[place[0], :, place[1]].T[running]
    raw = np.full(events.shape, world.exposure_per_day)
    if is_observed:
        exposure, counted = raw, np.ones(events.shape, dtype=np.bool_)
    else:
        mature = mature_exposure(raw, np.broadcast_to(age, raw.shape), run.curve)
        exposure, counted = mature.exposure, mature.counted
    is_cost = metric_form(rule.form) is MetricForm.COST
    spent = np.where(counted, exposure if is_cost else raw * run.exposure_price, 0.0).sum(axis=1)
    guarded = (
        (spent >= rule.least_spend)
        & (exposure.sum(axis=1) >= rule.least_exposure)
        & (np.where(counted, events, 0.0).sum(axis=1) >= rule.least_events)
        & (counted.sum(axis=1) >= rule.least_days)
    )
    stopped = np.zeros(guarded.shape, dtype=np.bool_)
    if guarded.any():
        stopped[guarded] = _judge(rule, worth[guarded], exposure[guarded], events[guarded], counted[guarded])
    return stopped


def _judge(rule: Rule, outcome: Array, exposure: Array, events: Array, mask: Mask) -> Mask:
    below = rule.comparator == Comparator.BELOW
    if rule.evidence in {Evidence.OBSERVED, Evidence.OBSERVED_MARGIN}:
        look = observed if rule.evidence == Evidence.OBSERVED else observed_margin
        stand = look(rule.form, outcome, exposure, rule.threshold, mask=mask)
        return stand.is_below if below else stand.is_above
    if rule.evidence == Evidence.ALWAYS_VALID:
        betting = always_valid_evidence(rule.form, outcome, exposure, rule.threshold, mask=mask)
        log_e = betting.log_e_below if below else betting.log_e_above
        return np.asarray(log_e >= breach_log_e(rule.confidence))
    if metric_form(rule.form) is MetricForm.VALUE:
        evidence = threshold_evidence(
            rule.form, outcome, exposure, rule.threshold, events=events, mask=mask, prior=rule.prior
        )
        return (evidence.p_below if below else evidence.p_above) >= rule.confidence
    return _probable(rule, outcome, exposure, mask)


def _probable(rule: Rule, events: Array, exposure: Array, mask: Mask) -> Mask:
    """Judge by R1, the exact probability being computed only where a rough one is near the line."""
    is_cost = metric_form(rule.form) is MetricForm.COST
    counts, sizes = np.where(mask, events, 0.0), np.where(mask, exposure, 0.0)
    limit = 1 / rule.threshold if is_cost else rule.threshold
    total, shown = counts.sum(axis=1), sizes.sum(axis=1)
    rate_is_low = (rule.comparator == Comparator.BELOW) is not is_cost
    # Every component of the posterior has shapes of at least 1, so less than 1 - 1/e lies on the far side of
    # its mean: who is on the right side is not stopped, and need not be computed.
    suspect: Mask = np.asarray((total < limit * shown) if rate_is_low else (total > limit * shown))
    if rule.confidence <= 1 - 1 / math.e or (limit > 0.5 and not is_cost):  # noqa: PLR2004
        suspect = np.ones(total.shape, dtype=np.bool_)
    stopped = np.zeros(total.shape, dtype=np.bool_)
    if not suspect.any():
        return stopped
    is_share = (total <= shown) & (not is_cost) & (limit < 1)
    posterior, _ = tempered_posterior(
        counts[suspect],
        sizes[suspect],
        mask[suspect],
        np.full(int(suspect.sum()), limit),
        is_share[suspect],
        rule.prior,
    )
    rough = posterior.roughly_below(limit)
    probability = rough if rate_is_low else 1 - rough
    near = np.abs(probability - rule.confidence) <= ROUGHNESS
    if near.any():
        probability[near] = posterior.take(near).sides(limit)[0 if rate_is_low else 1]
    stopped[suspect] = probability >= rule.confidence
    return stopped


def false_kill_risk(
    rule: Rule,
    run: PlannedRun,
    *,
    seed: int | str,
    truths: Sequence[float] = SHOWN_TRUTHS,
    runs: int = RUNS,
) -> tuple[Risk, ...]:
    """Return what the rule does to campaigns of known quality, one ``Risk`` for each truth.

    ``truths``: how much worse than the threshold the metric truly is, as a fraction; -0.1 is 10 % better.
    Days differ by ``run.spread``: every run has its own spread from that prior. ``seed``: the rule's digest,
    so the same rule always shows the same figures; every truth meets the same days.

    >>> rule = Rule("rate", "below", 0.005, least_spend=2000)
    >>> run = PlannedRun(spend_per_day=1000, days=7, exposure_price=0.02)
    >>> good, bad = false_kill_risk(rule, run, seed="3f9a", truths=(-0.1, 0.4))
    >>> good.probability_stop < 0.1, bad.probability_stop > 0.9
    (True, True)
    """
    form = metric_form(rule.form)
    if form is MetricForm.VALUE and run.order_value is None:
        raise ValueError("order_value is missing; a return on spend is simulated order by order.")
    if runs < 1 or not truths:
        raise ValueError("runs must be at least 1, and truths must hold at least one number.")
    risks = []
    for truth in truths:
        direction = 1.0 if rule.comparator == Comparator.ABOVE else -1.0
        value = rule.threshold * (1 + direction * truth)
        if not 0 < value < math.inf:
            raise ValueError(f"truths holds {truth}; a metric that much worse is not above 0.")
        rate = 1 / value if form is MetricForm.COST else value / (run.order_value or 1.0)
        generator = np.random.default_rng(_seed(seed))
        world = _simulate(rate, run, ORDER_VALUE_KAPPA, runs, generator)
        running, by_day = np.ones(runs, dtype=np.bool_), []
        spend = 0.0
        for day in range(run.days):
            spend += run.spend_per_day * float(running.sum())
            if running.any():
                running[running] = ~_breached(rule, run, world, day, running)
            by_day.append(1 - float(running.mean()))
        stop = by_day[-1]
        risks.append(Risk(truth, stop, math.sqrt(stop * (1 - stop) / runs), spend / runs, tuple(by_day)))
    return tuple(risks)
