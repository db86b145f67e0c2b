"""One campaign, everything its results page says: arms, comparisons, health and verdict in one call."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.stats.arrays import (
    Array,
    Mask,
    counted_cells,
    float_or_none,
    non_negative,
    same_shape,
)
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.forms import ORDER_VALUE_KAPPA, MetricForm, metric_form
from experiments.stats.grids import CONTRAST_SPREAD, DAY_SPREAD, SpreadPrior
from experiments.stats.health import health_warnings, overdispersion, sample_ratio_test, spend_imbalance
from experiments.stats.lifts import Comparison
from experiments.stats.multiple import adjust
from experiments.stats.one_arm import arm_confidence_interval, arm_credible_interval
from experiments.stats.sequential import look_allows
from experiments.stats.threshold import threshold_evidence
from experiments.stats.totals import compare_totals
from experiments.stats.verdicts import TreatmentFacts, Verdict, judge_comparison, judge_target

TWO_ARMS: Final = 2


@dataclass(frozen=True, slots=True)
class ArmDays:
    """The counted days of one campaign's arms.

    ``outcome``, ``exposure``, ``events``, ``mask``: (arms, days), as for ``compare_days``: the exposure of a
    cost is money, ``events`` (orders) belong to a value. ``keys``, ``names``: of the arms; ``control``: its
    index, and of no matter for one arm. ``has_days``: False where only totals are known, in one column.
    """

    form: str
    keys: tuple[str, ...]
    names: tuple[str, ...]
    outcome: npt.ArrayLike
    exposure: npt.ArrayLike
    events: npt.ArrayLike | None = None
    mask: npt.ArrayLike | None = None
    control: int = 0
    kappa: float = ORDER_VALUE_KAPPA
    has_days: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What the hypothesis asks.

    ``planned_days``: of the sprint, for the looks; ``closed_days`` so far, by default the days that count.
    ``target``: of a single arm, on the metric's own scale, and ``target_text`` as people read it.
    ``mde_relative``: the smallest effect worth having. ``provisional``: a counted day is not settled.
    ``spend`` with ``planned_share``: per arm, for the imbalance; ``randomised``: what was assigned to each
    arm at random (e-mails, visits), for the sample-ratio test. ``adjustment``: of the p-values, for several
    comparisons (see ``multiple``). ``day_spread``, ``contrast_spread``: the
    priors of R1 and R4.
    """

    planned_days: int
    closed_days: int | None = None
    target: float | None = None
    target_text: str = ""
    mde_relative: float | None = None
    provisional: bool = False
    lift_prior_sd: float | None = None
    planned_share: npt.ArrayLike = 1.0
    spend: npt.ArrayLike | None = None
    randomised: npt.ArrayLike | None = None
    adjustment: str = "holm"
    day_spread: SpreadPrior = DAY_SPREAD
    contrast_spread: SpreadPrior = CONTRAST_SPREAD


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm over its counted days; ``None`` where not known. The intervals bound ``value``."""

    key: str
    value: float | None
    confidence_low: float | None
    confidence_high: float | None
    credible_low: float | None
    credible_high: float | None
    probability_best: float | None
    expected_loss: float | None


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """A treatment against the control; the fields are those of ``Comparison``, ``None`` where not known."""

    key: str
    control: str
    lift_absolute: float | None
    lift_relative: float | None
    confidence_low: float | None
    confidence_high: float | None
    p_value: float | None
    p_value_adjusted: float | None
    two_sided_p: float | None
    method: str
    always_valid_low: float | None
    always_valid_high: float | None
    chance_to_beat_control: float | None
    expected_loss: float | None
    credible_low: float | None
    credible_high: float | None
    look_allows: bool


@dataclass(frozen=True, slots=True)
class Health:
    spend_imbalance: float | None
    srm_p_value: float | None
    overdispersion: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignAnalysis:
    """``days``: on which any arm counts. ``probability_better``: of a single arm against its target."""

    days: int
    arms: tuple[ArmResult, ...]
    comparisons: tuple[ComparisonResult, ...]
    health: Health
    verdict: Verdict
    probability_better: float | None


@dataclass(frozen=True, slots=True)
class _Data:
    form: MetricForm
    outcome: Array
    exposure: Array
    events: Array
    counted: Mask


def _read(arms: ArmDays) -> _Data:
    form = metric_form(arms.form)
    outcome, exposure = non_negative("outcome", arms.outcome), non_negative("exposure", arms.exposure)
    if form is MetricForm.VALUE and arms.events is None:
        raise ValueError("events is missing; a value is judged by the number of its orders.")
    events = outcome if arms.events is None else non_negative("events", arms.events)
    shape = same_shape(outcome=outcome, exposure=exposure, events=events)
    if len(shape) != 2 or shape[0] != len(arms.keys) or shape[0] != len(arms.names):  # noqa: PLR2004
        raise ValueError(f"outcome has the shape {shape}; it must be arms by days for {len(arms.keys)} arms.")
    if len(set(arms.keys)) != len(arms.keys):
        raise ValueError(f"keys are {', '.join(arms.keys)}; each arm needs its own.")
    counted = counted_cells(arms.mask, shape) & (exposure > 0)
    outcome, exposure, events = (np.where(counted, values, 0.0) for values in (outcome, exposure, events))
    return _Data(form, outcome, exposure, events, counted)


def _pooled_value(data: _Data) -> float:
    outcome, exposure = float(data.outcome.sum()), float(data.exposure.sum())
    if outcome == 0 or exposure == 0:
        return np.nan
    return exposure / outcome if data.form is MetricForm.COST else outcome / exposure


def _credible(data: _Data, reference: float, kappa: float, prior: SpreadPrior) -> tuple[Array, Array]:
    if np.isnan(reference):
        unknown = np.full(data.outcome.shape[0], np.nan)
        return unknown, unknown
    return arm_credible_interval(
        data.form,
        data.outcome,
        data.exposure,
        reference=reference,
        events=data.events,
        kappa=kappa,
        mask=data.counted,
        prior=prior,
    )


def _compare(arms: ArmDays, data: _Data, question: Question) -> Comparison:
    kappa = arms.kappa if data.form is MetricForm.VALUE else 1.0
    events = data.events[None] if data.form is MetricForm.VALUE else None
    if not arms.has_days:
        outcome, exposure = data.outcome.sum(axis=1), data.exposure.sum(axis=1)
        totals = None if events is None else events.sum(axis=2)
        return compare_totals(
            data.form, outcome[None], exposure[None], events=totals, kappa=kappa, control=arms.control
        )
    return compare_days(
        data.form,
        data.outcome[None],
        data.exposure[None],
        events=events,
        kappa=kappa,
        control=arms.control,
        mask=data.counted[None],
        lift_prior_sd=question.lift_prior_sd,
        spread=question.contrast_spread,
    )


def _best(arms: ArmDays, data: _Data, comparison: Comparison, spread: SpreadPrior) -> tuple[Array, Array]:
    """Return probability and loss of every arm; two arms take both from their comparison."""
    if len(arms.keys) == TWO_ARMS:
        treatment = 1 - arms.control
        chance = comparison.chance_to_beat_control[0, treatment]
        best, loss = np.empty((2, TWO_ARMS))
        best[[arms.control, treatment]] = 1 - chance, chance
        loss[[arms.control, treatment]] = (
            comparison.expected_loss_control[0, treatment],
            comparison.expected_loss[0, treatment],
        )
        return best, loss
    is_value = data.form is MetricForm.VALUE
    result = best_arm(
        data.form,
        data.outcome[None],
        data.exposure[None],
        events=data.events[None] if is_value else None,
        kappa=arms.kappa if is_value else 1.0,
        mask=data.counted[None],
        spread=spread.of_one_arm(),
    )
    return result.probability_best[0], result.expected_loss[0]


def _comparisons(
    arms: ArmDays, comparison: Comparison, day: int, question: Question
) -> list[ComparisonResult]:
    allowed = look_allows(
        comparison.two_sided_p, max(day, 1), question.planned_days, log_e_value=comparison.log_e_value
    )[0]
    treatments = [index for index in range(len(arms.keys)) if index != arms.control]
    adjusted = np.full(len(arms.keys), np.nan)
    adjusted[treatments] = adjust(comparison.p_value[0, treatments], question.adjustment)

    def cell(name: str, index: int) -> float | None:
        values: Array = getattr(comparison, name)
        return float_or_none(values[0, index])

    return [
        ComparisonResult(
            key=arms.keys[index],
            control=arms.keys[arms.control],
            p_value_adjusted=float_or_none(adjusted[index]),
            method=comparison.method,
            look_allows=bool(allowed[index]),
            **{
                name: cell(name, index)
                for name in (
                    "lift_absolute",
                    "lift_relative",
                    "confidence_low",
                    "confidence_high",
                    "p_value",
                    "two_sided_p",
                    "always_valid_low",
                    "always_valid_high",
                    "chance_to_beat_control",
                    "expected_loss",
                    "credible_low",
                    "credible_high",
                )
            },
        )
        for index in treatments
    ]


def _health(arms: ArmDays, data: _Data, question: Question) -> Health:
    several = len(arms.keys) > 1
    for name in ("spend", "randomised"):
        totals = getattr(question, name)
        if totals is not None and np.shape(totals) != (len(arms.keys),):
            raise ValueError(
                f"{name} has the shape {np.shape(totals)}; it must be one number for each of the arms."
            )
    imbalance = srm = None
    if several and question.spend is not None:
        imbalance = float_or_none(float(spend_imbalance(question.spend, question.planned_share)))
    if several and question.randomised is not None:
        srm = float_or_none(float(sample_ratio_test(question.randomised, question.planned_share).p_value))
    is_value = data.form is MetricForm.VALUE
    spread = overdispersion(
        data.outcome[None],
        data.exposure[None],
        events=data.events[None] if is_value else None,
        kappa=arms.kappa if is_value else 1.0,
        mask=data.counted[None],
    )[0]
    return Health(
        imbalance,
        srm,
        float_or_none(spread),
        tuple(
            health_warnings(
                spend_imbalance=imbalance,
                srm_p_value=srm,
                overdispersion=float_or_none(spread),
                totals_only=not arms.has_days,
                more_events_than_exposure=data.form is MetricForm.RATE
                and bool((data.outcome.sum(axis=1) > data.exposure.sum(axis=1)).any()),
                days_left_out=int((data.counted.any(axis=0) & ~data.counted.all(axis=0)).sum()),
            )
        ),
    )


def _judge_arms(
    arms: ArmDays, data: _Data, question: Question, comparisons: list[ComparisonResult], days: int
) -> Verdict:
    names = dict(zip(arms.keys, arms.names, strict=True))
    facts = [
        TreatmentFacts(
            key=result.key,
            name=names[result.key],
            lift_relative=result.lift_relative,
            credible_low=result.credible_low,
            credible_high=result.credible_high,
            chance_to_beat_control=result.chance_to_beat_control,
            look_allows=result.look_allows,
        )
        for result in comparisons
    ]
    return judge_comparison(
        facts,
        form=data.form,
        control_name=arms.names[arms.control],
        closed_days=days,
        events=float(data.events.sum()),
        mde_relative=question.mde_relative,
        provisional=question.provisional,
    )


def _probability_better(arms: ArmDays, data: _Data, target: float | None, prior: SpreadPrior) -> float | None:
    """Return P(a single arm is truly on the right side of its target)."""
    if target is None:
        return None
    evidence = threshold_evidence(
        data.form,
        data.outcome,
        data.exposure,
        target,
        events=data.events,
        kappa=arms.kappa,
        mask=data.counted,
        prior=prior,
    )
    return float_or_none((evidence.p_below if data.form is MetricForm.COST else evidence.p_above)[0])


def analyse_campaign(arms: ArmDays, question: Question) -> CampaignAnalysis:
    """Return everything the results of one campaign say; the methods are those of the modules it calls.

    >>> arms = ArmDays(
    ...     "rate", ("a", "b"), ("Studio", "Founder"),
    ...     [[243, 219, 262, 205, 240], [271, 262, 281, 248, 259]],
    ...     [[30210, 28890, 31020, 27650, 30100], [29800, 30110, 30350, 28990, 29400]],
    ... )
    >>> analyse_campaign(arms, Question(planned_days=5)).verdict.reason
    'Founder is 99.0% likely to beat Studio: 13% higher, between 2% and 24% higher.'
    """
    data = _read(arms)
    days = int(data.counted.any(axis=0).sum())
    closed = days if question.closed_days is None else question.closed_days
    several = len(arms.keys) > 1
    best = loss = np.full(len(arms.keys), np.nan)
    comparisons: list[ComparisonResult] = []
    better: float | None = None
    if several:
        reference = _pooled_value(data)
        comparison = _compare(arms, data, question)
        best, loss = _best(arms, data, comparison, question.contrast_spread)
        comparisons = _comparisons(arms, comparison, closed, question)
        verdict = _judge_arms(arms, data, question, comparisons, closed)
    else:
        reference = _pooled_value(data) if question.target is None else question.target
        better = _probability_better(arms, data, question.target, question.day_spread)
        verdict = judge_target(
            key=arms.keys[0],
            name=arms.names[0],
            probability_better=better,
            target=question.target_text,
            closed_days=closed,
            events=float(data.events.sum()),
            provisional=question.provisional,
        )
    confidence = arm_confidence_interval(data.form, data.outcome, data.exposure, mask=data.counted)
    low, high = _credible(data, reference, arms.kappa, question.day_spread)
    columns = (confidence.value, confidence.low, confidence.high, low, high, best, loss)
    return CampaignAnalysis(
        days=days,
        arms=tuple(
            ArmResult(key, *(float_or_none(column[index]) for column in columns))
            for index, key in enumerate(arms.keys)
        ),
        comparisons=tuple(comparisons),
        health=_health(arms, data, question),
        verdict=verdict,
        probability_better=better,
    )
