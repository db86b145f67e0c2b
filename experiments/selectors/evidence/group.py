"""Subjects that are judged alike, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Sum

from experiments.choices import (
    Comparator,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
)
from experiments.models import DayTotal
from experiments.selectors.evidence.amounts import NO_GUARD, Ticks, as_shown, known, to_ticks
from experiments.selectors.evidence.subjects import Finding, Subject
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import PLACES, Amounts, Cells, exact, measures_of
from experiments.stats.always_valid import always_valid_path, breach_log_e
from experiments.stats.arrays import float_or_none
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.grids import SpreadPrior
from experiments.stats.threshold import OBSERVED_MARGIN, OBSERVED_MARGIN_DAYS, threshold_evidence

# An e-value beyond this says no more, and its square would leave the range of a double.
_LARGEST_LOG_E = 300.0
_ORDERS_THAT_SPEAK = 5
# Of the difference of two amounts, relative and absolute.
_TOO_NEAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What subjects see, as ``Finding`` has it of one; arrays are (subjects,).

    ``value``, ``strength``: NaN for ``None``. ``last_day``: an ordinal, 0 for ``None``. ``days``: how many
    counted. ``have``: by key of a measure or guard, the totals as they are shown. ``reported``: the exposure
    as it was reported, and ``is_mature``: whether late conversions make another of it.
    """

    guards_met: Cells
    is_breach: Cells
    value: Amounts
    strength: Amounts
    last_day: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    have: dict[str, Ticks]
    reported: Ticks
    is_mature: Cells


