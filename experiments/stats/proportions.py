"""Textbook methods for totals without days: shares, means, and the plain Beta posterior.

They take every exposure for an independent draw. Day totals of ad platforms are not, so where there are days
use ``threshold``, ``comparison`` and ``best_arm``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import (
    Array,
    finite,
    non_negative,
    open_fraction,
    positive,
    same_shape,
)
from experiments.stats.quadrature import beta_best


@dataclass(frozen=True, slots=True)
class Interval:
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class TestResult:
    """``difference``: second minus first, from ``low`` to ``high``; ``statistic``; two-sided ``p_value``."""

    difference: Array
    statistic: Array
    p_value: Array
    low: Array
    high: Array


def _shares(
    events1: npt.ArrayLike, total1: npt.ArrayLike, events2: npt.ArrayLike, total2: npt.ArrayLike
) -> tuple[Array, Array, Array, Array]:
    counts = []
    for name, events, total in (("1", events1, total1), ("2", events2, total2)):
        hits, size = non_negative(f"events{name}", events), positive(f"total{name}", total)
        if (hits > size).any():
            raise ValueError(
                f"events{name} exceeds total{name}; a share has at most one event for each exposure."
            )
        counts += [hits, size]
    x1, n1, x2, n2 = counts
    same_shape(events1=x1, total1=n1, events2=x2, total2=n2)
    return x1, n1, x2, n2


def _z(level: float) -> float:
    return float(special.ndtri((1 + open_fraction("level", level)) / 2))


def wilson_interval(events: npt.ArrayLike, total: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share (Wilson 1927, *JASA* 22, 209; Agresti, *CDA*, §1.4.2).

    >>> interval = wilson_interval([0], [40])
    >>> interval.low.round(4), interval.high.round(4)
    (array([0.]), array([0.0876]))
    """
    hits, size = non_negative("events", events), positive("total", total)
    same_shape(events=hits, total=size)
    if (hits > size).any():
        raise ValueError("events exceeds total; a share has at most one event for each exposure.")
    z2 = _z(level) ** 2
    centre = (hits + z2 / 2) / (size + z2)
    half = np.sqrt(z2) / (size + z2) * np.sqrt(hits * (size - hits) / size + z2 / 4)
    # At 0 and at n the ends are exact; rounding must not move them.
    return Interval(
        np.where(hits == 0, 0.0, np.maximum(centre - half, 0.0)),
        np.where(hits == size, 1.0, np.minimum(centre + half, 1.0)),
    )


def newcombe_interval(
    events1: npt.ArrayLike,
    total1: npt.ArrayLike,
    events2: npt.ArrayLike,
    total2: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> Interval:
    """Return Newcombe's hybrid score interval of share 2 - share 1 (1998, *Statist. Med.* 17, 873, no. 10).

    >>> interval = newcombe_interval([400], [50000], [470], [50500])
    >>> interval.low.round(6), interval.high.round(6)
    (array([0.000161]), array([0.002456]))
    """
    x1, n1, x2, n2 = _shares(events1, total1, events2, total2)
    p1, p2 = x1 / n1, x2 / n2
    first, second = wilson_interval(x1, n1, level=level), wilson_interval(x2, n2, level=level)
    return Interval(
        p2 - p1 - np.hypot(p2 - second.low, first.high - p1),
        p2 - p1 + np.hypot(second.high - p2, p1 - first.low),
    )


def two_proportion_test(
    events1: npt.ArrayLike,
    total1: npt.ArrayLike,
    events2: npt.ArrayLike,
    total2: npt.ArrayLike,
    *,
    pooled: bool = True,
    level: float = 0.95,
) -> TestResult:
    """Test whether two shares differ by the z test without continuity correction (Agresti, *CDA*, §3.2).

    The interval is Newcombe's. NaN where neither has an event, or nothing but events.

    >>> two_proportion_test([400], [50000], [470], [50500]).p_value.round(6)
    array([0.025338])
    """
    x1, n1, x2, n2 = _shares(events1, total1, events2, total2)
    p1, p2 = x1 / n1, x2 / n2
    both = (x1 + x2) / (n1 + n2)
    variance = both * (1 - both) * (1 / n1 + 1 / n2) if pooled else p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    statistic = (p2 - p1) / np.sqrt(np.where(variance > 0, variance, np.nan))
    interval = newcombe_interval(x1, n1, x2, n2, level=level)
    return TestResult(p2 - p1, statistic, 2 * special.ndtr(-np.abs(statistic)), interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class WelchResult:
    """As ``TestResult``, with Welch's ``degrees`` of freedom."""

    difference: Array
    statistic: Array
    degrees: Array
    p_value: Array
    low: Array
    high: Array


def welch_test(
    first: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    second: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    *,
    level: float = 0.95,
) -> WelchResult:
    """Compare two means (average order value) by Welch's t (1947, *Biometrika* 34, 28).

    ``first``, ``second``: mean, standard deviation and number of values, at least 2. NaN where neither
    varies.

    >>> welch_test(([52.31], [18.4], [63]), ([60.02], [25.7], [71])).p_value.round(6)
    array([0.046287])
    """
    (mean1, sd1, n1), (mean2, sd2, n2) = (
        (
            finite(f"mean of the {name}", arm[0]),
            non_negative(f"sd of the {name}", arm[1]),
            positive(f"number of the {name}", arm[2]),
        )
        for name, arm in (("first", first), ("second", second))
    )
    same_shape(mean1=mean1, sd1=sd1, n1=n1, mean2=mean2, sd2=sd2, n2=n2)
    if min(n1.min(), n2.min()) < 2:  # noqa: PLR2004
        raise ValueError("number must be at least 2 in both; one value has no standard deviation.")
    part1, part2 = sd1**2 / n1, sd2**2 / n2
    total = np.where(part1 + part2 > 0, part1 + part2, np.nan)
    degrees = total**2 / (part1**2 / (n1 - 1) + part2**2 / (n2 - 1) + np.where(np.isnan(total), np.nan, 0.0))
    error = np.sqrt(total)
    difference = mean2 - mean1
    statistic = difference / error
    half = special.stdtrit(degrees, (1 + open_fraction("level", level)) / 2) * error
    p_value = np.asarray(2 * special.stdtr(degrees, -np.abs(statistic)), dtype=np.float64)
    return WelchResult(difference, statistic, degrees, p_value, difference - half, difference + half)


@dataclass(frozen=True, slots=True)
class BetaComparison:
    """``probability_best``, ``expected_loss``: (..., arms)."""

    probability_best: Array
    expected_loss: Array


def beta_comparison(
    events: npt.ArrayLike, total: npt.ArrayLike, *, prior: tuple[float, float] = (1.0, 1.0)
) -> BetaComparison:
    """Compare shares by their plain Beta posteriors: P(best) and E[(best - chosen)⁺].

    Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.4; exact by quadrature. ``events``, ``total``: (...,
    arms); the prior is the same for every arm.

    >>> beta_comparison([120, 140], [1200, 1200]).probability_best.round(4)
    array([0.0948, 0.9052])
    """
    hits, size = non_negative("events", events), non_negative("total", total)
    same_shape(events=hits, total=size)
    if (hits > size).any():
        raise ValueError("events exceeds total; a share has at most one event for each exposure.")
    alpha, beta = (float(positive("prior", number)) for number in prior)
    result = beta_best(hits + alpha, size - hits + beta)
    return BetaComparison(result.probability_best, result.expected_loss)
