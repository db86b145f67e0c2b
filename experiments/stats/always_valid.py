"""Evidence against a threshold that stays valid however often one looks (R2).

An e-value is a bet against "the metric is on the right side": its expectation is at most 1 there, so by
Ville's inequality it reaches 1/alpha with probability at most alpha, at any time (Howard, Ramdas, McAuliffe &
Sekhon 2021, *Annals of Statistics* 49; Robbins 1970, *Annals of Mathematical Statistics* 41).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import elementwise

from experiments.stats.arrays import (
    Array,
    Mask,
    counted_cells,
    non_negative,
    open_fraction,
    per_campaign,
    positive,
    same_shape,
)
from experiments.stats.forms import MetricForm, metric_form

# Variance of the mixture over the mean, in units of the days' own variance.
MIXTURE_VARIANCE: Final = 4.0
FEWEST_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class AlwaysValidEvidence:
    """Logarithms of e-values; arrays (campaigns,), or (campaigns, days) for a path. NaN below two days.

    ``log_e_below``, ``log_e_above``: that the metric, as people read it, lies below or above the threshold; a
    breach from ``breach_log_e(confidence)`` on. ``t_statistic``: of the days' log ratios of the judged rate
    (for a cost: events per unit of money) to the threshold; infinite when all days agree, NaN if on
    the threshold itself. ``days``: counted days.
    """

    log_e_below: Array
    log_e_above: Array
    t_statistic: Array
    days: npt.NDArray[np.int64]


def breach_log_e(confidence: float) -> float:
    """Return the log e-value at which a rule of this confidence is breached: Ville's inequality (1939).

    >>> round(breach_log_e(0.95), 3)
    2.996
    """
    return -math.log1p(-open_fraction("confidence", confidence))


def _log_student_cdf(degrees: Array, values: Array) -> Array:
    """Return ln P(T < values), with the leading term of the tail where the probability itself underflows."""
    with np.errstate(divide="ignore"):
        logs: Array = np.log(special.stdtr(degrees, values))
    if not np.isneginf(logs).any():
        return logs
    far = np.abs(np.where(np.isneginf(logs), values, -1.0))
    constant = (
        special.gammaln((degrees + 1) / 2) - special.gammaln(degrees / 2) - 0.5 * np.log(degrees * np.pi)
    )
    tail = constant + (degrees + 1) / 2 * np.log(degrees) - degrees * np.log(far) - np.log(degrees)
    return np.where(np.isneginf(logs), tail, logs)


def log_ratio_to(rate: Array | float, events: Array, exposure: Array | float) -> Array:
    """Return the log ratio of a day's rate to this one, half an event at this rate added to both."""
    return np.asarray(np.log((events + 0.5) / (exposure + 0.5 / rate) / rate))


def _log_ratios(
    form: str,
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    mask: npt.ArrayLike | None,
) -> tuple[Array, Mask, bool]:
    """Return each day's log ratio of the judged rate to its threshold, the counted days, if it is a cost."""
    is_cost = metric_form(form) is MetricForm.COST
    if metric_form(form) is MetricForm.VALUE:
        raise ValueError("form is 'value'; always-valid evidence is there for rates and costs only.")
    counts, sizes = non_negative("events", events), non_negative("exposure", exposure)
    shape = same_shape(events=counts, exposure=sizes)
    limit = per_campaign("threshold", threshold, shape[:-1])[..., None]
    rate = 1 / limit if is_cost else limit
    counted = counted_cells(mask, shape) & (sizes > 0)
    log_ratio = log_ratio_to(rate, counts, np.where(counted, sizes, 1.0))
    return np.where(counted, log_ratio, 0.0), counted, is_cost


