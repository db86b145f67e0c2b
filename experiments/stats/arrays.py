"""The gate of the package: every array that comes in from outside passes here."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# Beyond them the square of a ratio no longer fits a double; no account has as much or as little of anything.
LARGEST: Final = 1e30
SMALLEST: Final = 1e-30


def _first(wrong: Mask) -> str:
    return ", ".join(str(int(position)) for position in np.argwhere(wrong)[0])


def _refuse_where(name: str, values: Array, is_wrong: Callable[[Array], Mask], right: str) -> None:
    wrong = np.asarray(is_wrong(values))
    if wrong.any():
        place = f"[{_first(wrong)}]" if values.ndim else ""
        raise ValueError(f"{name}{place} is {values[wrong].flat[0]}; it must be {right}.")


def _are_from(least: float, floats: Array) -> bool:
    """Say whether all are in reach and no smaller, in a few quick passes, as nearly every array is right."""
    in_reach = floats.min() >= least and floats.max() <= LARGEST
    return bool(in_reach and not ((floats < SMALLEST) & (floats > 0)).any())


def _refuse_out_of_reach(name: str, values: Array) -> None:
    _refuse_where(name, values, lambda array: array > LARGEST, f"at most {LARGEST:g}")
    _refuse_where(name, values, lambda array: (array < SMALLEST) & (array > 0), f"0 or at least {SMALLEST:g}")


def as_floats(name: str, values: npt.ArrayLike) -> Array:
    """Return the values as floats, or raise ``ValueError`` if they are not numbers or there are none."""
    try:
        floats = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers with rows of equal length.") from error
    if floats.size == 0:
        raise ValueError(f"{name} is empty; it must hold at least one number.")
    return floats


def finite(name: str, values: npt.ArrayLike) -> Array:
    """Return finite floats, or raise ``ValueError`` naming the first that is not."""
    floats = as_floats(name, values)
    _refuse_where(name, floats, lambda array: ~np.isfinite(array), "a finite number")
    return floats


def non_negative(name: str, values: npt.ArrayLike) -> Array:
    """Return floats that are 0 or from 1e-30 to 1e30, or raise ``ValueError`` naming the first that is not.

    >>> non_negative("spend", [[10.0, -2.0]])
    Traceback (most recent call last):
        ...
    ValueError: spend[0, 1] is -2.0; it must be at least 0.
    """
    floats = as_floats(name, values)
    if not _are_from(0.0, floats):
        finite(name, floats)
        _refuse_where(name, floats, lambda array: array < 0, "at least 0")
        _refuse_out_of_reach(name, floats)
    return floats


def positive(name: str, values: npt.ArrayLike) -> Array:
    """Return floats from 1e-30 to 1e30, or raise ``ValueError`` naming the first that is not."""
    floats = finite(name, values)
    _refuse_where(name, floats, lambda array: array <= 0, "above 0")
    _refuse_out_of_reach(name, floats)
    return floats


def at_least(name: str, values: npt.ArrayLike, least: float) -> Array:
    """Return finite floats that are no smaller, or raise ``ValueError`` naming the first that is."""
    floats = finite(name, values)
    _refuse_where(name, floats, lambda array: array < least, f"at least {least}")
    return floats


def one_positive(name: str, value: npt.ArrayLike) -> float:
    """Return one finite number above 0."""
    number = positive(name, value)
    if number.ndim:
        raise ValueError(f"{name} has the shape {number.shape}; it must be one number.")
    return float(number)


def known_or_nan(name: str, values: npt.ArrayLike, check: Callable[[str, npt.ArrayLike], Array]) -> Array:
    """Return the values as floats, those that are not NaN checked: NaN stands for what is not known."""
    floats = as_floats(name, values)
    check(name, np.where(np.isnan(floats), 0.0, floats))
    return floats


def probabilities(name: str, values: npt.ArrayLike) -> Array:
    """Return floats from 0 to 1, or raise ``ValueError`` naming the first that is not."""
    floats = finite(name, values)
    _refuse_where(name, floats, lambda array: (array < 0) | (array > 1), "from 0 to 1")
    return floats


def open_fraction(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1, such as a level or a confidence."""
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}; it must lie between 0 and 1.")
    return float(value)


def same_shape(**arrays: npt.NDArray[np.generic]) -> tuple[int, ...]:
    """Return the one shape of all arrays, or raise ``ValueError`` naming the first that differs."""
    (first, shape), *others = [(name, array.shape) for name, array in arrays.items()]
    for name, other in others:
        if other != shape:
            raise ValueError(f"{name} has the shape {other}, {first} has {shape}; they must be the same.")
    return shape


def counted_cells(mask: npt.ArrayLike | None, shape: tuple[int, ...]) -> Mask:
    """Return the mask as booleans; ``None`` counts everything."""
    if mask is None:
        return np.ones(shape, dtype=np.bool_)
    cells = np.asarray(mask)
    if cells.dtype != np.bool_:
        raise ValueError(f"mask holds {cells.dtype} values; it must hold booleans.")
    if cells.shape != shape:
        raise ValueError(f"mask has the shape {cells.shape}; it must have that of the data, {shape}.")
    return cells


def per_campaign(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
    """Return one positive number for each campaign from one for all or one for each."""
    numbers = positive(name, values)
    if numbers.ndim and numbers.shape != shape:
        raise ValueError(
            f"{name} has the shape {numbers.shape}; it must be one number or have the shape {shape}."
        )
    return np.broadcast_to(numbers, shape)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide; nothing below the line is NaN, because such a ratio is not known."""
    known = denominator > 0
    return np.where(known, numerator / np.where(known, denominator, 1.0), np.nan)


def log_sum(logs: Array) -> tuple[Array, Array]:
    """Return the logarithm of the sum along the last axis, and each one's share of it.

    >>> log_sum(np.log([[1.0, 3.0]]))
    (array([1.38629436]), array([[0.25, 0.75]]))
    """
    most = logs.max(axis=-1, keepdims=True)
    parts = np.exp(logs - most)
    total = parts.sum(axis=-1, keepdims=True)
    return (most + np.log(total))[..., 0], parts / total


def float_or_none(value: float | np.floating) -> float | None:
    """Turn one cell of a result into what the outside reads: unknown is ``None``.

    >>> float_or_none(np.float64("nan")) is None
    True
    """
    number = float(value)
    return number if math.isfinite(number) else None
