"""What a workspace's own numbers teach, worked out again once a day: maturity curves and spreads.

Running twice, or by two workers at once, writes the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F, Q

from experiments.choices import FINISHED_STATUSES, METRICS, MetricForm, SpreadKind
from experiments.models import Campaign, MaturityEstimate, Observation, Restatement, SpreadEstimate
from experiments.selectors.measurements import Amounts, Cells, latest_day, measures_of, read_measurements
from experiments.stats.comparison import fit_contrast_spread
from experiments.stats.grids import SpreadFit, fit_day_spread
from experiments.stats.maturity import DEFAULT_SHARE, fit_maturity
from workspaces.choices import SourceKind
from workspaces.models import Source, Workspace

EVERY = timedelta(days=1)
# A curve is that of the last weeks, and of no more days of ads than can be read in a few seconds.
LATEST_DAYS = 60
MOST_OBSERVATIONS = 20_000
# The last campaigns that ended; enough for any spread.
MOST_CAMPAIGNS = 400
AGES = len(DEFAULT_SHARE)
# A source that counts no conversions may still count leads.
COUNTED = ("conversions", "leads")


def learn_what_is_due(*, at: datetime) -> int:
    """Learn for every workspace whose estimates are a day old; return for how many."""
    fresh = SpreadEstimate.objects.filter(learnt_at__gt=at - EVERY).values("workspace")
    due = list(Workspace.objects.exclude(pk__in=fresh).order_by("pk"))
    for workspace in due:
        learn(workspace, at=at)
    return len(due)


def learn(workspace: Workspace, *, at: datetime) -> None:
    """Work out the workspace's estimates from what is known at ``at``."""
    curves = []
    for source in Source.objects.of(workspace).select_related("workspace"):
        if SourceKind(source.kind).dates_back:
            curves += _learn_curve(source, at=at)
    _write(MaturityEstimate, curves, key="source")
    days, contrast = _learn_spreads(workspace, at=at)
    spreads = {SpreadKind.DAYS: days, SpreadKind.CONTRAST: contrast}
    _write(
        SpreadEstimate,
        [
            SpreadEstimate(
                workspace=workspace,
                kind=kind,
                campaigns=fit.campaigns,
                median=fit.prior.median if fit.prior else None,
                log_sd=fit.prior.log_sd if fit.prior else None,
                learnt_at=at,
            )
            for kind, fit in spreads.items()
        ],
        key="kind",
    )


def _write(model: Any, rows: Sequence[Any], *, key: str) -> None:
    fields = [field.name for field in model._meta.concrete_fields]  # noqa: SLF001 (Django's documented API)
    model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["workspace", key],
        update_fields=[name for name in fields if name not in {"id", "workspace", key}],
    )


@dataclass(frozen=True, slots=True)
class _Report:
    """From when to when a day's count was said to be ``count``."""

    first_at: datetime
    last_at: datetime
    count: float


def _learn_curve(source: Source, *, at: datetime) -> list[MaturityEstimate]:
    """The curve of a source, or nothing where no day of it has a history."""
    rows, labels = [], []
    for day, reports in _histories(source, at=at):
        row = _by_age(day, reports, source)
        # One report says nothing of how conversions arrive.
        if np.count_nonzero(~np.isnan(row)) > 1:
            rows.append(row)
            labels.append(day.toordinal())
    if not rows:
        return []
    curve = fit_maturity(np.array(rows), day=np.array(labels))
    if not any(curve.days_known):
        return []
    return [
        MaturityEstimate(
            workspace=source.workspace,
            source=source,
            share=curve.share,
            low=curve.low,
            high=curve.high,
            days_known=curve.days_known,
            days=len(set(labels)),
            last_day=date.fromordinal(max(labels)),
            learnt_at=at,
        )
    ]


