"""Several comparisons of one sprint: adjusted p-values."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.stats.arrays import Array, known_or_nan, probabilities


def _adjusted(p_values: npt.ArrayLike, method: Callable[[Array], Array]) -> Array:
    values = known_or_nan("p_values", p_values, probabilities)
    known = ~np.isnan(values)
    if values.ndim != 1:
        raise ValueError(f"p_values has the shape {values.shape}; it must be one row.")
    adjusted = np.full(values.shape, np.nan)
    if known.any():
        adjusted[known] = method(values[known])
    return adjusted


def _step_down(values: Array) -> Array:
    # Not by statsmodels, whose Holm first collects all garbage of the process: a quarter of a second a call.
    order = np.argsort(values)
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * values[order]), 1.0)
    return adjusted


def _step_up(values: Array) -> Array:
    # Brings pandas and scipy.stats along: half the time that every process would take to start.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    return np.asarray(multipletests(values, method="fdr_bh")[1], dtype=np.float64)


def holm(p_values: npt.ArrayLike) -> Array:
    """Return Holm's step-down adjusted p-values in the order given (Holm 1979, *Scand. J. Statist.* 6, 65).

    They bound the chance of even one false discovery. NaN stays NaN and is not counted.

    >>> holm([0.001, 0.012, 0.0185, 0.04, 0.2]).round(4)
    array([0.005 , 0.048 , 0.0555, 0.08  , 0.2   ])
    """
    return _adjusted(p_values, _step_down)


def benjamini_hochberg(p_values: npt.ArrayLike) -> Array:
    """Return p-values adjusted for the false discovery rate (Benjamini & Hochberg 1995, *JRSS B* 57, 289).

    They bound the share of false ones among the discoveries. NaN stays NaN and is not counted.

    >>> benjamini_hochberg([0.001, 0.012, 0.0185, 0.04, 0.2]).round(4)
    array([0.005 , 0.03  , 0.0308, 0.05  , 0.2   ])
    """
    return _adjusted(p_values, _step_up)


_METHODS: Final[dict[str, Callable[[npt.ArrayLike], Array]]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
}


def adjust(p_values: npt.ArrayLike, method: str) -> Array:
    """Return the p-values adjusted by the method of that name.

    >>> adjust([0.02, 0.03], "benjamini_hochberg")
    array([0.03, 0.03])
    """
    if method not in _METHODS:
        raise ValueError(f"method is {method!r}; it must be one of {', '.join(_METHODS)}.")
    return _METHODS[method](p_values)
