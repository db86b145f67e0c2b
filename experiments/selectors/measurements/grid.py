"""Day sums of any number of campaigns as arrays: what every judgement and every page of numbers starts from.

One cell is one arm's day. It holds the sum over the arm's entities as the best source reports it: where two
sources report one measure, the workspace's precedence decides, and they are never added up. NaN is *not
reported*.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.choices import MEASURES, Metric
from experiments.models import Arm, Campaign
from workspaces.choices import SourceKind
from workspaces.models import Source

Amounts = npt.NDArray[np.float64]
Cells = npt.NDArray[np.bool_]

# Observations keep four decimal places; in a double, ten thousandths of any amount they can hold are exact.
PLACES = 4
_SCALE = 10**PLACES
NO_SOURCE = -1
NEVER = date.max.toordinal()


class Phase(IntEnum):
    """When a day was, seen from the campaign's and the arm's run."""

    BASELINE = 0  # before the launch
    RAN = 1
    ARM_STOPPED = 2  # after the arm's stop, the campaign going on
    STOPPED = 3  # after the campaign's stop


def latest_day(at: datetime) -> date:
    """The last day that has begun anywhere on earth at ``at``."""
    return (at.astimezone(UTC) + timedelta(hours=14)).date()


def measures_of(metric: Metric) -> frozenset[str]:
    """The measures that a judgement of this metric needs."""
    return frozenset({metric.numerator, metric.denominator, metric.events})


def is_paired_with_spend(metric: Metric) -> bool:
    """Whether a day's events are set against the same day's money, so that both must mean that day."""
    return metric.is_late and metric.exposure == "spend"


def late_measures(metric: Metric) -> frozenset[str]:
    """The measures of this metric that a day gains after its close."""
    return frozenset(measure for measure in measures_of(metric) if MEASURES[measure].late)


def exact(amount: float) -> Decimal:
    """A sum of reported amounts without the noise of binary fractions."""
    return Decimal(round(float(amount) * _SCALE)) / Decimal(_SCALE)


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Day sums; arrays of shape (campaigns, arms, days).

    ``values``: by measure key, NaN where not reported. ``source``: by measure key, the index in ``sources``
    of the source that was used, -1 where none. ``phase``: by measure key, a ``Phase`` where reported.
    ``reported_on``: (campaigns, sources), the ordinal of the source's day on which it last reported the
    campaign. ``reported_at``: (campaigns,), when anybody last did, in microseconds since 1970; 0 for never.
    ``dated_back``: late measures once more, as sources report them that date an event back to its click.
    ``first_day``: (campaigns,) the ordinal of the day at index 0. ``arms``: each campaign's arms in their
    order; campaigns with fewer arms than the axis is long have nothing in the rest.
    """

    campaigns: Sequence[Campaign]
    arms: Sequence[Sequence[Arm]]
    first_day: npt.NDArray[np.int64]
    sources: Sequence[Source]
    values: Mapping[str, Amounts]
    source: Mapping[str, npt.NDArray[np.int32]]
    phase: Mapping[str, npt.NDArray[np.int8]]
    reported_on: npt.NDArray[np.int64]
    reported_at: npt.NDArray[np.int64]
    dated_back: Mapping[str, "MeasureCells"]

    @property
    def length(self) -> int:
        """How many days the last axis holds; 0 where nothing was reported."""
        return int(next(iter(self.values.values())).shape[-1])

    @property
    def days(self) -> npt.NDArray[np.int64]:
        """Ordinals of the days, (campaigns, days)."""
        return self.first_day[:, None] + np.arange(self.length)

    def has_days(self, campaign: int) -> bool:
        """Whether anything was reported of this one; the days of those beside it count for nothing."""
        return bool(self.first_day[campaign] != NEVER)

    def only(self, campaigns: Sequence[Campaign]) -> "Measurements":
        """The same of these campaigns, each of which is among those that were read, in their order."""
        places = {campaign.pk: place for place, campaign in enumerate(self.campaigns)}
        rows = np.array([places[campaign.pk] for campaign in campaigns], dtype=np.intp)

        def of_these(parts: Mapping[str, Any]) -> dict[str, Any]:
            return {key: part[rows] for key, part in parts.items()}

        return replace(
            self,
            campaigns=campaigns,
            arms=[self.arms[row] for row in rows],
            first_day=self.first_day[rows],
            values=of_these(self.values),
            source=of_these(self.source),
            phase=of_these(self.phase),
            reported_on=self.reported_on[rows],
            reported_at=self.reported_at[rows],
            dated_back={
                key: MeasureCells(part.values[rows], part.source[rows], part.phase[rows])
                for key, part in self.dated_back.items()
            },
        )

    def of(self, metric: Metric) -> "Measurements":
        """The same for this metric: what is set against a day's spend is counted by sources that date back.

        A CRM and an analytics tool date an event by when it happened. Its click, and the money for it, were
        on another day, so they take no part in a cost or a return on spend by days.
        """
        if not is_paired_with_spend(metric):
            return self
        parts = {measure: self.dated_back[measure] for measure in late_measures(metric)}
        return replace(
            self,
            values={**self.values, **{key: part.values for key, part in parts.items()}},
            source={**self.source, **{key: part.source for key, part in parts.items()}},
            phase={**self.phase, **{key: part.phase for key, part in parts.items()}},
        )

    def left_out(self, campaign: int, metric: Metric) -> list[Source]:
        """Sources of a campaign that report what the metric counts, and date it by when it happened."""
        if not is_paired_with_spend(metric):
            return []
        used = {
            int(index)
            for measure in late_measures(metric)
            for index in np.unique(self.source[measure][campaign])
            if index != NO_SOURCE
        }
        return [
            self.sources[index]
            for index in sorted(used)
            if not SourceKind(self.sources[index].kind).dates_back
        ]

    def age(self, measure: str, *, at: datetime) -> npt.NDArray[np.int64]:
        """How many days old each day of a late measure was when its source last reported the campaign.

        A source that falls silent shows nothing that comes later. Of a stopped campaign nobody expects
        reports, so its days age with the clock, and so do days that are reported ahead of themselves.
        """
        today = np.array(
            [at.astimezone(source.tz).date().toordinal() for source in self.sources], dtype=np.int64
        )
        spending = np.array([campaign.is_spending for campaign in self.campaigns], dtype=np.bool_)
        last = np.where(spending[:, None], np.minimum(self.reported_on, today), today)
        # One more for "no source", which index -1 finds.
        last, today = np.pad(last, ((0, 0), (0, 1))), np.pad(today, (0, 1))
        speaker = self.source[measure]
        seen = last[np.arange(len(self.campaigns))[:, None, None], speaker]
        days = self.days[:, None, :]
        ages = np.where(seen < days, today[speaker], seen) - days
        return np.asarray(np.where(speaker == NO_SOURCE, 0, np.maximum(ages, 0)))

    def reported(self, measure: str) -> Cells:
        return np.asarray(~np.isnan(self.values[measure]), dtype=np.bool_)

    def ran(self, measure: str) -> Cells:
        """Reported for a day on which the arm ran: from the launch's day to that of the stop."""
        return _all([self.reported(measure), self.phase[measure] == Phase.RAN])

    def closed(self, measure: str, *, at: datetime) -> Cells:
        """Reported for a day that its source has closed by ``at``."""
        return self._until(measure, [source.closed_through(at) for source in self.sources])

    def whole(self, measure: str, *, at: datetime) -> Cells:
        """Days, (campaigns, days), closed for every arm that reported them: an open one has more to say."""
        reported = self.reported(measure)
        closed = self.closed(measure, at=at) | ~reported
        return np.asarray(reported.any(axis=1) & closed.all(axis=1), dtype=np.bool_)

    def settled(self, measure: str, *, at: datetime) -> Cells:
        """Reported for a day whose conversions its source no longer moves at ``at``."""
        return self._until(measure, [source.settled_through(at) for source in self.sources])

    def _until(self, measure: str, last_days: Iterable[date]) -> Cells:
        # One more for "no source", which index -1 finds.
        limits = np.array([*(day.toordinal() for day in last_days), 0], dtype=np.int64)
        return np.asarray(self.days[:, None, :] <= limits[self.source[measure]], dtype=np.bool_)

    def countable(self, metric: Metric) -> Cells:
        """Cells in which everything that the metric needs was reported while the arm ran."""
        return _all([self.ran(measure) for measure in measures_of(metric)])

    def closed_days(self, metric: Metric, *, at: datetime) -> Cells:
        """Countable cells of days that every source behind them has closed."""
        return _all(
            [self.countable(metric), *(self.closed(measure, at=at) for measure in measures_of(metric))]
        )

    def complete(self, metric: Metric, *, at: datetime) -> Cells:
        """Countable cells that no longer move: closed, and settled in what arrives late."""
        final = [
            self.settled(measure, at=at) if MEASURES[measure].late else self.closed(measure, at=at)
            for measure in measures_of(metric)
        ]
        return _all([self.countable(metric), *final])

    def day(self, campaign: int, index: int | np.integer[Any]) -> date:
        """The day at an index of the last axis."""
        return date.fromordinal(int(self.first_day[campaign]) + int(index))

    def sources_used(self, campaign: int, measure: str, cells: Cells) -> list[str]:
        """Keys of the sources behind a campaign's cells, (arms, days), in the order of their precedence."""
        used = np.unique(self.source[measure][campaign][cells])
        return [self.sources[index].key for index in used if index != NO_SOURCE]


def _all(cells: Sequence[Cells]) -> Cells:
    return np.asarray(np.logical_and.reduce(cells), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class MeasureCells:
    """One measure's cells, as in ``Measurements``."""

    values: Amounts
    source: npt.NDArray[np.int32]
    phase: npt.NDArray[np.int8]
