"""Conversions that arrive late: which share of a day's eventual ones is visible at its age (R6)."""

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


@dataclass(frozen=True, slots=True)
class MaturityCurve:
    """``share``: visible at age 0, 1, 2 … days, rising to 1; beyond its end everything is visible.

    ``days_known``: from how many days each step between two ages was learnt.
    """

    share: tuple[float, ...]
    days_known: tuple[int, ...] = ()

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


def fit_maturity(reported: npt.ArrayLike) -> MaturityCurve:
    """Return the curve of a source from its stored restatements, blended with the default while they are few.

    Chain-ladder (Mack 1993, *ASTIN Bulletin* 23, 213): the step from age a to a + 1 is the ratio of sums over
    the days seen at both. A step known from n < 10 days counts n/10, the default's step the rest (Quickno's
    choice, described in docs/statistics.md). Conversions that a platform takes back do not make the curve
    fall.

    ``reported``: (days, 8), the conversions of a day as reported at age 0 … 7, NaN where there was no report
    at that age; an earlier report is not carried over. Days first reported after age 1 are left out.

    >>> fit_maturity([[6, 8, 9, 10, 10, 10, 10, 10]] * 10).at([0, 1, 2, 3]).round(3)
    array([0.6, 0.8, 0.9, 1. ])
    """
    table = as_floats("reported", reported)
    known = ~np.isnan(table)
    non_negative("reported", np.where(known, table, 0.0))
    if table.ndim != 2 or table.shape[1] != len(DEFAULT_SHARE):  # noqa: PLR2004
        raise ValueError(f"reported has the shape {table.shape}; it must be (days, {len(DEFAULT_SHARE)}).")
    timely = known[:, : LATEST_FIRST_REPORT + 1].any(axis=1, keepdims=True)
    both = known[:, :-1] & known[:, 1:] & timely
    before = np.where(both, table[:, :-1], 0.0).sum(axis=0)
    after = np.where(both, table[:, 1:], 0.0).sum(axis=0)
    days = np.where(before > 0, both.sum(axis=0), 0)
    default = np.asarray(DEFAULT_SHARE)
    step = np.maximum(after / np.where(before > 0, before, 1.0), 1.0)
    trust = np.minimum(days / DAYS_TO_KNOW, 1.0)
    blended = trust * step + (1 - trust) * default[1:] / default[:-1]
    share = np.append(1 / np.cumprod(blended[::-1])[::-1], 1.0)
    return MaturityCurve(tuple(share.tolist()), tuple(days.tolist()))


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
