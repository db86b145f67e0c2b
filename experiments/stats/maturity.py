"""Conversions that arrive late: which share of a day's eventual ones is visible at its age (R6).

Chain-ladder with its uncertainty: Mack 1993, *ASTIN Bulletin* 23, 213.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.stats.arrays import Array, Mask, as_floats, non_negative, same_shape

DEFAULT_SHARE: Final = (0.50, 0.68, 0.78, 0.85, 0.90, 0.94, 0.97, 1.0)
# From this many days of an age on, the default has no say in it.
DAYS_TO_KNOW: Final = 10
# A day first reported later than this was backfilled: its history is not how conversions arrive.
LATEST_FIRST_REPORT: Final = 1
LEAST_VISIBLE: Final = 0.5
# The curve is an estimate; erring this way kills fewer campaigns that are in truth good.
HAIRCUT: Final = 0.95
# How far a default step may be off, as a part of its own logarithm (one standard deviation).
DEFAULT_STEP_DOUBT: Final = 0.5
# Two-sided 95 %.
_REACH: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class MaturityCurve:
    """``share``: visible at age 0, 1, 2 … days, rising to 1; beyond its end everything is visible.

    ``days_known``: from how many days each step between two ages was learnt. ``low``, ``high``: ends of the
    95 % interval of each share; empty where the curve was not learnt.
    """

    share: tuple[float, ...]
    days_known: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        shares = np.asarray(self.share, dtype=np.float64)
        if shares.ndim != 1 or shares.size == 0 or not (shares > 0).all() or shares[-1] != 1:
            raise ValueError(
                f"share is {self.share}; it must be one row of numbers above 0 that ends with 1."
            )
        if (np.diff(shares) < 0).any():
            raise ValueError(f"share is {self.share}; it must not fall.")

    def at(self, age: npt.ArrayLike) -> Array:
        """Return the visible share at these ages in whole days.

        >>> DEFAULT_CURVE.at([0, 3, 40])
        array([0.5 , 0.85, 1.  ])
        """
        days = non_negative("age", age)
        if (days != np.floor(days)).any():
            raise ValueError("age must hold whole days.")
        place = np.minimum(days, len(self.share) - 1).astype(np.intp)
        return np.asarray(np.asarray(self.share, dtype=np.float64)[place])


DEFAULT_CURVE: Final = MaturityCurve(DEFAULT_SHARE)
# Sources that date an event by when it happened (CRM, analytics).
AT_ONCE: Final = MaturityCurve((1.0,))


def fit_maturity(reported: npt.ArrayLike, *, day: npt.ArrayLike | None = None) -> MaturityCurve:
    """Return the curve of a source from its stored restatements, blended with the default while they are few.

    Chain-ladder (Mack 1993): the step from age a to a + 1 is the ratio of sums over the days seen at both. A
    step known from n < 10 days counts n/10, the default's step the rest (Quickno's choice, described in
    docs/statistics.md). Conversions that a platform takes back do not make the curve fall.

    The interval is Mack's, of the steps' logarithms: the variance of a step is what the days show, and at
    least that of independent conversions. A default step may be off by half its own logarithm.

    ``reported``: (rows, 8), the conversions of a day as reported at age 0 … 7, NaN where there was no report
    at that age; an earlier report is not carried over. Rows first reported after age 1 are left out.
    ``day``: (rows,), which day each row is part of, where a day has several; by default a row is a day.

    >>> curve = fit_maturity([[6, 8, 9, 10, 10, 10, 10, 10]] * 10)
    >>> curve.at([0, 1, 2, 3]).round(3)
    array([0.6, 0.8, 0.9, 1. ])
    >>> [round(curve.low[0], 2), round(curve.high[0], 2)]
    [0.52, 0.69]
    """
    table = as_floats("reported", reported)
    known = ~np.isnan(table)
    non_negative("reported", np.where(known, table, 0.0))
    if table.ndim != 2 or table.shape[1] != len(DEFAULT_SHARE):  # noqa: PLR2004
        raise ValueError(f"reported has the shape {table.shape}; it must be (days, {len(DEFAULT_SHARE)}).")
    labels = np.arange(len(table)) if day is None else np.asarray(day)
    if labels.shape != table.shape[:1]:
        raise ValueError(f"day has the shape {labels.shape}; it must name a day for each of the rows.")
    timely = known[:, : LATEST_FIRST_REPORT + 1].any(axis=1, keepdims=True)
    both = known[:, :-1] & known[:, 1:] & timely
    before = _by_day(np.where(both, table[:, :-1], 0.0), labels)
    after = _by_day(np.where(both, table[:, 1:], 0.0), labels)
    seen = _by_day(both.astype(np.float64), labels) > 0
    total = before.sum(axis=0)
    days = np.where(total > 0, seen.sum(axis=0), 0)
    step = np.maximum(after.sum(axis=0) / np.where(total > 0, total, 1.0), 1.0)
    default = np.asarray(DEFAULT_SHARE)
    usual = default[1:] / default[:-1]
    trust = np.minimum(days / DAYS_TO_KNOW, 1.0)
    blended = trust * step + (1 - trust) * usual
    share = np.append(1 / np.cumprod(blended[::-1])[::-1], 1.0)
    variance = np.square(trust) * _step_variance(before, after, step)
    variance += np.square((1 - trust) * DEFAULT_STEP_DOUBT * np.log(usual))
    reach = _REACH * np.sqrt(np.append(np.cumsum(variance[::-1])[::-1], 0.0))
    return MaturityCurve(
        tuple(share.tolist()),
        tuple(days.tolist()),
        tuple((share * np.exp(-reach)).tolist()),
        tuple(np.minimum(share * np.exp(reach), 1.0).tolist()),
    )


def _by_day(rows: Array, labels: npt.NDArray[np.generic]) -> Array:
    """Sum the rows of each day."""
    _, place = np.unique(labels, return_inverse=True)
    sums = np.zeros((int(place.max(initial=-1)) + 1, rows.shape[1]))
    np.add.at(sums, place.reshape(-1), rows)
    return sums


def _step_variance(before: Array, after: Array, step: Array) -> Array:
    """Return the variance of the logarithm of each step; 0 where no conversion was seen at both its ages."""
    some = before > 0
    number, total = some.sum(axis=0), before.sum(axis=0)
    ratios = after / np.where(some, before, 1.0)
    squares = np.where(some, before * (ratios - step) ** 2, 0.0).sum(axis=0)
    # Conversions that come independently of each other scatter this much (Poisson).
    least = step - 1
    scatter = np.maximum(squares / np.maximum(number - 1, 1), least)
    return np.where(total > 0, scatter / np.where(total > 0, total, 1.0), 0.0) / np.square(step)


@dataclass(frozen=True, slots=True)
class MatureExposure:
    """``exposure``: what the visible conversions are compared with, 0 where not ``counted``."""

    exposure: Array
    counted: Mask


def mature_exposure(exposure: npt.ArrayLike, age: npt.ArrayLike, curve: MaturityCurve) -> MatureExposure:
    """Return each day's exposure times the share of its conversions that is visible, less a haircut.

    Quickno's method, described in docs/statistics.md, R6. Days of which less than half is visible do not
    count. The haircut of 5 % is for the uncertainty of the
    curve, so a day that is wholly visible has none. ``exposure``, ``age`` in whole days: the same shape,
    (campaigns, days).

    >>> mature_exposure([[600.0, 600.0, 600.0]], [[9, 1, 0]], DEFAULT_CURVE).exposure
    array([[600. , 387.6, 285. ]])
    """
    sizes, days = non_negative("exposure", exposure), non_negative("age", age)
    same_shape(exposure=sizes, age=days)
    visible = curve.at(days)
    counted = visible >= LEAST_VISIBLE
    haircut = np.where(visible < 1, HAIRCUT, 1.0)
    return MatureExposure(np.where(counted, sizes * visible * haircut, 0.0), counted)
