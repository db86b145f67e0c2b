"""Whether a sprint can see the smallest effect worth having: the days and the money that it takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from experiments.choices import METRICS, Metric, MetricForm
from experiments.models.sentences import retold
from experiments.models.team_words import USUAL_WORDS, TeamWords
from experiments.selectors.estimates import estimates_of
from experiments.selectors.prices import known_figures
from experiments.services.values import Values
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.planning import days_needed, detectable_lift
from experiments.stats.verdicts import FEWEST_CLOSED_DAYS
from experiments.stats.words import say_lift, say_share
from workspaces.models import Workspace
from workspaces.models.spelling import in_figures, round_in_currency
from workspaces.permissions import Actor, Permission

SIZING_FIELDS = (
    "primary_metric",
    "mde_relative",
    "stands_at",
    "money_per_day",
    "price_of_exposure",
    "order_value",
)
# The lengths that a sprint can have.
SPRINT_DAYS: Final = range(4, 8)
ARMS: Final = 2
# Beyond it a plan is no plan: a day more or less of a century says nothing.
MOST_DAYS: Final = 36_500
LARGEST_EFFECT: Final = 10
# A rise of more than this reads better as "N times as high".
PLAIN_LIFT: Final = 9


@dataclass(frozen=True, slots=True)
class SprintReach:
    """What a sprint of so many days can see, a fraction of today's value; ``None``: no effect at all."""

    days: int
    money: Decimal
    lift_relative: float | None
    can_see: str
    is_enough: bool


