"""The totals and days of one campaign, as its page tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from experiments.choices import MEASURES, METRICS, Metric
from experiments.models import Campaign
from experiments.selectors.analysis import Known
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import Amounts, Cells, Measurements, exact

# A closed day of which less is visible is not told what it will come to. Judging asks for more.
LEAST_VISIBLE = 0.25


@dataclass(frozen=True, slots=True)
class DayView:
    """One day of the campaign in its metric; ``None`` is not known."""

    on: date
    spend: Decimal | None
    events: Decimal | None
    value: float | None
    is_settled: bool
    arms: Sequence[float | None]
    # The same once all late events are in; ``None`` where it is settled, or too young to tell.
    expected: float | None = None
    expected_arms: Sequence[float | None] = ()


class ArmSoFar(NamedTuple):
    """What is reported of an arm, days that do not count yet among it; ``value``: ``None`` is not known."""

    events: Decimal
    value: float | None
    has_closed_day: bool


@dataclass(frozen=True, slots=True)
class CampaignNumbers:
    """Totals since the launch, and the days."""

    metric: Metric
    spend: Decimal | None
    events: Decimal | None
    value: float | None
    days: Sequence[DayView]
    # By the arm's key; an arm without a report is missing.
    by_arm: Mapping[str, ArmSoFar]
    # How many late events are still expected, as far as the days' ages tell.
    outstanding: int = 0


def main_metric(campaign: Campaign) -> Metric:
    """What the campaign is judged by: the hypothesis's metric, or that of its first rule, or else the CPA."""
    if campaign.hypothesis is not None:
        return campaign.hypothesis.metric
    first = next(iter(campaign.kill_criteria.all()), None)
    return METRICS[first.metric if first else "cpa"]


def campaign_numbers(campaign: Campaign, known: Known, *, at: datetime) -> CampaignNumbers:
    """The campaign's totals and days in its main metric; it comes first in what is known."""
    metric = main_metric(campaign)
    mature = mature_days(metric, known.measured, known.tenants.estimates, at=at)
    measured = mature.measured
    spend = measured.values["spend"][0]
    has_spend = measured.reported("spend")[0]
    total_spend = exact(float(np.nansum(spend))) if has_spend.any() else None
    if not measured.length:
        return CampaignNumbers(metric, total_spend, None, None, [], {})
    counted = measured.countable(metric)[0]
    complete = mature.settled[0]
    may_tell = mature.closed[0] & (mature.visible[0] >= LEAST_VISIBLE)
    top, bottom = (
        np.where(counted, measured.values[key][0], 0.0) for key in (metric.numerator, metric.denominator)
    )
    events = np.where(counted, measured.values[metric.events][0], 0.0)
    # Where the exposure comes late as well, the ratio stays what it is.
    visible = np.where(complete | ~may_tell, 1.0, mature.visible[0])
    share = np.ones(visible.shape) if MEASURES[metric.exposure].late else visible
    full_top, full_bottom = (
        amounts * share if key == metric.exposure else amounts
        for key, amounts in ((metric.numerator, top), (metric.denominator, bottom))
    )
    arms = len(measured.arms[0])
    # Plain numbers from here on: of a few days, arrays would be asked cell by cell.
    is_counted, is_spent = counted.any(axis=0).tolist(), has_spend.any(axis=0).tolist()
    is_settled = (complete | ~counted).all(axis=0).tolist()
    is_told = (may_tell | ~counted).all(axis=0).tolist()
    spent, happened = np.nansum(spend, axis=0).tolist(), events.sum(axis=0).tolist()
    values = _values_by_day(metric, top[:arms], bottom[:arms], counted[:arms])
    expected = _values_by_day(metric, full_top[:arms], full_bottom[:arms], counted[:arms])
    days = []
    for index in np.flatnonzero(counted.any(axis=0) | has_spend.any(axis=0)).tolist():
        is_final = is_counted[index] and is_settled[index]
        is_expected = is_counted[index] and is_told[index] and not is_settled[index]
        days.append(
            DayView(
                on=measured.day(0, index),
                spend=exact(spent[index]) if is_spent[index] else None,
                events=exact(happened[index]) if is_counted[index] else None,
                value=values[index].value if is_counted[index] else None,
                is_settled=is_final,
                arms=values[index].arms,
                expected=expected[index].value if is_expected else None,
                expected_arms=expected[index].arms if is_expected else (),
            )
        )
    any_counted = bool(counted.any())
    return CampaignNumbers(
        metric,
        total_spend,
        exact(float(events.sum())) if any_counted else None,
        metric.value(top.sum(), bottom.sum()) if any_counted else None,
        days,
        _by_arm(mature),
        round(float((events / visible - events).sum())) if MEASURES[metric.events].late else 0,
    )


class _DayValues(NamedTuple):
    """A day's metric over all arms that count, and of each."""

    value: float | None
    arms: list[float | None]


def _values_by_day(metric: Metric, top: Amounts, bottom: Amounts, counted: Cells) -> list[_DayValues]:
    """All (arms, days); ``top`` and ``bottom`` are 0 where a cell does not count."""
    in_all = zip(top.sum(axis=0).tolist(), bottom.sum(axis=0).tolist(), strict=True)
    return [
        _DayValues(
            metric.value(*sums),
            [
                metric.value(one, other) if counts else None
                for one, other, counts in zip(tops, bottoms, arms, strict=True)
            ],
        )
        for sums, tops, bottoms, arms in zip(
            in_all, *(part.T.tolist() for part in (top, bottom, counted)), strict=True
        )
    ]


def _by_arm(days: MatureDays) -> dict[str, ArmSoFar]:
    """Of the first campaign."""
    metric, measured, counted = days.metric, days.measured, days.countable[0]
    top, bottom = (
        np.where(counted, measured.values[key][0], 0.0).sum(axis=1)
        for key in (metric.numerator, metric.denominator)
    )
    has_closed = days.closed[0].any(axis=1)
    events = events_by_arm(measured, 0, metric)
    return {
        arm.key: ArmSoFar(
            events[arm.key], metric.value(float(top[index]), float(bottom[index])), bool(has_closed[index])
        )
        for index, arm in enumerate(measured.arms[0])
        if arm.key in events
    }


def events_by_arm(measured: Measurements, campaign: int, metric: Metric) -> dict[str, Decimal]:
    """What was counted for the metric in each arm of a campaign, by its key; one without a day is missing."""
    counted = measured.countable(metric)[campaign]
    events = np.where(counted, measured.values[metric.events][campaign], 0.0)
    return {
        arm.key: exact(float(events[index].sum()))
        for index, arm in enumerate(measured.arms[campaign])
        if counted[index].any()
    }
