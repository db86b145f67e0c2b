"""Amounts as they are compared, and as they are shown."""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.choices import MEASURES, MeasureUnit
from experiments.selectors.measurements import PLACES, Amounts

# Amounts in units of the last place that an observation keeps.
Ticks = npt.NDArray[np.int64]
# In place of an amount.
NO_GUARD = -1


def to_ticks(amounts: npt.ArrayLike) -> Ticks:
    return np.asarray(np.rint(np.asarray(amounts, dtype=np.float64) * 10**PLACES), dtype=np.int64)


def known(numbers: Amounts) -> Amounts:
    """NaN for whatever is no number that could be shown."""
    return np.where(np.isfinite(numbers), numbers, np.nan)


def as_shown(key: str, ticks: int | np.integer[Any] | Ticks, *, unit: Decimal) -> Any:
    """As REST shows it: money as a string in the currency's places, a whole count as a whole number."""
    number = Decimal(int(ticks)) / 10**PLACES
    if key in MEASURES and MEASURES[key].unit == MeasureUnit.MONEY:
        rounded = number.quantize(unit)
        return f"{rounded if rounded == number else number.normalize():f}"
    return int(number) if number == int(number) else float(number)
