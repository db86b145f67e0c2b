"""What the days say about kill criteria: any number of them at once, each judged on the days it may see."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Sum

from experiments.choices import (
    MEASURES,
    METRICS,
    Comparator,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    MeasureUnit,
    Metric,
    MetricForm,
)
from experiments.models import Arm, KillCriterion, Observation
from experiments.selectors.estimates import Estimates
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import (
    PLACES,
    Amounts,
    Cells,
    Measurements,
    exact,
    measures_of,
)
from experiments.stats.always_valid import always_valid_path, breach_log_e
from experiments.stats.arrays import float_or_none
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.grids import SpreadPrior
from experiments.stats.threshold import OBSERVED_MARGIN, OBSERVED_MARGIN_DAYS, threshold_evidence

# An e-value beyond this says no more, and its square would leave the range of a double.
_LARGEST_LOG_E = 300.0
_ORDERS_THAT_SPEAK = 5


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One criterion at one place of its level: the campaign at that index, or the arm at that index of it."""

    criterion: KillCriterion
    campaign: int
    arm: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a criterion sees.

    ``value``: the metric on its own scale, ``None`` where nothing stands below the line. ``strength``: the
    probability or the e-value, ``None`` where it is unknown or the number simply stands. ``data_through``:
    the last day that counted. ``numbers``: the totals behind it, with the ``mature_`` exposure where late
    conversions were allowed for; ``left_out`` names sources that take no part. ``is_breach``: the rule is
    broken, its guards being met.
    """

    guard_progress: dict[str, Any]
    guards_met: bool
    value: float | None
    strength: float | None
    is_breach: bool
    data_through: date | None
    numbers: dict[str, Any]


def measures_for(criteria: Iterable[KillCriterion]) -> set[str]:
    """Every measure that judging these criteria reads."""
    needed = {"spend"}
    for criterion in criteria:
        needed |= measures_of(criterion.metric_definition)
        needed |= {guard for guard in criterion.guards if guard in MEASURES}
    return needed


def find(
    subjects: Sequence[Subject], measured: Measurements, estimates: Estimates, *, at: datetime
) -> list[Finding]:
    """The findings on the subjects, in their order; criteria that are judged alike are judged together."""
    alike: defaultdict[tuple[str, str, str, SpreadPrior], list[int]] = defaultdict(list)
    for index, subject in enumerate(subjects):
        criterion = subject.criterion
        prior = estimates.day_spread(measured.campaigns[subject.campaign].workspace_id)
        alike[criterion.metric, criterion.evidence, criterion.level, prior].append(index)
    # Which days count depends on the metric and not on the rule.
    days = {
        key: mature_days(METRICS[key], measured, estimates, at=at) for key in {group[0] for group in alike}
    }
    findings: dict[int, Finding] = {}
    for (metric, evidence, level, prior), indices in alike.items():
        group = _Group(
            METRICS[metric],
            EvidenceKind(evidence),
            CriterionLevel(level),
            [subjects[index] for index in indices],
            days[metric],
            prior,
        )
        findings |= zip(indices, group.findings(), strict=True)
    return [findings[index] for index in range(len(subjects))]


class _Group:
    """Subjects with one metric, kind of evidence and level; arrays are (subjects, days)."""

    def __init__(
        self,
        metric: Metric,
        kind: EvidenceKind,
        level: CriterionLevel,
        subjects: Sequence[Subject],
        days: MatureDays,
        prior: SpreadPrior,
    ) -> None:
        self.metric = metric
        self.kind = kind
        self.subjects = subjects
        self.days = days
        self.measured = days.measured
        self.prior = prior
        self._campaigns = np.array([subject.campaign for subject in subjects])
        self._arms = np.array([subject.arm or 0 for subject in subjects])
        self._by_arm = level == CriterionLevel.ARM

        # The number as it stands is that of all days, the open one included, and makes no allowance.
        as_it_stands = kind == EvidenceKind.OBSERVED
        self._cells = days.countable if as_it_stands else days.counted if self._by_arm else days.whole_days()
        self._weight = np.ones(days.weight.shape) if as_it_stands else days.weight
        self.seen = self._at_level(self._cells, np.any)
        self.numerator = self._days_of(metric.numerator)
        self.denominator = self._days_of(metric.denominator)

    def _at_level(self, cells: npt.NDArray[Any], over_arms: Any) -> npt.NDArray[Any]:
        if self._by_arm:
            return np.asarray(cells[self._campaigns, self._arms])
        return np.asarray(over_arms(cells, axis=1)[self._campaigns])

    def _days_of(self, measure: str, *, raw: bool = False) -> Amounts:
        """A measure's day sums on the days that are seen, 0 elsewhere.

        What late conversions are compared with counts in part, unless it is wanted ``raw``.
        """
        values = self.measured.values[measure]
        counted = self._cells & self.measured.reported(measure)
        if measure == self.metric.exposure and not raw:
            # To the places of an amount, so that a guard is met to the last cent.
            values = (values * self._weight).round(PLACES)
        return self._at_level(np.where(counted, values, 0.0), np.sum)

    def findings(self) -> Iterator[Finding]:
        """One finding for each subject."""
        guard_days = {guard: self._guard(guard) for guard in self._guards()}
        met = self._met(guard_days)
        totals = {guard: have[:, -1:].sum(axis=1) for guard, have in guard_days.items()}
        basis = {*measures_of(self.metric), GuardKey.SPEND.value}
        totals |= {measure: self._days_of(measure).sum(axis=1) for measure in basis}
        exposure = self.metric.exposure
        reported = self._days_of(exposure, raw=True).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = totals[self.metric.numerator] / totals[self.metric.denominator] * self.metric.per
        strengths, broken = self._evidence(met)
        for index, subject in enumerate(self.subjects):
            unit = self.measured.campaigns[subject.campaign].workspace.money_unit
            guards = subject.criterion.guards
            have = {key: _amount(key, totals[key][index], unit=unit) for key in sorted({*basis, *guards})}
            seen = np.flatnonzero(self.seen[index])
            numbers = {key: have[key] for key in have if key != exposure}
            numbers[exposure] = _amount(exposure, reported[index], unit=unit)
            if exact(reported[index]) != exact(totals[exposure][index]):
                # An estimate is worth no fraction of a cent; down, so that no guard looks met that is not.
                mature = float(exact(totals[exposure][index]).quantize(unit, ROUND_DOWN))
                have[exposure] = numbers[f"mature_{exposure}"] = _amount(exposure, mature, unit=unit)
            left_out = self.days.left_out(subject.campaign)
            if left_out:
                numbers["left_out"] = [source.key for source in left_out]
            yield Finding(
                guard_progress={
                    guard: {"have": have[guard], "need": _amount(guard, float(need), unit=unit)}
                    for guard, need in guards.items()
                },
                guards_met=bool(met[index, -1:].any()),
                value=float_or_none(values[index]),
                strength=float_or_none(strengths[index]),
                is_breach=bool(broken[index]),
                data_through=self.measured.day(subject.campaign, seen[-1]) if len(seen) else None,
                numbers={**numbers, GuardKey.DAYS.value: len(seen)},
            )

    def _guards(self) -> set[str]:
        return {guard for subject in self.subjects for guard in subject.criterion.guards}

    def _guard(self, guard: str) -> Amounts:
        """How much of a guard there was after each day."""
        days = self.seen.astype(np.float64) if guard == GuardKey.DAYS else self._days_of(guard)
        return days.cumsum(axis=1).round(PLACES)

    def _met(self, guard_days: dict[str, Amounts]) -> Cells:
        """Whether all guards of each subject were met after each day."""
        met = np.ones(self.seen.shape, dtype=np.bool_)
        for guard, have in guard_days.items():
            need = [float(subject.criterion.guards.get(guard, 0)) for subject in self.subjects]
            met &= have >= np.array(need)[:, None]
        return met

    def _evidence(self, met: Cells) -> tuple[Amounts, Cells]:
        """Strengths and breaches, (subjects,)."""
        nothing = np.full(len(self.subjects), np.nan)
        if not self.seen.any():
            return nothing, np.zeros(len(self.subjects), dtype=np.bool_)
        guarded = met[:, -1]
        match self.kind:
            case EvidenceKind.PROBABLE:
                strengths = self._probabilities()
                confidence = np.array([subject.criterion.confidence for subject in self.subjects])
                return strengths, guarded & (strengths >= confidence)
            case EvidenceKind.ALWAYS_VALID:
                return self._always_valid(met)
            case EvidenceKind.OBSERVED | EvidenceKind.OBSERVED_MARGIN:
                return nothing, guarded & self._beyond()

    def _sides(self) -> Cells:
        """Whether each subject's rule is broken above its threshold."""
        return np.array([subject.criterion.comparator == Comparator.ABOVE for subject in self.subjects])

    def _thresholds(self) -> Amounts:
        """On the scale of numerator ÷ denominator: a price of 1,000 impressions becomes that of one."""
        return np.array([float(subject.criterion.threshold) / self.metric.per for subject in self.subjects])

    def _outcome_and_exposure(self) -> tuple[Amounts, Amounts]:
        is_cost = self.metric.form == MetricForm.COST
        return (self.denominator, self.numerator) if is_cost else (self.numerator, self.denominator)

    def _probabilities(self) -> Amounts:
        outcome, exposure = self._outcome_and_exposure()
        options: dict[str, Any] = {}
        if self.metric.form == MetricForm.VALUE:
            options = self._value_options()
        typical = options.get("average_order_value")
        if typical is not None:
            options["average_order_value"] = np.where(np.isnan(typical), 1.0, typical)
        evidence = threshold_evidence(
            self.metric.form,
            outcome,
            exposure,
            self._thresholds(),
            mask=self.seen,
            prior=self.prior,
            **options,
        )
        probabilities = np.where(self._sides(), evidence.p_above, evidence.p_below)
        if typical is not None:
            probabilities = np.where(evidence.fell_back & np.isnan(typical), np.nan, probabilities)
        return probabilities

    def _value_options(self) -> dict[str, Any]:
        events = self._days_of(self.metric.events)
        if self.metric.denominator == self.metric.events:
            # Money per order: its exposure is the orders themselves.
            return {"events": events, "kappa": ORDER_VALUE_KAPPA - 1}
        few = events.sum(axis=1) < _ORDERS_THAT_SPEAK
        workspaces = [self.measured.campaigns[index].workspace_id for index in self._campaigns]
        known = _order_values(self.metric, {workspaces[index] for index in np.flatnonzero(few)})
        typical = np.array([known.get(workspace, np.nan) for workspace in workspaces])
        return {"events": events, "average_order_value": typical}

    def _always_valid(self, met: Cells) -> tuple[Amounts, Cells]:
        """The largest e-value since the guards were met, which any look may use; before, the latest."""
        outcome, exposure = self._outcome_and_exposure()
        path = always_valid_path(self.metric.form, outcome, exposure, self._thresholds(), mask=self.seen)
        log_e = np.where(self._sides()[:, None], path.log_e_above, path.log_e_below)
        eligible = np.where(met & self.seen & ~np.isnan(log_e), log_e, -np.inf).max(axis=1)
        strongest = np.where(np.isneginf(eligible), log_e[:, -1], eligible)
        needed = np.array([breach_log_e(subject.criterion.confidence) for subject in self.subjects])
        return np.exp(np.minimum(strongest, _LARGEST_LOG_E)), eligible >= needed

    def _beyond(self) -> Cells:
        """Whether the number stands on the wrong side, to the last cent: in fractions, not in doubles."""
        has_margin = self.kind == EvidenceKind.OBSERVED_MARGIN
        margin = Fraction(str(OBSERVED_MARGIN)) if has_margin else Fraction(0)
        _, exposure = self._outcome_and_exposure()
        enough = (exposure > 0).sum(axis=1) >= (OBSERVED_MARGIN_DAYS if has_margin else 1)
        tops, bottoms = self.numerator.sum(axis=1), self.denominator.sum(axis=1)
        beyond = []
        for subject, top, bottom in zip(self.subjects, tops, bottoms, strict=True):
            criterion = subject.criterion
            amount, limit = (
                Fraction(exact(top)) * self.metric.per,
                Fraction(criterion.threshold) * Fraction(exact(bottom)),
            )
            is_above = criterion.comparator == Comparator.ABOVE
            beyond.append(amount > limit * (1 + margin) if is_above else amount < limit * (1 - margin))
        return np.asarray(np.array(beyond) & enough)