class Group:
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
        self.guards = {guard for subject in subjects for guard in subject.rule.guards}
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

    def see(self) -> Sight:
        """What every subject sees."""
        guard_days = {guard: self._guard(guard) for guard in self.guards}
        met = self._met(guard_days)
        totals = {guard: have[:, -1:].sum(axis=1) for guard, have in guard_days.items()}
        basis = {*measures_of(self.metric), GuardKey.SPEND.value}
        totals |= {measure: self._days_of(measure).sum(axis=1) for measure in basis}
        with np.errstate(divide="ignore", invalid="ignore"):
            values = totals[self.metric.numerator] / totals[self.metric.denominator] * self.metric.per
        strengths, broken = self._evidence(met)
        exposure = self.metric.exposure
        reported = to_ticks(self._days_of(exposure, raw=True).sum(axis=1))
        have = {key: to_ticks(total) for key, total in totals.items()}
        # An estimate is worth no fraction of a cent; down, so that no guard looks met that is not.
        mature = have[exposure]
        have[exposure] = np.where(mature == reported, mature, mature - mature % self._units_in_ticks())
        through = self.seen.shape[1] - self.seen[:, ::-1].argmax(axis=1) if self.seen.shape[1] else 0
        first_day = self.measured.first_day[self._campaigns]
        return Sight(
            guards_met=np.asarray(met[:, -1:].any(axis=1)),
            is_breach=broken,
            value=known(values),
            strength=known(strengths),
            last_day=np.where(self.seen.any(axis=1), first_day + through - 1, 0),
            days=self.seen.sum(axis=1),
            have=have,
            reported=reported,
            is_mature=mature != reported,
        )

    def finding(self, row: int, sight: Sight) -> Finding:
        """What one subject sees, in words and numbers that people read."""
        subject = self.subjects[row]
        unit = self.measured.campaigns[subject.campaign].workspace.money_unit
        guards, exposure = subject.rule.guards, self.metric.exposure
        basis = {*measures_of(self.metric), GuardKey.SPEND.value, *guards}
        have = {key: as_shown(key, sight.have[key][row], unit=unit) for key in sorted(basis)}
        numbers = {key: have[key] for key in have if key != exposure}
        numbers[exposure] = as_shown(exposure, sight.reported[row], unit=unit)
        if sight.is_mature[row]:
            numbers[f"mature_{exposure}"] = have[exposure]
        left_out = self.days.left_out(subject.campaign)
        if left_out:
            numbers["left_out"] = [source.key for source in left_out]
        last_day = int(sight.last_day[row])
        return Finding(
            guard_progress={
                guard: {
                    "have": have[guard],
                    "need": as_shown(guard, to_ticks(float(need)), unit=unit),
                }
                for guard, need in guards.items()
            },
            guards_met=bool(sight.guards_met[row]),
            value=float_or_none(sight.value[row]),
            strength=float_or_none(sight.strength[row]),
            is_breach=bool(sight.is_breach[row]),
            data_through=date.fromordinal(last_day) if last_day else None,
            numbers={**numbers, GuardKey.DAYS.value: int(sight.days[row])},
        )

    def _units_in_ticks(self) -> npt.NDArray[np.int64]:
        """Each subject's smallest amount of money."""
        workspaces = {campaign.workspace_id: campaign.workspace for campaign in self.measured.campaigns}
        units = {pk: int(to_ticks(float(home.money_unit))) for pk, home in workspaces.items()}
        return np.array([units[self.measured.campaigns[index].workspace_id] for index in self._campaigns])

    def guarded(self, guard: str, sight: Sight) -> Ticks:
        """How much of a guard there is, -1 where a subject's rule has none of that kind."""
        if guard not in self.guards:
            return np.full(len(self.subjects), NO_GUARD)
        has_it = [guard in subject.rule.guards for subject in self.subjects]
        return np.where(has_it, sight.have[guard], NO_GUARD)

    def _guard(self, guard: str) -> Amounts:
        """How much of a guard there was after each day."""
        days = self.seen.astype(np.float64) if guard == GuardKey.DAYS else self._days_of(guard)
        return days.cumsum(axis=1).round(PLACES)

    def _met(self, guard_days: dict[str, Amounts]) -> Cells:
        """Whether all guards of each subject were met after each day."""
        met = np.ones(self.seen.shape, dtype=np.bool_)
        for guard, have in guard_days.items():
            need = [float(subject.rule.guards.get(guard, 0)) for subject in self.subjects]
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
                confidence = np.array([subject.rule.confidence for subject in self.subjects])
                return strengths, guarded & (strengths >= confidence)
            case EvidenceKind.ALWAYS_VALID:
                return self._always_valid(met)
            case EvidenceKind.OBSERVED | EvidenceKind.OBSERVED_MARGIN:
                return nothing, guarded & self._beyond()

    def _sides(self) -> Cells:
        """Whether each subject's rule is broken above its threshold."""
        return np.array([subject.rule.comparator == Comparator.ABOVE for subject in self.subjects])

    def _thresholds(self) -> Amounts:
        """On the scale of numerator ÷ denominator: a price of 1,000 impressions becomes that of one."""
        return np.array([float(subject.rule.threshold) / self.metric.per for subject in self.subjects])

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
        needed = np.array([breach_log_e(subject.rule.confidence) for subject in self.subjects])
        return np.exp(np.minimum(strongest, _LARGEST_LOG_E)), eligible >= needed

    def _beyond(self) -> Cells:
        """Whether the number stands on the wrong side, to the last cent."""
        has_margin = self.kind == EvidenceKind.OBSERVED_MARGIN
        margin = OBSERVED_MARGIN if has_margin else 0.0
        _, exposure = self._outcome_and_exposure()
        enough = (exposure > 0).sum(axis=1) >= (OBSERVED_MARGIN_DAYS if has_margin else 1)
        tops, bottoms = self.numerator.sum(axis=1), self.denominator.sum(axis=1)
        is_above = self._sides()
        limits = self._thresholds() * bottoms * np.where(is_above, 1 + margin, 1 - margin)
        beyond = np.where(is_above, tops > limits, tops < limits)
        # Doubles cannot tell what lies that near; fractions can.
        for index in np.flatnonzero(np.isclose(tops, limits, rtol=_TOO_NEAR, atol=_TOO_NEAR)).tolist():
            rule = self.subjects[index].rule
            side = 1 if is_above[index] else -1
            amount = Fraction(exact(tops[index])) * self.metric.per
            limit = Fraction(rule.threshold) * Fraction(exact(bottoms[index]))
            limit *= 1 + side * Fraction(str(margin))
            beyond[index] = side * amount > side * limit
        return np.asarray(beyond & enough)


def _order_values(metric: Metric, workspace_ids: set[int]) -> dict[int, float]:
    """What an order is worth on average in each workspace; without an order it is missing."""
    if not workspace_ids:
        return {}
    totals = (
        DayTotal.objects.filter(
            workspace__in=workspace_ids,
            **{f"{metric.numerator}__gt": 0, f"{metric.events}__gt": 0},
        )
        .values("workspace")
        .annotate(worth=Sum(metric.numerator), orders=Sum(metric.events))
    )
    return {row["workspace"]: float(row["worth"]) / float(row["orders"]) for row in totals}
