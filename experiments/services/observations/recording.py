"""A batch of rows becomes observations: all of it or none, and never an older report over a newer one."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from django.db import models, transaction
from django.db.models import Case, F, Q, When

from experiments.choices import MEASURES
from experiments.exceptions import FieldError, RowsRefused
from experiments.models import Campaign, Observation, ObservationBatch, Restatement
from experiments.models.campaign import LAUNCHED
from experiments.services.observations.placing import Placer, chunks, find_campaigns
from experiments.services.observations.rows import Faults, Key, Report, Row, RowReader, Value
from experiments.services.observations.storing import insert_rows, update_rows
from experiments.services.observations.totals import new_version, renew_day_totals
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event, record_events

_KEY = ("arm_id", "day", "source_id", "entity")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch. ``errors`` tells of its first bad rows; ``rejected`` counts them all."""

    # ``None`` where there was not a single row: nothing happened, and nothing is told of it.
    batch_id: int | None
    received: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    errors: list[FieldError]
    campaign_ids: list[int]


_NOTHING = BatchResult(
    batch_id=None, received=0, inserted=0, updated=0, unchanged=0, rejected=0, errors=[], campaign_ids=[]
)


@dataclass(frozen=True, slots=True)
class RowChange:
    """A stored day that a batch would restate: the measures that differ, before and after."""

    row: int
    before: dict[str, Value]
    after: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch would do."""

    received: int
    inserted: list[int]
    changed: list[RowChange]
    unchanged: list[int]
    rejected: int
    errors: list[FieldError]


@dataclass(slots=True)
class _Stored:
    """The observation of a key as the database has it."""

    pk: int
    reported_at: datetime
    # As ``Observation.said_at`` has it: ISO times by measure.
    said_at: dict[str, str] | None
    # Whether there is any measure that the batch says nothing of, and which, once somebody has to know.
    has_others: bool
    values: dict[str, Value]
    others: list[str] = field(default_factory=list)

    def time_of(self, name: str) -> datetime | None:
        """When the measure was last said; ``None`` where it never was."""
        if self.said_at and name in self.said_at:
            return datetime.fromisoformat(self.said_at[name])
        return None if self.values[name] is None else self.reported_at

    def accepted(self, report: Report) -> dict[str, Value]:
        """What the report says that nobody has said at a later time."""
        if report.reported_at >= self.reported_at:
            return report.values
        times = {name: self.time_of(name) for name in report.values}
        return {
            name: value
            for name, value in report.values.items()
            if (time := times[name]) is None or report.reported_at >= time
        }

    def said_after(self, report: Report, accepted: dict[str, Value]) -> dict[str, str] | None:
        """``said_at`` once the observation has taken from the report what it accepts."""
        if (
            self.said_at is None
            and report.reported_at >= self.reported_at
            and not self.others
            and None not in accepted.values()
            and (len(accepted) == len(self.values) or accepted.keys() >= self._reported())
        ):
            return None
        newest = max(report.reported_at, self.reported_at)
        said = dict(self.said_at or {})
        said |= dict.fromkeys(self._reported() - said.keys(), self.reported_at.isoformat())
        said |= dict.fromkeys(accepted, report.reported_at.isoformat())
        after = self.values | accepted
        return {
            name: time
            for name, time in said.items()
            # Of what the batch says nothing, the value is not known here: a null may be one.
            if name not in after or after[name] is None or time != newest.isoformat()
        } or None

    def _reported(self) -> set[str]:
        """The measures that there are."""
        return {name for name, value in self.values.items() if value is not None}.union(self.others)


@dataclass(slots=True)
class _Change:
    key: Key
    report: Report
    stored: _Stored
    accepted: dict[str, Value]
    # Only measures that differ.
    before: dict[str, Value]

    @property
    def replaced_at(self) -> datetime:
        """When what is replaced had been said."""
        stored = self.stored
        if not stored.said_at:
            return stored.reported_at
        times = (stored.time_of(name) for name in self.before)
        return max((time for time in times if time is not None), default=stored.reported_at)


@dataclass(slots=True)
class _Comparison:
    """What a batch says against what is stored."""

    # Those that the batch says anything of; the others need not be read or written.
    measures: list[str]
    new: list[tuple[Key, Report]] = field(default_factory=list)
    changed: list[_Change] = field(default_factory=list)
    # The same values, said again.
    confirmed: list[tuple[_Stored, Report, dict[str, Value]]] = field(default_factory=list)
    # Older than what is stored, or without a single measure.
    void: list[Report] = field(default_factory=list)


@transaction.atomic
def record_observations(
    rows: Sequence[Row | FieldError],
    *,
    by: Actor,
    at: datetime,
    channel: str = "api",
    file_name: str = "",
    on_error: Literal["fail", "skip"] = "fail",
) -> BatchResult:
    """Store the days that ``rows`` tell of, and mark their campaigns for judging.

    A row replaces the measures that it gives, clears those given as ``None`` and leaves the others. What a
    later report has said of a measure stays, in whichever order they come. A row that a decoder could not
    read stands in ``rows`` as its error.

    Raises ``RowsRefused``, which names every bad row; with ``on_error="skip"`` the good rows are stored.
    """
    by.require(Permission.POST_METRICS)
    if not rows:
        return _NOTHING
    faults = Faults()
    reports, campaigns, comparison = _compare(rows, by=by, at=at, faults=faults, lock=True)
    if faults and on_error == "fail":
        raise RowsRefused(received=len(rows), rejected=len(faults), errors=faults.first())

    batch = ObservationBatch.objects.create(
        workspace=by.workspace,
        at=at,
        by=by.user,
        by_label=by.label[:200],
        channel=channel,
        file_name=file_name[:300],
        received=len(rows),
        inserted=len(comparison.new),
        updated=len(comparison.changed),
        unchanged=len(comparison.confirmed) + len(comparison.void),
        rejected=len(faults),
    )
    _store(comparison, batch=batch)
    renew_day_totals(reports)
    touched = {report.campaign for report in reports.values()}
    touched_ids = sorted(campaigns[key].pk for key in touched)
    version = new_version()
    for chunk in chunks(touched_ids):
        Campaign.objects.of(by.workspace).filter(pk__in=chunk).update(
            days_version=version, judge_due_at=Case(When(LAUNCHED, then=at), default=F("judge_due_at"))
        )
    _tell(comparison, batch=batch, names={key: campaigns[key].name for key in touched}, by=by, at=at)
    return BatchResult(
        batch_id=batch.pk,
        received=batch.received,
        inserted=batch.inserted,
        updated=batch.updated,
        unchanged=batch.unchanged,
        rejected=batch.rejected,
        errors=faults.first(),
        campaign_ids=touched_ids,
    )


def preview_observations(rows: Sequence[Row | FieldError], *, by: Actor, at: datetime) -> Preview:
    """What ``record_observations`` would do with these rows now; writes nothing."""
    by.require(Permission.POST_METRICS)
    faults = Faults()
    _, _, comparison = _compare(rows, by=by, at=at, faults=faults, lock=False)
    return Preview(
        received=len(rows),
        inserted=[report.row for _, report in comparison.new],
        changed=[
            RowChange(
                row=change.report.row,
                before=change.before,
                after={name: change.report.values[name] for name in change.before},
            )
            for change in comparison.changed
        ],
        unchanged=[report.row for _, report, _ in comparison.confirmed] + [r.row for r in comparison.void],
        rejected=len(faults),
        errors=faults.first(),
    )


def _compare(
    rows: Sequence[Row | FieldError], *, by: Actor, at: datetime, faults: Faults, lock: bool
) -> tuple[dict[Key, Report], dict[str, Campaign], _Comparison]:
    """The good rows by key, the campaigns they name, and how they differ from what is stored."""
    workspace = by.workspace
    reader = RowReader(currency=workspace.currency, at=at, faults=faults)
    read = list(reader.reports(rows))
    campaigns = find_campaigns({report.campaign for report in read}, workspace=workspace, lock=lock)
    placer = Placer(campaigns, workspace=workspace, faults=faults, may_write=lock)
    placed = placer.place(read)
    named = {name for report in placed.values() for name in report.values}
    comparison = _Comparison([name for name in MEASURES if name in named])
    stored = dict(_stored(placed, measures=comparison.measures, by=by))
    placed = placer.refuse_other_grain(placed, stored)
    _read_others(
        [
            found
            for key, report in placed.items()
            if (found := stored.get(key)) and found.has_others and report.reported_at > found.reported_at
        ],
        named=comparison.measures,
    )
    for key, report in placed.items():
        _compare_one(key, report, stored.get(key), comparison)
    return placed, campaigns, comparison


def _compare_one(key: Key, report: Report, stored: _Stored | None, comparison: _Comparison) -> None:
    accepted = report.values if stored is None else stored.accepted(report)
    if not accepted:
        comparison.void.append(report)
    elif stored is None:
        comparison.new.append((key, report))
    else:
        before = {
            name: stored.values[name] for name, value in accepted.items() if stored.values[name] != value
        }
        if before:
            comparison.changed.append(_Change(key, report, stored, accepted, before))
        else:
            comparison.confirmed.append((stored, report, accepted))


def _stored(keys: Collection[Key], *, measures: Sequence[str], by: Actor) -> Iterator[tuple[Key, _Stored]]:
    """What is stored of these arms on these days, other entities and sources included."""
    arms = sorted({key.arm_id for key in keys})
    days = sorted({key.day for key in keys})
    others = Q(*((f"{name}__isnull", False) for name in MEASURES if name not in measures), _connector=Q.OR)
    has_others = Case(When(others, then=1), default=0) if others else models.Value(0)
    for chunk in chunks(arms):
        found = Observation.objects.of(by.workspace).filter(arm__in=chunk, day__in=days).order_by()
        rows = found.annotate(has_others=has_others).values_list(
            "id", "reported_at", "said_at", "has_others", *_KEY, *measures
        )
        for row in rows.iterator(chunk_size=10_000):
            values = dict(zip(measures, row[8:], strict=True))
            yield Key(*row[4:8]), _Stored(row[0], row[1], row[2], bool(row[3]), values)


def _read_others(observations: Sequence[_Stored], *, named: Collection[str]) -> None:
    """Of each, the measures that there are and that the batch says nothing of."""
    by_id = {observation.pk: observation for observation in observations}
    others = [name for name in MEASURES if name not in named]
    for chunk in chunks(list(by_id)):
        for pk, *values in Observation.objects.filter(pk__in=chunk).values_list("id", *others):
            by_id[pk].others = [name for name, value in zip(others, values, strict=True) if value is not None]


def _store(comparison: _Comparison, *, batch: ObservationBatch) -> None:
    measures = comparison.measures
    insert_rows(
        Observation,
        ["workspace_id", *_KEY, "reported_at", "first_reported_at", "said_at", "batch_id", *measures],
        (
            (
                *(batch.workspace_id, *key, report.reported_at, report.reported_at),
                *(_cleared(report), batch.pk),
                *map(report.values.get, measures),
            )
            for key, report in comparison.new
        ),
    )
    merged = ((change, change.stored.values | change.accepted) for change in comparison.changed)
    update_rows(
        Observation,
        ["reported_at", "said_at", "batch_id", *measures],
        (
            (
                *_times(change.stored, change.report, change.accepted),
                batch.pk,
                *map(values.get, measures),
                change.stored.pk,
            )
            for change, values in merged
        ),
    )
    update_rows(
        Observation,
        ["reported_at", "said_at"],
        (
            (*times, stored.pk)
            for stored, report, accepted in comparison.confirmed
            if (times := _times(stored, report, accepted)) != (stored.reported_at, stored.said_at)
        ),
    )
    insert_rows(
        Restatement,
        ["workspace_id", "observation_id", "batch_id", "reported_at", "before"],
        (
            (batch.workspace_id, change.stored.pk, batch.pk, change.replaced_at, change.before)
            for change in comparison.changed
        ),
    )


def _times(
    stored: _Stored, report: Report, accepted: dict[str, Value]
) -> tuple[datetime, dict[str, str] | None]:
    """When the day was last reported, and which measures were said at another time."""
    return max(report.reported_at, stored.reported_at), stored.said_after(report, accepted)


def _cleared(report: Report) -> dict[str, str] | None:
    """Of a first report: the measures that it says there are none of."""
    if None not in report.values.values():
        return None
    return {name: report.reported_at.isoformat() for name, value in report.values.items() if value is None}


def _tell(
    comparison: _Comparison, *, batch: ObservationBatch, names: Mapping[str, str], by: Actor, at: datetime
) -> None:
    """``names``: of the campaigns that the batch tells of, by their keys."""
    record_event(
        EventKind.METRICS_POSTED,
        by=by,
        at=at,
        subject=("batch", batch.pk),
        data={
            "channel": batch.channel,
            "file_name": batch.file_name,
            "received": batch.received,
            "inserted": batch.inserted,
            "updated": batch.updated,
            "unchanged": batch.unchanged,
            "rejected": batch.rejected,
            "campaigns": sorted(names),
        },
    )
    today = by.workspace.local_day(at)
    days: dict[str, set[date]] = defaultdict(set)
    measures: dict[str, set[str]] = defaultdict(set)
    for change in comparison.changed:
        # Today's numbers are meant to grow; only a day that was over has been restated.
        if change.key.day < today:
            days[change.report.campaign].add(change.key.day)
            measures[change.report.campaign].update(change.before)
    record_events(
        EventKind.METRICS_RESTATED,
        by=by,
        at=at,
        told={
            ("campaign", campaign): {
                "name": names[campaign],
                "batch": batch.pk,
                "days": sorted(days[campaign]),
                "measures": [name for name in MEASURES if name in measures[campaign]],
            }
            for campaign in sorted(days)
        },
    )
