"""Which world each statement is tried in, what must hold there, and what one would be told elsewhere.

The names R1 … R8 are those of docs/statistics.md.
"""

from bench.calibration.scenarios.arms import about_arms
from bench.calibration.scenarios.costs import about_costs
from bench.calibration.scenarios.money import about_money
from bench.calibration.scenarios.playing import BETA, COLUMNS, GBSTATS, OURS, POOLED_Z, Row, Scenario
from bench.calibration.scenarios.rules import PROBABLE, about_rules


def scenarios() -> list[Scenario]:
    """Every scenario, in the order of the page."""
    return [*about_rules(), *about_arms(), *about_costs(), *about_money()]


__all__ = ["BETA", "COLUMNS", "GBSTATS", "OURS", "POOLED_Z", "PROBABLE", "Row", "Scenario", "scenarios"]
