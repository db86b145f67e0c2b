"""When a kill criterion would speak if the days went on as the last ones: its guards, and its evidence.

The last days' mean is appended day by day, and the judge's own function is asked after each. Nothing is
estimated about what will come: it says what the present pace amounts to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from experiments.choices import METRICS, Comparator, CriterionLevel, EvidenceKind, Metric, MetricForm
from experiments.models import Arm, Campaign, KillCriterion
from experiments.selectors.analysis import Known
from experiments.selectors.estimates import read_tenants
from experiments.selectors.evidence import Finding, Group, Subject, measures_for, subjects_of
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import DAYS_OF_PACE, Amounts, Cells, read_measurements
from experiments.selectors.rules import Rule
from experiments.stats.grids import SpreadPrior

# As far as is looked where no last day is planned.
FARTHEST = 14
# Next days that are tried, as multiples of the limit: one and a half percent apart.
_CANDIDATES = np.geomspace(0.4, 2.5, 121)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Days are those by whose numbers it would be so; ``None``: not by ``until``.

    ``data_through``: the last day that counts already. ``guards``: the day of each, by its key; one that is
    reached has ``data_through`` itself.
    """

    data_through: date
    until: date
    pace_days: int
    guards: dict[str, date | None]
    guards_on: date | None
    fires_on: date | None
    # What the next day must be better than for the rule to keep silent, spending as the last ones; ``None``
    # where any day would do, or none.
    stays_if: float | None = None

    @property
    def is_guarded(self) -> bool:
        """Whether every guard is reached already."""
        return self.guards_on == self.data_through


def measures_ahead(criteria: Sequence[KillCriterion]) -> frozenset[str]:
    """The measures that looking ahead at these criteria needs."""
    return frozenset(measures_for([Rule.of(criterion) for criterion in criteria]))


def criteria_ahead(
    campaign: Campaign, criteria: Sequence[KillCriterion], *, known: Known | None = None, at: datetime
) -> dict[tuple[int, int | None], Ahead]:
    """By criterion and arm (``None``: the campaign); only while it spends, and once a day has counted.

    ``known``: where they have been read, the ``measures_ahead`` of the campaign, which comes first in it.
    """
    if not campaign.is_spending or not criteria:
        return {}
    rules = [Rule.of(criterion) for criterion in criteria]
    if known is None:
        tenants = read_tenants([campaign.workspace_id])
        measures = measures_for(rules)
        known = Known(read_measurements([campaign], measures, sources=tenants.sources), tenants)
    measured, estimates = known.measured, known.tenants.estimates
    if not measured.has_days(0):
        return {}
    prior = estimates.day_spread(campaign.workspace_id)
    found = {}
    for rule in rules:
        metric = METRICS[rule.metric]
        days = mature_days(metric, measured, estimates, at=at)
        for subject in subjects_of(rule, 0, measured.arms[0]):
            group = _Continued(
                metric,
                EvidenceKind(rule.evidence),
                CriterionLevel(rule.level),
                # Row by row one more day has gone on.
                [subject] * (FARTHEST + 1),
                days,
                prior,
            )
            sight = group.see()
            findings = [group.finding(row, sight) for row in range(FARTHEST + 1)]
            ahead = _read(findings, subject, pace_days=group.pace_days, until=campaign.runs_until)
            if ahead is not None:
                stays = (
                    _stays_if(metric, rule, subject, days, prior)
                    if ahead.until > ahead.data_through
                    else None
                )
                found[rule.id, _arm_id(subject, measured.arms[0])] = replace(ahead, stays_if=stays)
    return found


