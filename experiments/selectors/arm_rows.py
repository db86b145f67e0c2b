"""The arms of an analysis in the order and the direction in which people compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from experiments.choices import Direction, Metric, MetricForm
from experiments.models import Arm
from experiments.selectors.campaign_numbers import ArmSoFar


class Lack(StrEnum):
    """What an arm lacks to be known, or to be compared."""

    REPORT = "report"
    CLOSED_DAY = "closed_day"
    # Its closed days are so young that most of the conversions are still to come.
    OLDER_DAY = "older_day"
    COUNTED_DAY = "counted_day"
    MEASURE = "measure"
    COMMON_DAY = "common_day"


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a number of an arm is not known; ``measure``: the counted thing of which it has none."""

    arm: Arm
    lack: Lack
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A relative difference with its 95 % interval, turned so that above zero is better; fractions."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm; ``result`` and ``comparison`` are the analysis's own entries."""

    arm: Arm
    index: int
    events: Decimal | None
    result: Mapping[str, Any]
    comparison: Mapping[str, Any] | None
    interval: Interval | None
    # Given up on average by choosing this arm, on the metric's scale; ``None`` is not known.
    expected_loss: float | None
    # The metric over all that is reported, days that do not count yet among it.
    so_far: float | None = None
    # Why it is not known or cannot be compared, and why its difference from the control is not known.
    gap: Gap | None = None
    why_not_compared: Gap | None = None

    @property
    def is_control(self) -> bool:
        return self.arm.is_control


def arm_rows(
    arms: Sequence[Arm],
    analysis: Mapping[str, Any],
    metric: Metric,
    *,
    events: Mapping[str, Decimal],
    so_far: Mapping[str, ArmSoFar] | None = None,
) -> list[ArmRow]:
    """The campaign's arms beside what the analysis says of them; the control comes first.

    ``events``: what was counted for the metric, by arm key; an arm without a report is missing. ``so_far``:
    the same with all that is reported, where it has been read.
    """
    results = {item["arm"]: item for item in analysis["arms"]}
    comparisons = {item["arm"]: item for item in analysis["comparisons"]}
    ordered = sorted(arms, key=lambda arm: (not arm.is_control, arm.position))
    first_mark = 0 if any(arm.is_control for arm in arms) else 1
    gaps = {arm.key: _gap(arm, results.get(arm.key, {}), metric, so_far) for arm in ordered}
    control_gap = next((gaps[arm.key] for arm in ordered if arm.is_control), None)
    rows = []
    for index, arm in enumerate(ordered, start=first_mark):
        comparison = comparisons.get(arm.key)
        interval = _interval(comparison, metric)
        gap, reported = gaps[arm.key], (so_far or {}).get(arm.key)
        is_compared = arm.is_control or interval is not None
        rows.append(
            ArmRow(
                arm,
                index,
                events.get(arm.key),
                results.get(arm.key, {}),
                comparison,
                interval,
                _expected_loss(results.get(arm.key, {}), metric),
                so_far=reported.value if reported else None,
                gap=gap,
                why_not_compared=None if is_compared else gap or control_gap or Gap(arm, Lack.COMMON_DAY),
            )
        )
    return rows


def _gap(
    arm: Arm, result: Mapping[str, Any], metric: Metric, so_far: Mapping[str, ArmSoFar] | None
) -> Gap | None:
    amounts = {metric.numerator: result.get("numerator"), metric.denominator: result.get("denominator")}
    if None in amounts.values():
        if so_far is None:
            return Gap(arm, Lack.COUNTED_DAY)
        reported = so_far.get(arm.key)
        if reported is None:
            return Gap(arm, Lack.REPORT)
        return Gap(arm, Lack.OLDER_DAY if reported.has_closed_day else Lack.CLOSED_DAY)
    # Without money no cost is known, and without an impression no rate, whatever was counted.
    by_weight = sorted(amounts, key=lambda measure: measure != metric.exposure)
    none_of = next((measure for measure in by_weight if not amounts[measure]), None)
    return Gap(arm, Lack.MEASURE, none_of) if none_of else None


def _interval(comparison: Mapping[str, Any] | None, metric: Metric) -> Interval | None:
    if comparison is None:
        return None
    low, value, high = (comparison.get(name) for name in ("credible_low", "lift_relative", "credible_high"))
    if low is None or value is None or high is None:
        return None
    if metric.direction == Direction.LOWER:
        low, value, high = -high, -value, -low
    return Interval(low, value, high)


def _expected_loss(result: Mapping[str, Any], metric: Metric) -> float | None:
    """As people compare it: of a cost, how much less each would cost with the events that are given up."""
    loss, value = result.get("expected_loss"), result.get("value")
    if loss is None or metric.form != MetricForm.COST:
        return loss
    if not value:
        return None
    rate = metric.per / value
    return float(value - metric.per / (rate + loss))
