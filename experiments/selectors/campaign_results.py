"""One campaign by one metric: its arms, how they compare, a verdict and its reason."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.functional import lazy
from django.utils.translation import override

from experiments.choices import HypothesisKind, Metric, MetricForm, VerdictCode
from experiments.models import Arm, Campaign
from experiments.models.criterion import canonical_number
from experiments.models.team_words import Word
from experiments.selectors.estimates import Estimates
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import (
    Amounts,
    Cells,
    exact,
    late_measures,
    measures_of,
)
from experiments.selectors.results import (
    Adjusted,
    Analysis,
    ArmAnalysis,
    CampaignVerdict,
    DayMaturity,
    Looks,
    Maturity,
    SourceMaturity,
)
from experiments.stats.analysis import ArmDays, CampaignAnalysis, ComparisonResult, Health, Question
from experiments.stats.analysis import analyse_campaign as analyse_days
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.sequential import look_boundaries
from experiments.stats.verdicts import FEWEST_CLOSED_DAYS
from experiments.stats.words import Figure
from experiments.stats.words import said as _
from workspaces.models import Source
from workspaces.models.kept import kept
from workspaces.models.rows import alone
from workspaces.models.spelling import in_currency

# What the health of a campaign is told by, whatever its metric.
LOOKED_AT_BESIDES = frozenset({"spend", "sends", "visits"})
# Who gets an e-mail or sees a landing page is drawn by lot, so there the split itself can be tested.
EMAIL_CHANNEL = "email"


# Words that wait for the language of whoever reads them.
_in_currency = lazy(in_currency, str)
# Whoever is looked at beside another campaign is only compared.
_analyse_days = kept(analyse_days)


class CampaignResults:
    """One campaign by one metric; arrays are (arms, days)."""

    def __init__(
        self, campaign: Campaign, index: int, metric: Metric, days: MatureDays, estimates: Estimates
    ) -> None:
        self.campaign = campaign
        self.index = index
        self.metric = metric
        self.days = days
        self.estimates = estimates
        self.measured = days.measured
        self.arms: Sequence[Arm] = self.measured.arms[index]
        self.closed = self._own(days.closed)
        self.settled = self._own(days.settled)
        self.is_patient = campaign.workspace.settled_days_only and metric.is_late
        # What the table shows; whoever wants settled days only still sees the others.
        self.counted = self.closed if self.is_patient else self._own(days.counted)
        self.weight = days.weight[index, : len(self.arms)]

    def _own(self, cells: Cells) -> Cells:
        return cells[self.index, : len(self.arms)]

    def given(self) -> list[object]:
        """Everything that the analysis follows from, and no numbers that it does not look at."""
        measures = sorted((measures_of(self.metric) | LOOKED_AT_BESIDES) & self.measured.values.keys())
        tables = [part[one] for one in measures for part in (self.measured.values, self.measured.source)]
        sources, workspace_id = self.measured.sources, self.campaign.workspace_id
        return [
            alone(self.campaign),
            [(arm.key, arm.name, arm.is_control, arm.planned_share) for arm in self.arms],
            self.metric.key,
            measures,
            [table[self.index] for table in tables],
            int(self.measured.first_day[self.index]),
            [self.closed, self.settled, self.counted, self.weight, self.days.visible[self.index]],
            [alone(source) for source in sources],
            [source.pk for source in self._left_out()],
            [self.estimates.curve(source) for source in sources],
            self.estimates.day_spread(workspace_id),
            self.estimates.contrast_spread(workspace_id),
        ]

    @override("en")
    def comparisons(self) -> tuple[ComparisonResult, ...]:
        """How its arms compare, for whoever looks at other campaigns beside them."""
        return self._shown.comparisons

    # Its sentences go into plans and reviews, too, whoever happens to look; pages say them anew.
    @override("en")
    def analysis(self) -> Analysis:
        days = np.flatnonzero(self.counted.any(axis=0))
        is_provisional, result = self._is_provisional, self._shown
        waits = is_provisional and self.is_patient
        judged = self._results(self.settled, provisional=True) if waits else result
        return Analysis(
            campaign=self.campaign.key,
            metric=self.metric,
            first_day=self.measured.day(self.index, days[0]) if len(days) else None,
            last_day=self.measured.day(self.index, days[-1]) if len(days) else None,
            settled_through=self._settled_through(days),
            days=len(days),
            provisional=is_provisional,
            health=self._health(result.health),
            arms=tuple(self._arm(position, result) for position in range(len(self.arms))),
            comparisons=tuple(
                replace(comparison, lift_absolute=self._scaled(comparison.lift_absolute))
                for comparison in result.comparisons
            ),
            adjusted=Adjusted(
                self.campaign.workspace.multiple_comparisons,
                sum(comparison.p_value is not None for comparison in result.comparisons),
            ),
            looks=self._looks(judged),
            verdict=self._verdict(judged, shown_days=len(days)),
            sources=self._sources_of(measures_of(self.metric), self.counted),
            chance_to_meet_target=judged.probability_better,
            maturity=self._maturity() if self.metric.is_late else None,
        )

    @cached_property
    def _is_provisional(self) -> bool:
        return bool((self.counted & ~self.settled).any())

    @cached_property
    def _shown(self) -> CampaignAnalysis:
        """Of the days that the table shows."""
        return self._results(self.counted, provisional=self._is_provisional)

    def _left_out(self) -> list[Source]:
        return self.days.left_out(self.index)

    def _left_out_names(self) -> str:
        first, *rest = [source.name for source in self._left_out()] or [""]
        for name in rest:
            first = _("{names} and {name}", names=first, name=name)
        return first

    def _health(self, health: Health) -> Health:
        """With a warning where a source takes no part, and numbers of another stand in for its own."""
        names = self._left_out_names()
        if not names or not self.closed.any():
            return health
        warning = _(
            "The {counted} of {names} take no part: they are dated by when they happened, and their money "
            "was spent on other days.",
            counted=Word("measure", self.metric.events),
            names=names,
        )
        return replace(health, warnings=(*health.warnings, warning))

    def _maturity(self) -> Maturity:
        sources_used = self._sources_of(late_measures(self.metric), self.closed)
        used = {key for keys in sources_used.values() for key in keys}
        curves = {
            source.key: self.estimates.curve(source)
            for source in self.measured.sources
            if source.workspace_id == self.campaign.workspace_id and source.key in used
        }
        visible = self.days.visible[self.index, : len(self.arms)]
        least_visible = np.where(self.closed, visible, 1.0).min(axis=0, initial=1.0).tolist()
        unsettled = np.any(self.closed & ~self.settled, axis=0).tolist()
        counted = np.any(self.counted, axis=0).tolist()
        return Maturity(
            policy="settled_days" if self.is_patient else "curve",
            sources={
                key: SourceMaturity(curve.share, curve.low, curve.high, curve.days_known)
                for key, curve in sorted(curves.items())
            },
            days=tuple(
                DayMaturity(
                    day=self.measured.day(self.index, index),
                    visible=least_visible[index],
                    is_settled=not unsettled[index],
                    is_counted=counted[index],
                )
                for index in np.flatnonzero(self.closed.any(axis=0)).tolist()
            ),
            left_out=tuple(source.key for source in self._left_out()),
        )

    def _settled_through(self, days: np.ndarray[Any, Any]) -> date | None:
        """The last day up to which nothing that counts moves any more."""
        unsettled: npt.NDArray[np.bool_] = np.any(self.counted & ~self.settled, axis=0)[days]
        final = int(unsettled.argmax()) if unsettled.any() else len(days)
        return self.measured.day(self.index, days[final - 1]) if final else None

    def _sources_of(self, measures: Iterable[str], cells: Cells) -> dict[str, list[str]]:
        """Keys of the sources that each measure is taken from in these cells."""
        missing = self.measured.values["spend"].shape[1] - len(cells)
        padded = np.pad(cells, ((0, missing), (0, 0)))
        return {one: self.measured.sources_used(self.index, one, padded) for one in sorted(measures)}

    def _days_of(self, measure: str, cells: Cells) -> Amounts:
        values = self.measured.values[measure][self.index, : len(self.arms)]
        return np.where(cells & ~np.isnan(values), values, 0.0)

    def _mature_days_of(self, measure: str, cells: Cells) -> Amounts:
        """The same, the exposure counting for as much as late conversions are visible."""
        amounts = self._days_of(measure, cells)
        return amounts * self.weight if measure == self.metric.exposure else amounts

    def _results(self, cells: Cells, *, provisional: bool) -> CampaignAnalysis:
        metric, form = self.metric, self.metric.form
        top = self._mature_days_of(metric.numerator, cells)
        bottom = self._mature_days_of(metric.denominator, cells)
        outcome, exposure = (bottom, top) if form == MetricForm.COST else (top, bottom)
        events = self._days_of(metric.events, cells) if form == MetricForm.VALUE else None
        if not cells.shape[1]:
            # Not a day yet: one that does not count stands for it.
            cells = np.zeros((len(self.arms), 1), dtype=np.bool_)
            outcome = exposure = np.zeros(cells.shape)
            events = None if events is None else outcome
        controls = [position for position, arm in enumerate(self.arms) if arm.is_control]
        is_per_event = metric.denominator == metric.events
        return _analyse_days(
            ArmDays(
                form=form,
                keys=tuple(arm.key for arm in self.arms),
                names=tuple(arm.name for arm in self.arms),
                outcome=outcome,
                exposure=exposure,
                events=events,
                mask=cells,
                control=controls[0] if controls else 0,
                kappa=ORDER_VALUE_KAPPA - 1 if is_per_event else ORDER_VALUE_KAPPA,
            ),
            self._question(cells, provisional=provisional),
        )

    def _question(self, cells: Cells, *, provisional: bool) -> Question:
        hypothesis, target = self.campaign.hypothesis, self._target()
        is_primary = hypothesis is not None and hypothesis.primary_metric == self.metric.key
        drawn = self._drawn_by_lot(cells)
        return Question(
            planned_days=self._planned_days(),
            target=None if target is None else float(target) / self.metric.per,
            target_text=self._target_text(target),
            mde_relative=hypothesis.mde_relative if hypothesis is not None and is_primary else None,
            provisional=provisional,
            planned_share=[float(arm.planned_share) for arm in self.arms],
            spend=None if drawn is not None else self._days_of("spend", cells).sum(axis=1),
            randomised=drawn,
            adjustment=self.campaign.workspace.multiple_comparisons,
            day_spread=self.estimates.day_spread(self.campaign.workspace_id),
            contrast_spread=self.estimates.contrast_spread(self.campaign.workspace_id),
        )

    def _drawn_by_lot(self, cells: Cells) -> Amounts | None:
        """How many met each arm by chance, where they did: e-mails sent, or visits of landing pages."""
        hypothesis = self.campaign.hypothesis
        if self.campaign.channel == EMAIL_CHANNEL:
            counts = self._days_of("sends", cells).sum(axis=1)
        elif hypothesis is not None and hypothesis.kind == HypothesisKind.LANDING_PAGE:
            counts = self._days_of("visits", cells).sum(axis=1)
        else:
            return None
        return np.asarray(counts) if counts.any() else None

    def _looks(self, judged: CampaignAnalysis) -> Looks | None:
        planned = self._planned_days()
        if planned == 1 or not judged.comparisons:
            return None
        return Looks(
            # Both sides of the two-sided p-value together are twice the chance to be wrong about the side.
            asked=tuple(1 - float(p) / 2 for p in look_boundaries(planned)),
            day=judged.days,
            standing={
                comparison.key: 1 - comparison.two_sided_p / 2
                for comparison in judged.comparisons
                if comparison.two_sided_p is not None
            },
            enough=frozenset(comparison.key for comparison in judged.comparisons if comparison.look_allows),
        )

    def _planned_days(self) -> int:
        """Days whose looks were planned; without a plan only evidence for any look calls a difference."""
        first, last = self.campaign.first_judged_day(), self.campaign.runs_until
        return max((last - first).days + 1, 1) if first and last else 1

    def _target(self) -> Decimal | None:
        """The target of a single arm; it belongs to the primary metric."""
        hypothesis = self.campaign.hypothesis
        if hypothesis is None or hypothesis.target is None or hypothesis.primary_metric != self.metric.key:
            return None
        return hypothesis.target

    def _target_text(self, target: Decimal | None) -> str:
        if target is None:
            return ""
        amount: object
        if self.metric.is_money:
            amount = _in_currency(target, self.campaign.workspace.currency)
        elif self.metric.is_share:
            amount = _("{number}%", number=Figure(canonical_number(target * 100)))
        else:
            amount = Figure(canonical_number(target))
        return _("{amount} {metric}", amount=amount, metric=Word("short", self.metric.key))

    def _arm(self, position: int, result: CampaignAnalysis) -> ArmAnalysis:
        arm, own = self.arms[position], result.arms[position]
        cells = self.counted[position]
        return ArmAnalysis(
            arm=arm.key,
            is_control=arm.is_control,
            numerator=self._total(self.metric.numerator, position, cells),
            denominator=self._total(self.metric.denominator, position, cells),
            value=self._scaled(own.value),
            confidence_low=self._scaled(own.confidence_low),
            confidence_high=self._scaled(own.confidence_high),
            credible_low=self._scaled(own.credible_low),
            credible_high=self._scaled(own.credible_high),
            probability_best=own.probability_best,
            expected_loss=own.expected_loss,
        )

    def _total(self, measure: str, position: int, cells: Cells) -> int | float | None:
        if not cells.any():
            return None
        total = exact(self.measured.values[measure][self.index, position][cells].sum())
        return int(total) if total == int(total) else float(total)

    def _scaled(self, value: float | None) -> float | None:
        return None if value is None else value * self.metric.per

    def _verdict(self, judged: CampaignAnalysis, *, shown_days: int) -> CampaignVerdict:
        """The verdict of the days that may speak, or why there cannot be one."""
        missing = self._missing(judged, shown_days=shown_days)
        if missing is not None:
            return CampaignVerdict(VerdictCode.INSUFFICIENT, None, missing)
        verdict = judged.verdict
        return CampaignVerdict(VerdictCode(verdict.code), verdict.arm, verdict.reason)

    def _missing(self, judged: CampaignAnalysis, *, shown_days: int) -> str | None:
        if self.campaign.hypothesis is None:
            return _("It has no hypothesis, so nothing says what a yes would be. Adopt it to get a verdict.")
        if len(self.arms) == 1 and self._target() is None:
            return _(
                "It has one arm and no target for its {metric} to compare it with.",
                metric=Word("metric", self.metric.key),
            )
        if self._left_out() and not self.closed.any():
            return self._all_left_out()
        if judged.days < FEWEST_CLOSED_DAYS <= shown_days:
            return self._unsettled(judged.days, shown_days)
        return None

    def _all_left_out(self) -> str:
        names, counted = self._left_out_names(), Word("measure", self.metric.events)
        if len(self._left_out()) == 1:
            return _(
                "Only {names} counts the {counted}, dated by when they happened: no day of them can be set "
                "against the money of the same day.",
                names=names,
                counted=counted,
            )
        return _(
            "Only {names} count the {counted}, dated by when they happened: no day of them can be set "
            "against the money of the same day.",
            names=names,
            counted=counted,
        )

    def _unsettled(self, days: int, shown_days: int) -> str:
        if not days:
            return _(
                "So far none of the {shown} closed days is settled; a verdict takes at least {fewest}.",
                shown=shown_days,
                fewest=FEWEST_CLOSED_DAYS,
            )
        return _(
            "So far {count} of the {shown} closed days is settled; a verdict takes at least {fewest}.",
            count=days,
            shown=shown_days,
            fewest=FEWEST_CLOSED_DAYS,
        )


# Between two posts of numbers a campaign's days say the same to everybody who looks.
analysis_of = kept(CampaignResults.analysis, by=CampaignResults.given)