def _stays_if(
    metric: Metric, rule: Rule, subject: Subject, days: MatureDays, prior: SpreadPrior
) -> float | None:
    """The value of the next day at which the rule begins to speak, on the metric's scale."""
    if metric.form == MetricForm.VALUE:
        return None
    values = float(rule.threshold) * _CANDIDATES
    group = _NextDay(
        metric,
        EvidenceKind(rule.evidence),
        CriterionLevel(rule.level),
        [subject] * len(values),
        days,
        prior,
        values / metric.per,
    )
    is_above = rule.comparator == Comparator.ABOVE
    # From the best day to the worst; once one makes it speak, every worse one has to.
    breaches = group.see().is_breach[:: 1 if is_above else -1]
    first = int(breaches.argmax())
    if not group.pace_days or breaches[0] or not breaches.any() or not breaches[first:].all():
        return None
    return float(values[:: 1 if is_above else -1][first])


def _arm_id(subject: Subject, arms: Sequence[Arm]) -> int | None:
    return None if subject.arm is None else arms[subject.arm].pk


def _read(findings: list[Finding], subject: Subject, *, pace_days: int, until: date | None) -> Ahead | None:
    last = findings[0].data_through
    if last is None or not pace_days:
        return None
    farthest = last + timedelta(days=FARTHEST)
    end = min(until, farthest) if until is not None and until > last else farthest if until is None else last
    within = [(last + timedelta(days=row), finding) for row, finding in enumerate(findings)]
    within = [(on, finding) for on, finding in within if on <= end]
    return Ahead(
        data_through=last,
        until=end,
        pace_days=pace_days,
        guards={
            guard: next((on for on, finding in within if _is_met(finding, guard)), None)
            for guard in subject.rule.guards
        },
        guards_on=next((on for on, finding in within if finding.guards_met), None),
        fires_on=next((on for on, finding in within if finding.is_breach), None),
    )


def _is_met(finding: Finding, guard: str) -> bool:
    progress = finding.guard_progress[guard]
    return Decimal(str(progress["have"])) >= Decimal(str(progress["need"]))


class _Continued(Group):
    """The same subject again and again; of row n the last n columns that are seen are the pace, gone on."""

    pace_days: int

    def __init__(self, *args: Any) -> None:
        self._continued = False
        super().__init__(*args)
        self._pace = self._paced_days()
        self.pace_days = int(self._pace[0].sum())
        self._continued = True
        self.seen = np.hstack([self.seen, self._gone_on])
        self.numerator = self._days_of(self.metric.numerator)
        self.denominator = self._days_of(self.metric.denominator)

    @property
    def _gone_on(self) -> Cells:
        rows = len(self.subjects)
        return np.asarray(np.arange(rows - 1)[None, :] < np.arange(rows)[:, None])

    def _paced_days(self) -> Cells:
        """The last closed days that are seen: what is not over yet is no day's pace."""
        whole = self.seen & self._at_level(self.days.closed, np.any)
        latest = whole[:, ::-1].cumsum(axis=1)[:, ::-1]
        return np.asarray(whole & (latest <= DAYS_OF_PACE))

    def _days_of(self, measure: str, *, raw: bool = False) -> Amounts:
        amounts = super()._days_of(measure, raw=raw)
        if not self._continued:
            return amounts
        total = np.where(self._pace, amounts, 0.0).sum(axis=1)
        mean = total / max(self.pace_days, 1)
        return np.hstack([amounts, np.where(self._gone_on, mean[:, None], 0.0)])


class _NextDay(_Continued):
    """One more day after those that are seen, at the same pace; of row n with the n-th value."""

    def __init__(self, *args: Any) -> None:
        *given, self._values = args
        super().__init__(*given)

    @property
    def _gone_on(self) -> Cells:
        return np.ones((len(self.subjects), 1), dtype=np.bool_)

    def _days_of(self, measure: str, *, raw: bool = False) -> Amounts:
        amounts = super()._days_of(measure, raw=raw)
        is_cost = self.metric.form == MetricForm.COST
        if not self._continued or measure != (self.metric.denominator if is_cost else self.metric.numerator):
            return amounts
        exposure = super()._days_of(self.metric.exposure)[:, -1]
        amounts[:, -1] = exposure / self._values if is_cost else exposure * self._values
        return amounts
