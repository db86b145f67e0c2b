"""What a kill criterion would do to campaigns of known quality, before anything is launched."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from experiments.choices import Comparator, GuardKey, Metric, MetricForm
from experiments.models import KillCriterion
from experiments.models.criterion import canonical_number, criteria_digest
from experiments.selectors.estimates import Estimates, estimates_of
from experiments.services.criteria import CRITERION_FIELDS, read_criterion
from experiments.services.values import Values
from experiments.stats.false_kill import (
    MOST_DAYS,
    RUNS,
    SHOWN_TRUTHS,
    PlannedRun,
    Risk,
    Rule,
    false_kill_risk,
)
from experiments.stats.grids import SpreadPrior
from experiments.stats.maturity import AT_ONCE, DEFAULT_CURVE, MaturityCurve
from workspaces.choices import SourceKind
from workspaces.models import Source
from workspaces.models.spelling import in_figures
from workspaces.permissions import Actor, Permission

PREVIEW_FIELDS = ("criterion", "truth", "spend_per_day", "days", "price_of_exposure", "order_value")
# Truths, as how much worse than the threshold: a campaign that is good enough, and one that clearly is not.
GOOD, BAD = SHOWN_TRUTHS[0], SHOWN_TRUTHS[-1]
# Beyond it no advertiser is, and the random numbers have no room.
MOST_EVENTS_PER_DAY = 10**12
# What one preview may cost, in campaigns times the mornings on which each is judged: two weeks of all runs.
MOST_LOOKS = 14 * RUNS
# Surer rules fire in fewer of the simulated campaigns than tell anything, and are slow to judge.
HIGHEST_CONFIDENCE = 0.999


def preview_criterion(*, values: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """The criterion's false-kill risk, its chance to catch a loser and the spend until it stops.

    ``values`` maps names out of ``PREVIEW_FIELDS``: ``truth`` is the metric's value that is assumed to be
    true, ``price_of_exposure`` the money for one of what a rate is counted against (an impression for CTR:
    CPM ÷ 1000), ``order_value`` the average order behind a return on spend. Simulated, and seeded by the
    rule: the same values always give the same figures. A longer plan is tried on fewer campaigns, and says so
    in its Monte Carlo errors.
    """
    by.require(Permission.READ)
    reader = Values(values, known=PREVIEW_FIELDS)
    given = reader.nested("criterion", values.get("criterion"), known=CRITERION_FIELDS)
    fields = read_criterion(given, workspace=by.workspace) if given else {}
    reader.errors += given.errors if given else []
    criterion = KillCriterion(workspace=by.workspace, **fields)
    metric = criterion.metric_definition if fields.get("metric") else None
    truth = reader.metric_value("truth", metric=metric)
    estimates = estimates_of([by.workspace])
    run = _read_run(reader, metric, estimates, by=by)
    reader.raise_errors()
    _refuse_what_cannot_be_told(reader, criterion, run, truth=truth)
    reader.raise_errors()
    return _as_shown(criterion, run, truth=truth)


def _read_run(reader: Values, metric: Metric | None, estimates: Estimates, *, by: Actor) -> PlannedRun | None:
    reader.require("spend_per_day")
    reader.require("days")
    spend = reader.money("spend_per_day", workspace=by.workspace)
    days = reader.whole("days", low=1, high=MOST_DAYS)
    price = reader.amount("price_of_exposure", places=6)
    order_value = reader.money("order_value", workspace=by.workspace)
    if metric is None:
        return None
    if metric.form == MetricForm.RATE:
        reader.require("price_of_exposure")
    if metric.form == MetricForm.VALUE:
        reader.require("order_value")
        if metric.exposure != "spend":
            reader.refuse(
                "criterion.metric",
                "no_preview",
                _("The {metric} has no preview: it is not earned by spend.").format(metric=metric.label),
            )
    if spend is None or days is None:
        return None
    is_rate = metric.form == MetricForm.RATE
    return PlannedRun(
        spend_per_day=float(spend),
        days=days,
        exposure_price=float(price) if is_rate and price else 1.0,
        order_value=float(order_value) if metric.form == MetricForm.VALUE and order_value else None,
        curve=_curve(estimates) if metric.is_late else AT_ONCE,
        spread=estimates.day_spread(by.workspace.pk),
        settles_after=_settles_after(by) if metric.is_late else None,
    )


def _curve(estimates: Estimates) -> MaturityCurve:
    """Of the learnt ones the one that is latest, since a rule may be written before its channel is chosen."""
    return min(estimates.curves.values(), key=lambda curve: curve.share, default=DEFAULT_CURVE)


def _settles_after(by: Actor) -> int | None:
    """Where only settled days count, the longest lag of a platform: the channel may not be chosen yet."""
    if not by.workspace.settled_days_only:
        return None
    platforms = Source.objects.filter(workspace=by.workspace, kind=SourceKind.PLATFORM)
    longest: int | None = platforms.aggregate(days=Max("attribution_lag_days"))["days"]
    return longest or 0


def _refuse_what_cannot_be_told(
    reader: Values, criterion: KillCriterion, run: PlannedRun | None, *, truth: Decimal | None
) -> None:
    if run is None:
        return
    if criterion.confidence > HIGHEST_CONFIDENCE:
        reader.refuse(
            "criterion.confidence",
            "out_of_range",
            _(
                "A preview tells of a confidence up to {most}; beyond it, too few of "
                "the simulated campaigns are stopped."
            ).format(most=in_figures(str(HIGHEST_CONFIDENCE))),
        )
    values = [_value_at(criterion, worse_by) for worse_by in SHOWN_TRUTHS]
    values += [float(truth)] if truth is not None else []
    is_cost = criterion.metric_definition.form == MetricForm.COST
    rates = [
        criterion.metric_definition.per / value if is_cost else value / (run.order_value or 1.0)
        for value in values
    ]
    if max(rates) * run.spend_per_day / run.exposure_price > MOST_EVENTS_PER_DAY:
        reader.refuse(
            "spend_per_day",
            "out_of_range",
            _("So much money at such a price would bring more than {most} events a day.").format(
                most=in_figures(f"{MOST_EVENTS_PER_DAY:,}")
            ),
        )


def _as_shown(criterion: KillCriterion, run: PlannedRun | None, *, truth: Decimal | None) -> dict[str, Any]:
    if run is None:
        raise ValueError("A preview takes a plan; what is wrong with it was to be refused before.")
    assumed = _worse_by(criterion, truth) if truth is not None else BAD
    truths = dict.fromkeys([*SHOWN_TRUTHS, assumed])
    seed = criteria_digest([criterion])
    risks = {
        risk.truth: risk
        for risk in _simulated(_rule(criterion, run.spread), run, seed=seed, truths=tuple(truths))
    }
    return {
        "sentence": criterion.rule_text,
        # Of the truth that is assumed, where it is on that side; else of one 10 % better, or 40 % worse.
        "false_kill_risk": risks[assumed if assumed < 0 else GOOD].probability_stop,
        "chance_to_catch_loser": risks[assumed if assumed > 0 else BAD].probability_stop,
        "expected_spend": _money(criterion, risks[assumed].expected_spend),
        "truths": [_risk_as_shown(criterion, risk) for risk in risks.values()],
    }


@lru_cache(maxsize=256)
def _simulated(rule: Rule, run: PlannedRun, *, seed: str, truths: tuple[float, ...]) -> tuple[Risk, ...]:
    """Kept, because while a form is filled in the same rule is asked about again and again."""
    return false_kill_risk(rule, run, seed=seed, truths=truths, runs=min(RUNS, MOST_LOOKS // run.days))


def _risk_as_shown(criterion: KillCriterion, risk: Risk) -> dict[str, Any]:
    return {
        "truth": canonical_number(Decimal(repr(_value_at(criterion, risk.truth))).quantize(Decimal("1e-6"))),
        "worse_by": round(risk.truth, 6),
        "probability_stop": risk.probability_stop,
        "monte_carlo_error": risk.monte_carlo_error,
        "expected_spend": _money(criterion, risk.expected_spend),
        "stopped_by_day": list(risk.stopped_by_day),
    }


def _rule(criterion: KillCriterion, prior: SpreadPrior) -> Rule:
    metric, guards = criterion.metric_definition, criterion.guards

    def least(measure: str) -> float:
        return float(guards.get(measure) or 0)

    return Rule(
        form=metric.form,
        comparator=criterion.comparator,
        threshold=float(criterion.threshold) / metric.per,
        evidence=criterion.evidence,
        confidence=criterion.confidence,
        least_spend=least(GuardKey.SPEND),
        least_exposure=0.0 if metric.exposure == GuardKey.SPEND else least(metric.exposure),
        least_events=least(metric.events),
        least_days=int(least(GuardKey.DAYS)),
        prior=prior,
    )


def _direction(criterion: KillCriterion) -> int:
    return 1 if criterion.comparator == Comparator.ABOVE else -1


def _value_at(criterion: KillCriterion, worse_by: float) -> float:
    return float(criterion.threshold) * (1 + _direction(criterion) * worse_by)


def _worse_by(criterion: KillCriterion, truth: Decimal) -> float:
    return _direction(criterion) * (float(truth) / float(criterion.threshold) - 1)


def _money(criterion: KillCriterion, amount: float) -> str:
    return f"{amount:.{criterion.workspace.currency_exponent}f}"
