"""Reading day sums from the database: one query for all of them, and one each for arms and sources."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from django.db.models import prefetch_related_objects

from experiments.choices import MEASURES
from experiments.models import Arm, Campaign
from experiments.selectors.columns import moment
from experiments.selectors.measurements.grid import (
    NEVER,
    NO_SOURCE,
    PLACES,
    Amounts,
    Cells,
    MeasureCells,
    Measurements,
    Phase,
)
from experiments.selectors.measurements.known_days import read_days, read_new_days
from workspaces.choices import SourceKind
from workspaces.models import Source
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Prepared

Whole = npt.NDArray[np.int64]


class ArmRun(Protocol):
    """What reading asks of an arm."""

    @property
    def pk(self) -> int: ...

    @property
    def stopped_at(self) -> datetime | None: ...


def read_measurements(
    campaigns: Sequence[Campaign],
    measures: Iterable[str],
    *,
    as_of: date | None = None,
    baseline: bool = False,
    arms: Sequence[Sequence[ArmRun]] | None = None,
    sources: Iterable[Source] | None = None,
    versions: Sequence[int | None] | None = None,
) -> Measurements:
    """The day sums of these campaigns in their order.

    ``as_of``: only days up to it, with today's values. ``baseline``: days before the launch, too. ``arms`` of
    each campaign and ``sources`` of their workspaces are read where they are not given; whoever shows no arms
    gives no more of them than an ``ArmRun``. ``versions``: of each campaign's days, where they have just been
    read; days that are known by them are not read again.
    """
    if arms is None:
        prefetch_related_objects([one for one in campaigns if not _is_whole(one)], "workspace", "arms")
        arms = [list(campaign.arms.all()) for campaign in campaigns]
    keys = sorted(set(measures))
    rows = _Rows.read(arms, keys, as_of=as_of, versions=versions)
    spoken = _in_order(_read_sources(rows.speaker) if sources is None else sources, rows.speaker)
    rows = rows.by_rank(spoken)

    phase = _phases(campaigns, arms, spoken, rows)
    latest = np.zeros((len(campaigns), len(spoken)), dtype=np.int64)
    np.maximum.at(latest, (rows.campaign, rows.speaker), rows.reported_at)
    if not baseline:
        kept = phase != Phase.BASELINE
        rows, phase = rows.take(kept), phase[kept]
    first_day = np.full(len(campaigns), NEVER, dtype=np.int64)
    np.minimum.at(first_day, rows.campaign, rows.day)
    offset = rows.day - first_day[rows.campaign]
    shape = (len(campaigns), max(map(len, arms), default=0), int(offset.max(initial=-1)) + 1)
    cell = np.ravel_multi_index((rows.campaign, rows.arm, offset), shape) if len(offset) else offset
    # The last write to a cell stays, so the source that speaks is written last.
    best_last = np.argsort(-rows.speaker, kind="stable")
    dates_back = np.array([SourceKind(source.kind).dates_back for source in spoken], dtype=np.bool_)

    def cells_of(column: int, rows_with: npt.NDArray[np.int64]) -> MeasureCells:
        return MeasureCells(
            _filled(shape, np.nan, np.float64, cell[rows_with], rows.amounts[rows_with, column]),
            _filled(shape, NO_SOURCE, np.int32, cell[rows_with], rows.speaker[rows_with]),
            _filled(shape, Phase.BASELINE, np.int8, cell[rows_with], phase[rows_with]),
        )

    parts, dated_back = {}, {}
    for column, key in enumerate(keys):
        rows_with = best_last[~np.isnan(rows.amounts[best_last, column])]
        parts[key] = cells_of(column, rows_with)
        if MEASURES[key].late:
            paired = rows_with[dates_back[rows.speaker[rows_with]]]
            dated_back[key] = parts[key] if len(paired) == len(rows_with) else cells_of(column, paired)
    return Measurements(
        campaigns=campaigns,
        arms=cast("Sequence[Sequence[Arm]]", arms),
        first_day=first_day,
        sources=spoken,
        values={key: part.values for key, part in parts.items()},
        source={key: part.source for key, part in parts.items()},
        phase={key: part.phase for key, part in parts.items()},
        reported_on=_report_days(latest, spoken),
        reported_at=latest.max(axis=1, initial=0),
        dated_back=dated_back,
    )


def _is_whole(campaign: Campaign) -> bool:
    """Whether it came with workspace and arms. To ask Django so of five hundred takes longer than to look."""
    read_along = campaign.__dict__.get("_prefetched_objects_cache", ())
    return "arms" in read_along and Campaign.workspace.is_cached(campaign)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What each source says of each arm's day; (rows,), ``amounts`` (rows, measures).

    ``campaign`` and ``arm`` are places on the axes of ``Measurements``; ``speaker`` is the id of a source,
    and after ``by_rank`` its place among the sources.
    """

    campaign: Whole
    arm: Whole
    day: Whole
    speaker: Whole
    reported_at: Whole
    amounts: Amounts

    @classmethod
    def read(
        cls,
        arms: Sequence[Sequence[ArmRun]],
        keys: Sequence[str],
        *,
        as_of: date | None,
        versions: Sequence[int | None] | None,
    ) -> "_Rows":
        # The arms one after another, as they are found by their ids.
        sizes = np.array([len(own) for own in arms], dtype=np.int64)
        ids = np.array([arm.pk for arm in chain.from_iterable(arms)], dtype=np.int64)
        columns = (
            read_days(ids.tolist(), keys, as_of=as_of)
            if versions is None
            else read_new_days([[arm.pk for arm in own] for own in arms], keys, versions)
        )
        by_id = np.argsort(ids)
        arm = by_id[np.searchsorted(ids, columns["arm"], sorter=by_id)]
        rows = cls(
            campaign=np.repeat(np.arange(len(arms)), sizes)[arm],
            arm=(np.arange(len(ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes))[arm],
            day=columns["day"],
            speaker=columns["source"],
            reported_at=columns["reported_at"],
            amounts=np.column_stack([columns[f"sum_{key}"] for key in keys]).round(PLACES),
        )
        return rows if as_of is None else rows.take(rows.day <= as_of.toordinal())

    def by_rank(self, sources: Sequence[Source]) -> "_Rows":
        """With each source's place among all that speak."""
        ids = np.array([source.pk for source in sources], dtype=np.int64)
        by_id = np.argsort(ids)
        rank = by_id[np.searchsorted(ids, self.speaker, sorter=by_id)]
        return _Rows(self.campaign, self.arm, self.day, rank, self.reported_at, self.amounts)

    def take(self, kept: Cells) -> "_Rows":
        return _Rows(
            self.campaign[kept],
            self.arm[kept],
            self.day[kept],
            self.speaker[kept],
            self.reported_at[kept],
            self.amounts[kept],
        )


_SOURCES = Prepared(
    lambda: Source.objects.filter(pk__among=GivenKeys("sources")).select_related("workspace").order_by("pk")
)


def _read_sources(speaker: Whole) -> list[Source]:
    ids = np.unique(speaker).tolist()
    return _SOURCES.read(sources=ids) if ids else []


def _in_order(sources: Iterable[Source], speaker: Whole) -> list[Source]:
    """Those that speak, the first of them first. Precedence is compared within one workspace only."""
    ids = set(np.unique(speaker).tolist())
    spoken = [source for source in sources if source.pk in ids]
    return sorted(spoken, key=lambda source: (source.precedence, source.key, source.pk))


def _report_days(latest: Whole, sources: Sequence[Source]) -> Whole:
    """The ordinals of the last reports' days, each in its source's time zone; 0 for never."""
    days = np.zeros(latest.shape, dtype=np.int64)
    for index, source in enumerate(sources):
        # A post has one time for many campaigns.
        times, places = np.unique(latest[:, index], return_inverse=True)
        own = [
            moment(time).astimezone(source.tz).date().toordinal() if time else 0 for time in times.tolist()
        ]
        days[:, index] = np.array(own, dtype=np.int64)[places]
    return days


def _filled(
    shape: tuple[int, ...],
    empty: float,
    dtype: type[np.generic],
    cell: npt.NDArray[np.int64],
    amounts: npt.NDArray[Any],
) -> npt.NDArray[Any]:
    flat = np.full(int(np.prod(shape)), empty, dtype=dtype)
    flat[cell] = amounts
    return flat.reshape(shape)


def _phases(
    campaigns: Sequence[Campaign], arms: Sequence[Sequence[ArmRun]], sources: Sequence[Source], rows: _Rows
) -> npt.NDArray[np.int8]:
    """Each row's phase. A stop falls on the source's own day: its midnight may not be the team's."""
    launches = [campaign.first_judged_day() for campaign in campaigns]
    launched = np.array([day.toordinal() if day else NEVER for day in launches], dtype=np.int64)
    campaign_stops = _stop_days([campaign.stopped_at for campaign in campaigns], sources)
    arm_stops = _stop_days([arm.stopped_at for arm in chain.from_iterable(arms)], sources)
    arm = np.cumsum([0, *map(len, arms)])[rows.campaign] + rows.arm
    return np.select(
        [
            rows.day < launched[rows.campaign],
            rows.day > campaign_stops[rows.campaign, rows.speaker],
            rows.day > arm_stops[arm, rows.speaker],
        ],
        [Phase.BASELINE, Phase.STOPPED, Phase.ARM_STOPPED],
        Phase.RAN,
    ).astype(np.int8)


def _stop_days(stops: Sequence[datetime | None], sources: Sequence[Source]) -> Whole:
    """The ordinal of each stop's day, (stops, sources)."""
    days = np.full((len(stops), len(sources)), NEVER, dtype=np.int64)
    for index, stopped_at in enumerate(stops):
        if stopped_at is not None:
            days[index] = [stopped_at.astimezone(source.tz).date().toordinal() for source in sources]
    return days