def _mixture(log_ratio: Array, counted: Mask, *, is_cost: bool) -> AlwaysValidEvidence:
    days = counted.sum(axis=-1)
    mean = log_ratio.sum(axis=-1) / np.maximum(days, FEWEST_DAYS)
    squares = np.where(counted, (log_ratio - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    return evidence_of_logs(days, mean, squares, is_cost=is_cost)


def log_e_two_sided(number: Array, mean: Array, squares: Array) -> tuple[Array, Array]:
    """Return the log e-value of the mixture over both sides, and νs² + D·l̄²/(1+gD).

    That of one side is at most twice as large. ``number``: of days, at least 2; for the others see
    ``evidence_of_logs``.
    """
    shrink = 1 + MIXTURE_VARIANCE * number
    # The same with and without the division: their ratio is (1 + t²/nu) / (1 + t²/(nu(1+gD))).
    inner = squares + number * mean**2 / shrink
    outer = squares + number * mean**2
    moved = inner > 0
    growth = np.log(np.where(moved, outer, 1.0) / np.where(moved, inner, 1.0))
    return -0.5 * np.log(shrink) + np.where(moved, number / 2 * growth, 0.0), inner


def evidence_of_logs(
    days: npt.NDArray[np.int64], mean: Array, squares: Array, *, is_cost: bool
) -> AlwaysValidEvidence:
    """Return the evidence from the mean of the days' log ratios and the sum of squares around it.

    All arrays have one shape. A side on which the mean does not lie has evidence below 1.

    >>> logs = evidence_of_logs(np.array([5]), np.array([-0.28]), np.array([0.06]), is_cost=False)
    >>> logs.log_e_below.round(1)
    array([3.5])
    """
    known = days >= FEWEST_DAYS
    number = np.where(known, days, FEWEST_DAYS).astype(np.float64)
    degrees = number - 1
    shrink = 1 + MIXTURE_VARIANCE * number
    two_sided, inner = log_e_two_sided(number, mean, squares)
    moved = inner > 0
    inner_or_one = np.where(moved, inner, 1.0)
    centre = MIXTURE_VARIANCE * number / shrink * mean
    scale = np.sqrt(inner_or_one / number * MIXTURE_VARIANCE / shrink)
    position = np.where(moved, centre / scale, 0.0)
    lower = two_sided + math.log(2) + _log_student_cdf(number, -position)
    upper = two_sided + math.log(2) + _log_student_cdf(number, position)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = mean * np.sqrt(number / (squares / degrees))
    unknown = np.where(known, 0.0, np.nan)
    below, above = (upper, lower) if is_cost else (lower, upper)
    return AlwaysValidEvidence(
        log_e_below=below + unknown,
        log_e_above=above + unknown,
        t_statistic=statistic + unknown,
        days=days,
    )


def always_valid_evidence(
    form: str,
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
) -> AlwaysValidEvidence:
    """Return the one-sided t-mixture e-values over the days' log ratios to the threshold.

    Quickno's method, described in docs/statistics.md: days are the unit, so it stays valid where they differ.
    The mixture over a normal mean with unknown variance is Lai's (1976, *Annals of Statistics* 4, 265) with a
    proper prior, restricted to one side.

    ``events``, ``exposure`` (mature spend for a cost), ``mask``: (campaigns, days); ``threshold``: a number
    or (campaigns,). There is none for values (return on ad spend).

    >>> clicks, shown = [[196, 171, 222, 168, 190]], [[50210, 48890, 51020, 47650, 50400]]
    >>> always_valid_evidence("rate", clicks, shown, 0.005).log_e_below.round(4)
    array([4.4498])
    """
    log_ratio, counted, is_cost = _log_ratios(form, events, exposure, threshold, mask)
    return _mixture(log_ratio, counted, is_cost=is_cost)


def always_valid_path(
    form: str,
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
) -> AlwaysValidEvidence:
    """Return the evidence after each day, arrays (campaigns, days): a breach on any of them counts.

    Arguments and sources as for ``always_valid_evidence``, the days in order of time.

    >>> clicks, shown = [[196, 171, 222]], [[50210, 48890, 51020]]
    >>> always_valid_path("rate", clicks, shown, 0.005).log_e_below.round(3)
    array([[  nan, 1.528, 1.944]])
    """
    log_ratio, counted, is_cost = _log_ratios(form, events, exposure, threshold, mask)
    length = log_ratio.shape[-1]
    until = np.tri(length, dtype=np.bool_) & counted[..., None, :]
    return _mixture(np.where(until, log_ratio[..., None, :], 0.0), until, is_cost=is_cost)


@dataclass(frozen=True, slots=True)
class TotalsEvidence:
    """``log_e_below``: that the share lies below the threshold. ``p_value``: valid at any time, one-sided.

    ``low``, ``high``: ends of the two-sided confidence sequence of the share. All (campaigns,).
    """

    log_e_below: Array
    p_value: Array
    low: Array
    high: Array


def _stirling_rest(z: Array) -> Array:
    """Return ln Γ(z) less Stirling's formula (Abramowitz & Stegun, eq. 6.1.41)."""
    far = 1 / np.square(np.maximum(z, 20.0))
    series = (1 / 12 - far * (1 / 360 - far * (1 / 1260 - far / 1680))) / z
    near = special.gammaln(z) - ((z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi))
    return np.where(z >= 20, series, near)  # noqa: PLR2004 - beyond it the next term is below 1e-14


def _log_beta(a: Array, b: Array) -> Array:
    """Return ln B(a, b); the difference of three ln Γ would lose five digits at 10⁵ exposures."""
    total = a + b
    main = (a - 0.5) * np.log(a / total) + b * np.log1p(-a / total) - 0.5 * np.log(b)
    return np.asarray(
        main + 0.5 * math.log(2 * math.pi) + _stirling_rest(a) + _stirling_rest(b) - _stirling_rest(total)
    )


def beta_binomial_evidence(
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mixture_size: float,
    alpha: float = 0.05,
) -> TotalsEvidence:
    """Return always-valid evidence for totals of exposures that are independent draws (randomised e-mails).

    Robbins 1970: a Beta mixture worth ``mixture_size`` exposures at the threshold, restricted to shares below
    it; the confidence sequence mixes over Beta(1, 1). Day totals of ad platforms are not such draws.

    ``events``, ``exposure``: (campaigns,), whole counts; ``threshold``: a number or (campaigns,).

    >>> beta_binomial_evidence([410], [100000], 0.005, mixture_size=2222).log_e_below.round(4)
    array([7.2663])
    """
    hits, total = non_negative("events", events), positive("exposure", exposure)
    shape = same_shape(events=hits, exposure=total)
    limit = per_campaign("threshold", threshold, shape)
    size, level = float(positive("mixture_size", mixture_size)), open_fraction("alpha", alpha)
    if (limit >= 1).any() or (hits > total).any():
        raise ValueError("threshold must lie below 1, and events must not exceed exposure.")
    a, b = limit * size, (1 - limit) * size
    misses = total - hits
    at_limit = special.xlogy(hits, limit) + special.xlog1py(misses, -limit)
    with np.errstate(divide="ignore"):
        tails = np.log(special.betainc(a + hits, b + misses, limit)) - np.log(special.betainc(a, b, limit))
    log_e = _log_beta(a + hits, b + misses) - _log_beta(a, b) + tails - at_limit
    flat = _log_beta(1 + hits, 1 + misses)

    def excess(share: Array, count: Array, rest: Array, mixture: Array) -> Array:
        return mixture - special.xlogy(count, share) - special.xlog1py(rest, -share) + math.log(level)

    mean = hits / total
    edge = 1e-300
    low = elementwise.find_root(excess, (np.minimum(edge, mean), mean), args=(hits, misses, flat)).x
    high = elementwise.find_root(excess, (mean, np.maximum(1 - 1e-16, mean)), args=(hits, misses, flat)).x
    return TotalsEvidence(
        log_e_below=log_e,
        p_value=np.exp(-np.maximum(log_e, 0.0)),
        low=np.where(hits == 0, 0.0, low),
        high=np.where(misses == 0, 1.0, high),
    )