def _histories(source: Source, *, at: datetime) -> Iterator[tuple[date, list[_Report]]]:
    """Each recent observation's day with what was said of its count, in order of time."""
    first_day = source.workspace.local_day(at) - timedelta(days=LATEST_DAYS)
    recent = Observation.objects.of(source.workspace).filter(
        Q(conversions__isnull=False) | Q(leads__isnull=False),
        source=source,
        day__gte=first_day,
        day__lte=latest_day(at),
    )
    # One in so many, spread over all days and campaigns.
    one_in = -(-recent.count() // MOST_OBSERVATIONS)
    if not one_in:
        return
    restated: defaultdict[int, list[tuple[datetime, datetime, dict[str, Any]]]] = defaultdict(list)
    restatements = (
        Restatement.objects.of(source.workspace)
        .filter(observation__source=source, observation__day__gte=first_day)
        .alias(turn=F("observation_id") % one_in)
        .filter(turn=0)
        .order_by("pk")
        .values_list("observation", "reported_at", "batch__at", "before")
    )
    for pk, reported_at, replaced_at, before in restatements.iterator(chunk_size=10_000):
        restated[pk].append((reported_at, replaced_at, before))
    observations = (
        recent.alias(turn=F("pk") % one_in)
        .filter(turn=0)
        .order_by("pk")
        .values_list("pk", "day", "first_reported_at", "reported_at", "batch__at", *COUNTED)
    )
    for pk, day, first_at, last_at, batch_at, *counts in observations.iterator(chunk_size=10_000):
        place = 0 if counts[0] is not None else 1
        yield (
            day,
            _reports(
                restated[pk],
                measure=COUNTED[place],
                first_at=first_at or (None if pk in restated else min(batch_at, last_at)),
                last_at=last_at,
                count=float(counts[place]),
            ),
        )


def _reports(
    restated: Iterable[tuple[datetime, datetime, dict[str, Any]]],
    *,
    measure: str,
    first_at: datetime | None,
    last_at: datetime,
    count: float,
) -> list[_Report]:
    """What was said of one count from its first report to its last, the restatements being in order."""
    reports = []
    starts_at = first_at
    for reported_at, replaced_at, before in restated:
        if measure not in before:
            continue
        if before[measure] is not None:
            reports.append(_Report(starts_at or reported_at, reported_at, float(before[measure])))
        starts_at = replaced_at
    return [*reports, _Report(starts_at or last_at, last_at, count)]


def _by_age(day: date, reports: Sequence[_Report], source: Source) -> Amounts:
    """The count as it was last reported at each age in days, NaN where it was not."""
    row = np.full(AGES, np.nan)
    for report in reports:
        first, last = (
            (moment.astimezone(source.tz).date() - day).days for moment in (report.first_at, report.last_at)
        )
        # Said first and said last alike: so it was said in between.
        for age in range(max(min(first, last), 0), min(last, AGES - 1) + 1):
            row[age] = report.count
    return row


def _learn_spreads(workspace: Workspace, *, at: datetime) -> tuple[SpreadFit, SpreadFit]:
    """How much days, and how much two arms on the same day, differed in the campaigns that ended last."""
    ended = (
        Campaign.objects.of(workspace)
        .filter(status__in=FINISHED_STATUSES, ended_at__lte=at, launched_at__isnull=False)
        .filter(hypothesis__isnull=False)
        .select_related("workspace", "hypothesis")
        .order_by("-ended_at", "-pk")[:MOST_CAMPAIGNS]
    )
    groups: defaultdict[str, list[Campaign]] = defaultdict(list)
    for campaign in ended:
        if campaign.hypothesis is not None:
            groups[campaign.hypothesis.metric.key].append(campaign)
    parts = [_days_of(key, group, at=at) for key, group in sorted(groups.items())]
    if not parts:
        return SpreadFit(None, 0), SpreadFit(None, 0)
    events, exposure, controls, counted = (_stacked(arrays) for arrays in zip(*parts, strict=True))
    if not counted.any():
        return SpreadFit(None, 0), SpreadFit(None, 0)
    by_campaign = np.any(counted, axis=1)
    return (
        fit_day_spread(
            np.where(counted, events, 0.0).sum(axis=1),
            np.where(counted, exposure, 0.0).sum(axis=1),
            mask=by_campaign,
        ),
        fit_contrast_spread(events, exposure, control=controls[:, 0, 0].astype(np.intp), mask=counted),
    )


def _days_of(
    key: str, campaigns: Sequence[Campaign], *, at: datetime
) -> tuple[Amounts, Amounts, Amounts, Cells]:
    """Events, exposure, the control's place and the settled days of campaigns with one metric."""
    metric = METRICS[key]
    measured = read_measurements(campaigns, measures_of(metric)).of(metric)
    settled = measured.complete(metric, at=at)
    events = np.where(settled, measured.values[metric.events], 0.0)
    # Orders per unit of money for a return: the spread of days is the same.
    exposure = np.where(settled, measured.values[metric.exposure], 0.0)
    if metric.form == MetricForm.VALUE and metric.exposure == metric.events:
        settled = np.zeros_like(settled)
    places = [next((place for place, arm in enumerate(arms) if arm.is_control), 0) for arms in measured.arms]
    return events, exposure, np.array(places, dtype=np.float64)[:, None, None], settled


def _stacked(arrays: Sequence[Any]) -> Any:
    """Campaigns of several groups in one array, padded with nothing."""
    arms, days = (max(array.shape[axis] for array in arrays) for axis in (1, 2))
    return np.concatenate(
        [np.pad(array, ((0, 0), (0, arms - array.shape[1]), (0, days - array.shape[2]))) for array in arrays]
    )
