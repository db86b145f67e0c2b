"""Day sums of any number of campaigns as arrays, and what they come to."""

from experiments.selectors.measurements.grid import (
    PLACES,
    Amounts,
    Cells,
    Measurements,
    Phase,
    exact,
    is_paired_with_spend,
    late_measures,
    latest_day,
    measures_of,
)
from experiments.selectors.measurements.known_days import followed
from experiments.selectors.measurements.reading import read_measurements
from experiments.selectors.measurements.totals import (
    DAYS_OF_PACE,
    daily_spend,
    measured_spend,
    paces,
    read_spend,
    spend_totals,
)

__all__ = [
    "DAYS_OF_PACE",
    "PLACES",
    "Amounts",
    "Cells",
    "Measurements",
    "Phase",
    "daily_spend",
    "exact",
    "followed",
    "is_paired_with_spend",
    "late_measures",
    "latest_day",
    "measured_spend",
    "measures_of",
    "paces",
    "read_measurements",
    "read_spend",
    "spend_totals",
]
