"""What campaigns' days say on a board; worked out once for as long as the days are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Self

import numpy as np

from experiments.choices import METRICS, Metric
from experiments.models import Campaign
from experiments.selectors.analysis import Known, analyse_many, measures_for
from experiments.selectors.campaign_numbers import events_by_arm
from experiments.selectors.estimates import Tenants
from experiments.selectors.measurements import (
    Amounts,
    Cells,
    Measurements,
    exact,
    followed,
    paces,
    read_measurements,
)
from experiments.selectors.results import Analysis
from sprints.selectors.standing import BoardDay, BoardNumbers
from workspaces.models.kept import kept

# Boards, of some 50 KB each.
_MOST_KEPT = 400


def read_for_boards(
    campaigns: Sequence[Campaign],
    *,
    beside: Sequence[Campaign] = (),
    as_of: date | None = None,
    tenants: Tenants,
) -> Known:
    """The days of these campaigns in all that a board tells, and of those ``beside`` at least the spend.

    As they are by the campaigns' versions, so whoever asks has just read the campaigns.
    """
    measures = {"spend", "conversions"}
    for campaign in campaigns:
        measures |= measures_for(_metric(campaign))
    every = [*campaigns, *beside]
    measured = read_measurements(
        every,
        measures,
        as_of=as_of,
        sources=tenants.sources,
        versions=[campaign.days_version for campaign in every],
    )
    return Known(measured, tenants)


def _board_numbers(
    campaigns: Sequence[Campaign],
    *,
    as_of: date | None = None,
    with_analyses: bool,
    tenants: Tenants,
    known: Known | None = None,
    at: datetime,
) -> Mapping[int, BoardNumbers]:
    known = known or read_for_boards(campaigns, as_of=as_of, tenants=tenants)
    analyses = analyse_many(campaigns, known=known, at=at) if with_analyses else {}
    days_of = cache(lambda key: _MetricDays.of(METRICS[key], known.measured, at=at))
    pace = paces(known.measured, at=at)
    return {
        campaign.pk: days_of(_metric(campaign).key).numbers(
            place, pace=pace[campaign.pk], analysis=analyses.get(campaign.pk)
        )
        for place, campaign in enumerate(campaigns)
    }


def _follows_from(
    campaigns: Sequence[Campaign],
    *,
    as_of: date | None = None,
    with_analyses: bool,
    tenants: Tenants,
    known: Known | None = None,
    at: datetime,
) -> object:
    """What the numbers follow from: days by their version, and the time by what it closes and settles."""
    return [
        list(map(followed, campaigns)),
        [as_of, with_analyses],
        tenants,
        tenants.clock(at),
    ]


# By campaign id, each by the metric of its hypothesis. ``as_of``: only days up to it. ``known``: where they
# have been read, the days of these campaigns, which come first, and perhaps of others.
board_numbers = kept(_board_numbers, by=_follows_from, most=_MOST_KEPT)


def _metric(campaign: Campaign) -> Metric:
    if campaign.hypothesis is None:
        raise ValueError(f"Campaign {campaign.key} is on a board without a hypothesis.")
    return campaign.hypothesis.metric


@dataclass(frozen=True, slots=True, eq=False)
class _MetricDays:
    """The days of all campaigns on the boards, as one metric takes them; arrays (campaigns, arms, days).

    ``reported``: the day sums; ``measured``: the same as this metric takes them. Of the metric ``top`` and
    ``bottom`` are 0 where a cell does not count.
    """

    metric: Metric
    reported: Measurements
    measured: Measurements
    counted: Cells
    settled: Cells
    top: Amounts
    bottom: Amounts

    @classmethod
    def of(cls, metric: Metric, measured: Measurements, *, at: datetime) -> Self:
        reported, measured = measured, measured.of(metric)
        counted = measured.countable(metric)
        top, bottom = (
            np.where(counted, measured.values[key], 0.0) for key in (metric.numerator, metric.denominator)
        )
        settled = measured.complete(metric, at=at) | ~counted
        return cls(metric, reported, measured, counted, settled, top, bottom)

    def value(self, campaign: int) -> float | None:
        if not self.counted[campaign].any():
            return None
        return self.metric.value(float(self.top[campaign].sum()), float(self.bottom[campaign].sum()))

    def days(self, campaign: int) -> list[BoardDay]:
        """Every reported day: the campaign's metric over its arms, and what it spent."""
        known: Cells = np.any(self.measured.reported("spend")[campaign], axis=0)
        counts: Cells = np.any(self.counted[campaign], axis=0)
        columns = (
            counts,
            self.top[campaign].sum(axis=0),
            self.bottom[campaign].sum(axis=0),
            known,
            np.nansum(self.measured.values["spend"][campaign], axis=0),
            np.all(self.settled[campaign], axis=0),
        )
        first = int(self.measured.first_day[campaign])
        return [
            BoardDay(
                date.fromordinal(first + place),
                self.metric.value(top, bottom) if some else None,
                exact(spent) if is_told else None,
                is_settled=is_settled,
            )
            for place, (some, top, bottom, is_told, spent, is_settled) in enumerate(
                zip(*(column.tolist() for column in columns), strict=True)
            )
            if some or is_told
        ]

    def numbers(self, campaign: int, *, pace: Decimal | None, analysis: Analysis | None) -> BoardNumbers:
        return BoardNumbers(
            metric=self.metric,
            value=self.value(campaign),
            spend=_total(self.measured, "spend", campaign),
            pace=pace,
            conversions=_total(self.reported, "conversions", campaign),
            events=events_by_arm(self.measured, campaign, self.metric),
            days=self.days(campaign),
            analysis=analysis,
        )


def _total(measured: Measurements, measure: str, index: int) -> Decimal | None:
    if not measured.reported(measure)[index].any():
        return None
    return exact(float(np.nansum(measured.values[measure][index])))