@dataclass(frozen=True, slots=True)
class Sizing:
    """The days and the money until two arms can tell the smallest effect worth having, and what less can.

    Eight times out of ten, if the effect is there, and with the days of both arms paired. ``days_needed``
    and ``money_needed`` are ``None`` where it would take more than a century. ``notes``: what the figures
    assume.
    """

    sentence: str
    days_needed: int | None
    money_needed: Decimal | None
    sprints: tuple[SprintReach, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that nobody typed, and where it comes from. ``name``: the field that it stands in for."""

    name: str
    value: Decimal
    source: str


def with_known(
    values: Mapping[str, Any], *, channel: str = "", by: Actor
) -> tuple[dict[str, Any], list[Assumption]]:
    """The values of a sizing with what the workspace knows in place of what was left empty."""
    by.require(Permission.READ)
    metric = METRICS.get(str(values.get("primary_metric")))
    known = known_figures(by.workspace, metric, channel=channel) if metric else {}
    filled, assumed = dict(values), []
    for name, figure in known.items():
        if filled.get(name) in (None, ""):
            is_money = name in {"money_per_day", "order_value"}
            value = round(figure.value, by.workspace.currency_exponent) if is_money else figure.value
            filled[name] = round(value, 6 if name == "stands_at" else 9)
            assumed.append(Assumption(name, filled[name], figure.source))
    return filled, assumed


@dataclass(frozen=True, slots=True)
class _Plan:
    """The comparison as the statistics take it; ``exposure_per_day`` is of one arm.

    ``kind`` is never a value: returns are planned by the cost of an order.
    """

    metric: Metric
    kind: MetricForm
    value: float
    mde_relative: float
    exposure_per_day: float
    interaction_sd: float

    def days(self) -> float:
        return float(
            days_needed(
                self.kind,
                self.value,
                self.mde_relative,
                self.exposure_per_day,
                interaction_sd=self.interaction_sd,
            )
        )

    def reach(self, days: int) -> float | None:
        """How much better it has to be, on the metric's own scale."""
        lift = float(
            detectable_lift(
                self.kind,
                self.value,
                self.exposure_per_day * days,
                days=days,
                interaction_sd=self.interaction_sd,
            )
        )
        if math.isnan(lift):
            return None
        # An order that is a fifth cheaper returns a quarter more.
        return lift / (1 - lift) if self.metric.form == MetricForm.VALUE else lift


def size_comparison(*, values: Mapping[str, Any], words: TeamWords = USUAL_WORDS, by: Actor) -> Sizing:
    """How long two arms with equal shares take to show the smallest effect worth having.

    ``values`` maps names out of ``SIZING_FIELDS``: ``stands_at`` is the metric's value today,
    ``money_per_day`` that of both arms together, ``price_of_exposure`` the money for one of what a rate is
    counted against (an impression for CTR: CPM ÷ 1000), ``order_value`` the average order behind a return.
    """
    by.require(Permission.READ)
    reader = Values(values, known=SIZING_FIELDS)
    metric = reader.metric("primary_metric")
    for name in ("mde_relative", "stands_at", "money_per_day"):
        reader.require(name)
    effect = reader.fraction("mde_relative", high=LARGEST_EFFECT, open_low=True)
    value = reader.metric_value("stands_at", metric=metric)
    money = reader.money("money_per_day", workspace=by.workspace)
    price = reader.amount("price_of_exposure", places=9)
    order = reader.money("order_value", workspace=by.workspace)
    if metric is not None:
        _require_what_it_takes(reader, metric, words=words)
    reader.raise_errors()
    if metric is None or effect is None or value is None or money is None:
        raise ValueError("Sizing takes all of these; what is missing was to be refused before.")
    _refuse_what_cannot_be(reader, metric, value=float(value), effect=effect, words=words)
    reader.raise_errors()
    kind, judged, better = _judged(metric, value=float(value), effect=effect, order=order)
    plan = _Plan(
        metric=metric,
        kind=kind,
        value=judged,
        mde_relative=better,
        exposure_per_day=float(money) / ARMS / float(price if price and kind == MetricForm.RATE else 1),
        interaction_sd=estimates_of([by.workspace]).contrast_spread(by.workspace.pk).of_one_arm().median,
    )
    return _as_said(plan, effect=effect, money=money, words=words, workspace=by.workspace)


def _require_what_it_takes(reader: Values, metric: Metric, *, words: TeamWords) -> None:
    if metric.form == MetricForm.RATE and "price_of_exposure" not in reader:
        reader.refuse(
            "price_of_exposure",
            "required",
            _("For the {metric}, say what 1,000 {measure} cost.").format(
                metric=words.metric(metric), measure=words.measure(metric.exposure)
            ),
        )
    if metric.form == MetricForm.VALUE and metric.exposure != "spend":
        reader.refuse(
            "primary_metric",
            "no_sizing",
            _("How long the {metric} takes cannot be told from money: it is not earned by spend.").format(
                metric=words.metric(metric)
            ),
        )
    elif metric.form == MetricForm.VALUE and "order_value" not in reader:
        reader.refuse(
            "order_value",
            "required",
            _(
                "The {metric} is planned by the cost of one of its {measure}: say how much each "
                "brings on average."
            ).format(metric=words.metric(metric), measure=words.events(metric)),
        )


def _refuse_what_cannot_be(
    reader: Values, metric: Metric, *, value: float, effect: float, words: TeamWords
) -> None:
    if metric.form == MetricForm.COST and effect >= 1:
        reader.refuse(
            "mde_relative",
            "out_of_range",
            _("Nothing gets {effect} cheaper. Give an effect below 100%.").format(effect=f"{effect:.0%}"),
        )
    if metric.form == MetricForm.RATE and value * (1 + effect) >= 1:
        reader.refuse(
            "mde_relative",
            "out_of_range",
            _(
                "{effect} more than {value} is above 1, which no {metric} can be. Give a smaller effect."
            ).format(effect=f"{effect:.0%}", value=f"{value:.4g}", metric=words.metric(metric)),
        )


def _judged(
    metric: Metric, *, value: float, effect: float, order: Decimal | None
) -> tuple[MetricForm, float, float]:
    """What the statistics plan: the form, today's value of one event or share, and how much better."""
    if metric.form == MetricForm.VALUE and order is not None:
        # Orders differ in value, so that it takes 1.9 of them to know as much as one of equal orders tells.
        return MetricForm.COST, ORDER_VALUE_KAPPA * float(order) / value, effect / (1 + effect)
    return metric.form, value / metric.per, effect


def _as_said(plan: _Plan, *, effect: float, money: Decimal, words: TeamWords, workspace: Workspace) -> Sizing:
    exact = plan.days()
    days = max(math.ceil(exact), FEWEST_CLOSED_DAYS) if exact <= MOST_DAYS else None
    sprints = tuple(
        SprintReach(
            days=length,
            money=money * length,
            lift_relative=lift,
            can_see=_say(lift, plan.metric),
            is_enough=days is not None and days <= length,
        )
        for length, lift in ((length, plan.reach(length)) for length in SPRINT_DAYS)
    )
    much = round_in_currency(money, workspace.currency)
    last = sprints[-1]
    parts = {
        "money": much,
        "effect": _say(effect, plan.metric),
        "length": last.days,
        "reach": last.can_see,
    }
    if days is None:
        sentence = _(
            "At {money} a day no length of time is enough to see {effect}; a {length}-day sprint can see "
            "{reach}."
        ).format(**parts)
    else:
        sentence = _(
            "At {money} a day this needs {days} days and {total} to see {effect}; a {length}-day sprint can "
            "see {reach}."
        ).format(
            **parts,
            days=in_figures(f"{days:,}"),
            total=round_in_currency(money * days, workspace.currency),
        )
    return Sizing(
        sentence=sentence,
        days_needed=days,
        money_needed=None if days is None else money * days,
        sprints=sprints,
        notes=_notes(plan.metric, words),
    )


def _say(lift: float | None, metric: Metric) -> str:
    """``23% cheaper`` for a cost, ``+38%`` for what is to rise."""
    if lift is None:
        return _("no effect at all")
    if metric.form == MetricForm.COST:
        return retold(say_lift(-lift, metric.form))
    return retold(say_lift(lift, metric.form)) if lift >= PLAIN_LIFT else f"+{retold(say_share(lift))}"


def _notes(metric: Metric, words: TeamWords) -> tuple[str, ...]:
    notes = [
        _("Two arms share the money equally, and an effect that is there is seen in four of five cases.")
    ]
    if metric.form == MetricForm.VALUE:
        notes.append(
            _(
                "The {metric} is planned by what one of its {measure} costs, with values that differ "
                "as orders usually do."
            ).format(metric=words.metric(metric), measure=words.events(metric))
        )
    if metric.is_late:
        late = _("The days until the last {measure} have arrived come on top.")
        notes.append(late.format(measure=words.events(metric)))
    return tuple(notes)
