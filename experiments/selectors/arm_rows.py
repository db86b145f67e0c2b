"""The arms of an analysis in the order and the direction in which people compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from experiments.choices import Direction, Metric, MetricForm
from experiments.models import Arm


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

    @property
    def is_control(self) -> bool:
        return self.arm.is_control


def arm_rows(
    arms: Sequence[Arm],
    analysis: Mapping[str, Any],
    metric: Metric,
    *,
    events: Mapping[str, Decimal],
) -> list[ArmRow]:
    """The campaign's arms beside what the analysis says of them; the control comes first.

    ``events``: what was counted for the metric, by arm key; an arm without a report is missing.
    """
    results = {item["arm"]: item for item in analysis["arms"]}
    comparisons = {item["arm"]: item for item in analysis["comparisons"]}
    ordered = sorted(arms, key=lambda arm: (not arm.is_control, arm.position))
    first_mark = 0 if any(arm.is_control for arm in arms) else 1
    rows = []
    for index, arm in enumerate(ordered, start=first_mark):
        comparison = comparisons.get(arm.key)
        rows.append(
            ArmRow(
                arm,
                index,
                events.get(arm.key),
                results.get(arm.key, {}),
                comparison,
                _interval(comparison, metric),
                _expected_loss(results.get(arm.key, {}), metric),
            )
        )
    return rows


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
