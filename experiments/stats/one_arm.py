"""Intervals for the value of one arm, with its days as clusters."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import (
    Array,
    counted_cells,
    non_negative,
    open_fraction,
    ratio,
    same_shape,
)
from experiments.stats.forms import ORDER_VALUE_KAPPA, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.threshold import threshold_evidence


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A ratio of totals with its interval; every array has the shape (arms,) or (campaigns, arms).

    ``low``, ``high``: from the logarithm of the ratio, the ones to show. ``raw_low``, ``raw_high``: from the
    ratio itself. NaN below two days or where the ratio is 0 or not known. ``standard_error`` is the ratio's
    own.
    """

    value: Array
    standard_error: Array
    low: Array
    high: Array
    raw_low: Array
    raw_high: Array
    days: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Clusters:
    top: Array
    bottom: Array
    counted: npt.NDArray[np.bool_]
    days: npt.NDArray[np.int64]
    quantile: Array  # of Student's t with one degree of freedom less than there are days


def _clusters(
    form: str, outcome: npt.ArrayLike, exposure: npt.ArrayLike, mask: npt.ArrayLike | None, level: float
) -> _Clusters:
    amounts, sizes = non_negative("outcome", outcome), non_negative("exposure", exposure)
    counted = counted_cells(mask, same_shape(outcome=amounts, exposure=sizes)) & (sizes > 0)
    amounts, sizes = np.where(counted, amounts, 0.0), np.where(counted, sizes, 0.0)
    top, bottom = (sizes, amounts) if metric_form(form) is MetricForm.COST else (amounts, sizes)
    days = counted.sum(axis=-1)
    upper = (1 + open_fraction("level", level)) / 2
    quantile = np.where(days > 1, special.stdtrit(np.maximum(days - 1, 1), upper), np.nan)
    return _Clusters(top, bottom, counted, days, quantile)


def arm_confidence_interval(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> RatioInterval:
    """Return the delta-method interval of a ratio of totals with days as clusters and Student's t.

    Cochran, *Sampling Techniques*, 3rd ed., eq. 6.13 (ratio estimate); the logarithm's interval by se(ln R) =
    se(R)/R. ``outcome``, ``exposure``, ``mask``: (..., days); the outcome is events (money for a value), the
    exposure of a cost is money.

    >>> spend = [310.5, 295.2, 330.8, 301.1, 288.4, 240.9, 255.0]
    >>> cpa = arm_confidence_interval("cost", [7, 5, 9, 6, 8, 3, 4], spend)
    >>> [float(number.round(2)) for number in (cpa.value, cpa.low, cpa.high)]
    [48.14, 37.45, 61.88]
    """
    cells = _clusters(form, outcome, exposure, mask, level)
    total = cells.bottom.sum(axis=-1)
    value = ratio(cells.top.sum(axis=-1), total)
    known = np.isfinite(value)
    centre = np.where(known, value, 0.0)
    squares = np.square(cells.top - centre[..., None] * cells.bottom).sum(axis=-1)
    several = cells.days > 1
    scale = np.where(several, cells.days / np.maximum(cells.days - 1, 1), np.nan)
    error = np.sqrt(scale * squares) / np.where(known, total, np.nan)
    half = cells.quantile * error
    positive_value = np.where(centre > 0, centre, np.nan)
    factor = np.exp(half / positive_value)
    return RatioInterval(
        value=value,
        standard_error=error,
        low=positive_value / factor,
        high=positive_value * factor,
        raw_low=value - half,
        raw_high=value + half,
        days=cells.days,
    )


def fieller_interval(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[Array, Array]:
    """Return Fieller's interval of a ratio of totals with days as clusters.

    Fieller 1954, *JRSS B* 16, 175. NaN where the set is not an interval: the quantity below the line does not
    differ from 0 at this level.

    >>> spend = [310.5, 295.2, 330.8, 301.1, 288.4, 240.9, 255.0]
    >>> [float(end.round(2)) for end in fieller_interval("cost", [7, 5, 9, 6, 8, 3, 4], spend)]
    [39.01, 66.14]
    """
    cells = _clusters(form, outcome, exposure, mask, level)
    days = np.maximum(cells.days, 1)
    mean_top, mean_bottom = cells.top.sum(axis=-1) / days, cells.bottom.sum(axis=-1) / days
    top = np.where(cells.counted, cells.top - mean_top[..., None], 0.0)
    bottom = np.where(cells.counted, cells.bottom - mean_bottom[..., None], 0.0)
    scale = cells.quantile**2 / (days * np.maximum(days - 1, 1))
    first = mean_bottom**2 - scale * np.square(bottom).sum(axis=-1)
    middle = mean_bottom * mean_top - scale * (bottom * top).sum(axis=-1)
    last = mean_top**2 - scale * np.square(top).sum(axis=-1)
    is_interval = first > 0
    leading = np.where(is_interval, first, np.nan)
    root = np.sqrt(np.maximum(middle**2 - first * last, 0.0))
    return (middle - root) / leading, (middle + root) / leading


def arm_credible_interval(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    reference: npt.ArrayLike,
    events: npt.ArrayLike | None = None,
    kappa: float = ORDER_VALUE_KAPPA,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> tuple[Array, Array]:
    """Return the 95 % credible interval of an arm's value: quantiles of the mixture of R1.

    Equal tails, as in Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.3.

    ``outcome``, ``exposure``, ``mask``: (..., days). ``reference``, a number or (...): where the prior lies,
    worth one event; the target where there is one, else the value of all arms together.

    >>> spend = [610.5, 598.2, 605.0, 590.4, 615.9]
    >>> low, high = arm_credible_interval("cost", [9, 7, 12, 6, 10], spend, reference=50)
    >>> float(low.round(1)), float(high.round(1))
    (49.6, 99.2)
    """
    return threshold_evidence(
        form, outcome, exposure, reference, events=events, kappa=kappa, mask=mask, prior=prior
    ).interval()
