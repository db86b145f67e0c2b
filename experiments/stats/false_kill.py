"""What a kill criterion would do to good and bad campaigns, by simulation before launch."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from scipy import special

from experiments.stats.always_valid import (
    FEWEST_DAYS,
    breach_log_e,
    evidence_of_logs,
    log_e_two_sided,
    log_ratio_to,
)
from experiments.stats.arrays import Array, Mask
from experiments.stats.forms import ORDER_VALUE_KAPPA, Comparator, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, GRID_POINTS, DayGroups, SpreadPrior
from experiments.stats.maturity import AT_ONCE, MaturityCurve, mature_exposure
from experiments.stats.threshold import (
    FEWEST_ORDERS,
    OBSERVED_MARGIN,
    OBSERVED_MARGIN_DAYS,
    tempered_by_groups,
    value_off_by_groups,
)

RUNS: Final = 2000
MOST_DAYS: Final = 60
# How much better (negative) or worse than the threshold the truth is: good, borderline, bad, very bad.
SHOWN_TRUTHS: Final = (-0.1, 0.0, 0.2, 0.4)
# Campaigns that were stopped are carried along until so many of them are.
CARRIED: Final = 0.1


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
        if not 0.5 <= self.confidence < 1:  # noqa: PLR2004
            raise ValueError(f"confidence is {self.confidence}; it must be at least 0.5 and below 1.")
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
    ``settles_after``: judged by settled days only, older than so many days; ``None``: as they mature.
    """

    spend_per_day: float
    days: int
    exposure_price: float = 1.0
    order_value: float | None = None
    curve: MaturityCurve = AT_ONCE
    spread: SpreadPrior = DAY_SPREAD
    settles_after: int | None = None

    def __post_init__(self) -> None:
        for name in ("spend_per_day", "exposure_price"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0 and finite.")
        if not 1 <= self.days <= MOST_DAYS:
            raise ValueError(f"days is {self.days}; it must be from 1 to {MOST_DAYS}.")
        if self.order_value is not None and not 0 < self.order_value < math.inf:
            raise ValueError(f"order_value is {self.order_value}; it must be above 0 and finite.")
        if self.settles_after is not None and self.settles_after < 0:
            raise ValueError(f"settles_after is {self.settles_after}; it must be at least 0 days, or None.")


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


def _ages(rule: Rule, run: PlannedRun) -> tuple[Array, Array]:
    """Return what is visible of a day at each age at which it is looked at, and how its exposure counts.

    From the age of the youngest day that a look sees: 0 while it is open, for the number as it stands; else 1
    on the morning after. The last is that of all days which are older.
    """
    if rule.evidence == Evidence.OBSERVED:
        share = np.array(run.curve.share)
        return share, np.ones(share.shape)
    settled = -1 if run.settles_after is None else run.settles_after
    age = np.arange(1, max(len(run.curve.share), settled + 2, 2))
    share = run.curve.at(age)
    if run.settles_after is not None:
        return share, np.where(age > settled, 1.0, 0.0)
    return share, mature_exposure(np.ones(age.shape), age, run.curve).exposure


class _Campaigns:
    """Campaigns of one true rate that still run, and what their days have brought.

    Days that no longer change are kept as sums. That is what makes a long plan quick.
    """

    def __init__(self, rule: Rule, run: PlannedRun, rate: float, runs: int, seed: int | str) -> None:
        self.rule, self.run, self.exposure = rule, run, run.spend_per_day / run.exposure_price
        self.share, self.weight = _ages(rule, run)
        self.due = rate * self.exposure
        self.generator = np.random.default_rng(_seed(seed))
        middles = (np.arange(runs) + 0.5) / runs
        sd = (run.spread.median * np.exp(run.spread.log_sd * special.ndtri(middles)))[:, None]
        # Drawn first, so that every truth meets the same days.
        self.swings = np.exp(sd * self.generator.standard_normal((runs, run.days)) - sd**2 / 2)
        # Of the young days, the oldest first: visible events at each age, (ages, running), and their worth.
        self.young: list[tuple[Array, Array]] = []
        self.whole_days = 0
        # Sums and sums of squares over the whole days: events, their worth, logarithms.
        self.whole = np.zeros((3, 2, runs))

    def pass_a_day(self, day: int) -> None:
        """Draw the events of a day, when each becomes visible, and what they are worth."""
        new = np.diff(self.share, prepend=0.0)[:, None] * (self.due * self.swings[:, day])
        visible = self.generator.poisson(new).cumsum(axis=0).astype(np.float64)
        self.young.append((visible, self._worth(visible)))
        if len(self.young) == len(self.share):
            events, worth = (of_ages[-1] for of_ages in self.young.pop(0))
            logs = (
                self._logs(events, self.weight[-1]) if self.rule.evidence == Evidence.ALWAYS_VALID else events
            )
            brought = np.stack([events, worth, logs])
            self.whole += np.stack([brought, brought**2], axis=1)
            self.whole_days += 1

    def _worth(self, visible: Array) -> Array:
        if self.run.order_value is None:
            return visible
        # The sum of k orders of mean v and squared variation c is nearly Gamma(k/c) with scale v·c.
        variation, orders = ORDER_VALUE_KAPPA - 1, visible[-1]
        worth = self.generator.standard_gamma(orders / variation) * self.run.order_value * variation
        return np.asarray(worth * visible / np.maximum(orders, 1.0))

    def _logs(self, events: Array, weight: float) -> Array:
        is_cost = metric_form(self.rule.form) is MetricForm.COST
        limit = 1 / self.rule.threshold if is_cost else self.rule.threshold
        return log_ratio_to(limit, events, self.exposure * weight)

    def keep(self, running: Mask) -> None:
        """Let go of those that were stopped."""
        self.swings, self.whole = self.swings[running], self.whole[..., running]
        self.young = [(visible[:, running], worth[:, running]) for visible, worth in self.young]

    def breached(self) -> Mask:
        """Return which of the running ones the rule stops as things stand."""
        # The youngest day is at the first age.
        counted = [
            (place, day)
            for place, day in enumerate(reversed(self.young))
            if self.weight[place] > 0 and self.share[place] > 0
        ]
        number = np.array([1.0] * len(counted) + [float(self.whole_days)] * (self.whole_days > 0))
        size = self.exposure * np.array(
            [self.weight[place] for place, _ in counted] + [self.weight[-1]] * (self.whole_days > 0)
        )
        none = np.zeros(len(self.swings), dtype=np.bool_)
        exposure, days = float(number @ size), int(number.sum())
        is_cost = metric_form(self.rule.form) is MetricForm.COST
        spent = exposure if is_cost else days * self.run.spend_per_day
        if (
            days < max(self.rule.least_days, 1)
            or spent < self.rule.least_spend
            or exposure < self.rule.least_exposure
        ):
            return none
        groups = []
        for kind in (0, 1):
            each = [day[kind][place] for place, day in counted]
            total, square = list(each), [brought**2 for brought in each]
            if self.whole_days:
                total.append(self.whole[kind, 0])
                square.append(self.whole[kind, 1])
            groups.append(DayGroups(number, size, np.stack(total, axis=1), np.stack(square, axis=1)))
        events, worth = groups
        guarded: Mask = np.asarray(events.total.sum(axis=1) >= self.rule.least_events)
        if self.rule.evidence != Evidence.ALWAYS_VALID:
            none[guarded] = _judge(self.rule, worth.take(guarded), events.take(guarded), self.run.order_value)
            return none
        logs = [self._logs(day[0][place], self.weight[place]) for place, day in counted]
        return guarded & self._bets(days, np.sum([*logs, self.whole[2, 0]], axis=0), logs)

    def _bets(self, days: int, total: Array, logs: list[Array]) -> Mask:
        mean = total / days
        around = self.whole[2, 1] - mean * (2 * self.whole[2, 0] - self.whole_days * mean)
        squares = np.maximum(np.sum([*[np.square(log - mean) for log in logs], around], axis=0), 0.0)
        is_cost = metric_form(self.rule.form) is MetricForm.COST
        below = self.rule.comparator == Comparator.BELOW
        # On the right side of the limit no bet is ever won.
        stops: Mask = np.asarray((mean < 0) if below is not is_cost else (mean > 0))
        line = breach_log_e(self.rule.confidence)
        if days < FEWEST_DAYS or not stops.any():
            return np.zeros(stops.shape, dtype=np.bool_)
        number = np.full(stops.shape, float(days))
        stops &= log_e_two_sided(number, mean, squares)[0] + math.log(2) >= line
        betting = evidence_of_logs(
            np.full(int(stops.sum()), days), mean[stops], squares[stops], is_cost=is_cost
        )
        stops[stops] = (betting.log_e_below if below else betting.log_e_above) >= line
        return stops


def _judge(rule: Rule, worth: DayGroups, events: DayGroups, order_value: float | None) -> Mask:
    """Return where the rule fires on days that meet its guards, by R1 or R3."""
    below = rule.comparator == Comparator.BELOW
    if rule.evidence in {Evidence.OBSERVED, Evidence.OBSERVED_MARGIN}:
        margin = OBSERVED_MARGIN if rule.evidence == Evidence.OBSERVED_MARGIN else 0.0
        if margin and worth.number.sum() < OBSERVED_MARGIN_DAYS:
            return np.zeros(len(worth.total), dtype=np.bool_)
        top, bottom = worth.total.sum(axis=1), np.asarray(worth.number @ worth.size)
        if metric_form(rule.form) is MetricForm.COST:
            top, bottom = bottom, top
        return np.asarray(
            top < (1 - margin) * rule.threshold * bottom
            if below
            else top > (1 + margin) * rule.threshold * bottom
        )
    if metric_form(rule.form) is not MetricForm.VALUE:
        return _probable(rule, events)
    orders = events.total.sum(axis=1)
    few = orders < FEWEST_ORDERS
    stops = np.zeros(few.shape, dtype=np.bool_)
    if not few.all():
        off = value_off_by_groups(
            worth.take(~few),
            orders[~few],
            rule.threshold,
            ORDER_VALUE_KAPPA,
            rule.prior,
            confidence=rule.confidence,
        )
        stops[~few] = off[0 if below else 1]
    if few.any() and order_value is not None:
        # The cost of an order speaks then: it is above its limit where the return is below.
        other = Comparator.ABOVE if below else Comparator.BELOW
        cost = replace(rule, form="cost", threshold=order_value / rule.threshold, comparator=other)
        stops[few] = _probable(cost, events.take(few))
    return stops


def _probable(rule: Rule, events: DayGroups) -> Mask:
    """Judge by R1, the exact probability being computed only where a rough one is near the line."""
    is_cost = metric_form(rule.form) is MetricForm.COST
    limit = 1 / rule.threshold if is_cost else rule.threshold
    total, shown = events.total.sum(axis=1), float(events.number @ events.size)
    rate_is_low = (rule.comparator == Comparator.BELOW) is not is_cost
    # Every component of the posterior has shapes of at least 1, so at most 1/2 lies above its mean, and less
    # than 1 - 1/e below: who is on the right side is not stopped, and need not be computed.
    suspect: Mask = np.asarray((total < limit * shown) if rate_is_low else (total > limit * shown))
    least = 1 - 1 / math.e if rate_is_low else 0.5
    if rule.confidence <= least or (limit > 0.5 and not is_cost):  # noqa: PLR2004
        suspect = np.ones(total.shape, dtype=np.bool_)
    stopped = np.zeros(total.shape, dtype=np.bool_)
    if not suspect.any():
        return stopped
    is_share = (total <= shown) & (not is_cost) & (limit < 1)
    # No mixture is surer than the surer one of the components with the least and with the most spread.
    equal = np.full((int(suspect.sum()), GRID_POINTS), 1 / GRID_POINTS)
    components = tempered_by_groups(events.take(suspect), limit, is_share[suspect], rule.prior, weights=equal)
    side, off = components.extremes().roughly_below(limit)
    may = (side if rate_is_low else 1 - side) + off >= rule.confidence
    suspect[suspect] = may.any(axis=1)
    posterior = tempered_by_groups(events.take(suspect), limit, is_share[suspect], rule.prior)
    rough, off = posterior.roughly_below(limit)
    probability = rough if rate_is_low else 1 - rough
    near = np.flatnonzero(np.abs(probability - rule.confidence) <= off)
    exact = 0 if rate_is_low else 1
    surest = posterior.take(near).extremes().sides(limit)[exact].max(axis=1)
    probability[near] = surest
    near = near[surest >= rule.confidence]
    probability[near] = posterior.take(near).sides(limit)[exact]
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
        campaigns, running = _Campaigns(rule, run, rate, runs, seed), np.ones(runs, dtype=np.bool_)
        spend, by_day = 0.0, []
        for day in range(run.days):
            spend += run.spend_per_day * float(running.sum())
            if running.any():
                campaigns.pass_a_day(day)
                running &= ~campaigns.breached()
            by_day.append(1 - float(running.sum()) / runs)
            if running.sum() < (1 - CARRIED) * len(running):
                campaigns.keep(running)
                running = running[running]
        stop = by_day[-1]
        risks.append(Risk(truth, stop, math.sqrt(stop * (1 - stop) / runs), spend / runs, tuple(by_day)))
    return tuple(risks)