def _amount(key: str, amount: float, *, unit: Decimal) -> Any:
    """As REST shows it: money as a string in the currency's places, a whole count as a whole number."""
    number = exact(amount)
    if key in MEASURES and MEASURES[key].unit == MeasureUnit.MONEY:
        rounded = number.quantize(unit)
        return f"{rounded if rounded == number else number.normalize():f}"
    return int(number) if number == int(number) else float(number)


def _order_values(metric: Metric, workspace_ids: set[int]) -> dict[int, float]:
    """What an order is worth on average in each workspace; without an order it is missing."""
    if not workspace_ids:
        return {}
    totals = (
        Observation.objects.filter(
            workspace__in=workspace_ids,
            **{f"{metric.numerator}__gt": 0, f"{metric.events}__gt": 0},
        )
        .values("workspace")
        .annotate(worth=Sum(metric.numerator), orders=Sum(metric.events))
    )
    return {row["workspace"]: float(row["worth"]) / float(row["orders"]) for row in totals}


def subjects_of(criterion: KillCriterion, campaign: int, arms: Sequence[Arm]) -> list[Subject]:
    """Where a criterion is watched: at its campaign, or at each of its arms."""
    if criterion.level == CriterionLevel.CAMPAIGN:
        return [Subject(criterion, campaign)]
    return [Subject(criterion, campaign, index) for index, _ in enumerate(arms)]
