"""Kill criteria, arms, days and zombies as words and drawings."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from experiments.choices import (
    MEASURES,
    METRICS,
    Comparator,
    CriterionAction,
    GuardKey,
    Metric,
    MetricForm,
    ZombieSignal,
)
from experiments.forms.preview import RulePreview
from experiments.models import KillCriterion, ZombieFlag, sentences
from experiments.selectors.arm_rows import ArmRow
from experiments.selectors.burning import Burning
from experiments.selectors.campaign_pages import DayView, GuardView
from experiments.templatetags import _burning, _charts, _drawings, _risks, _words
from workspaces.models.spelling import MINUS, Number, in_currency
from workspaces.templatetags.quickno import UNKNOWN, counted, day, sentence_case, strong

register = template.Library()


def _currency(context: Context) -> str:
    currency: str = context["workspace"].currency
    return currency


@register.simple_tag(takes_context=True)
def metric_value(context: Context, value: Number | None, metric: Metric | str) -> str:
    """A value on its metric's scale: ``{% metric_value watch.value criterion.metric %}``."""
    definition = METRICS[metric] if isinstance(metric, str) else metric
    return _words.metric_amount(definition, value, _currency(context))


@register.simple_tag(takes_context=True)
def metric_limit(context: Context, limit: Decimal | None, metric: Metric | str) -> str:
    """A limit as it was chosen: ``$18.00``, ``0.5%``."""
    if limit is None:
        return "none"
    definition = METRICS[metric] if isinstance(metric, str) else metric
    return sentences.metric_limit(definition, limit, _currency(context))


@register.filter
def count(number: Decimal | None) -> str:
    """``1,204``; platforms credit fractions of a conversion: ``12.5``."""
    return str(UNKNOWN) if number is None else f"{round(number, 1).normalize():,f}"


@register.filter
def signed(share: float | None) -> str:
    """A difference with its sign, on the scale of percent."""
    if share is None:
        return str(UNKNOWN)
    return f"{'+' if share > 0 else MINUS if share < 0 else ''}{abs(share) * 100:.1f}%"


@register.filter
def metric_label(key: str) -> str:
    return _words.metric_label(key)


@register.filter
def events_label(metric: Metric) -> str:
    """What is counted for the metric: ``conversions``."""
    return str(MEASURES[metric.events].label)


@register.filter
def measure_label(key: str) -> str:
    """What people call a counted thing: ``sales-qualified leads``."""
    return str(MEASURES[key].label)


@register.simple_tag(takes_context=True)
def criterion_sentence(context: Context, criterion: KillCriterion) -> SafeString:
    """The rule as everybody reads it, its filled-in parts in bold."""
    return strong(sentences.sentence(criterion, _currency(context)))


@register.simple_tag(takes_context=True)
def criterion_condition(context: Context, criterion: KillCriterion) -> str:
    """``a conversion costs more than $18.00``: what we are so and so sure of."""
    plain = sentences.unmarked(sentences.condition(criterion, _currency(context)))
    return plain.replace("probably ", "")


@register.simple_tag(takes_context=True)
def guard_words(context: Context, guard: GuardView) -> str:
    """``$1,204 of $1,500``."""
    currency = _currency(context)
    have = "nothing" if guard.have is None else sentences.guard_amount(guard.key, guard.have, currency)
    return f"{have} of {sentences.guard_amount(guard.key, guard.need, currency)}"


@register.filter
def guard_label(guard: GuardView) -> str:
    return str(GuardKey(guard.key).label)


@register.simple_tag
def evidence_track(strengths: Sequence[float], limit: float, width: float = 184) -> SafeString:
    """How sure we are that it should stop; ``strengths`` oldest first."""
    return _drawings.track(strengths, limit, width=width)


@register.simple_tag
def evidence_axis(limit: float = 0.95, width: float = 184) -> SafeString:
    return _drawings.track_axis(limit, width=width)


@register.simple_tag
def evidence_steps(steps: Sequence[tuple[date, float]], limit: float) -> SafeString:
    """The evidence day by day, for one criterion."""
    names = [(f"{on:%a}" if len(steps) > 1 else day(on), chance) for on, chance in steps]
    return _drawings.steps(names, limit)


@register.simple_tag
def arm_key(index: int) -> SafeString:
    return _drawings.arm_key(index)


@register.simple_tag
def interval_axis(rows: Sequence[ArmRow], metric: Metric) -> SafeString:
    worse, better = difference_words(metric)
    return _drawings.interval_axis(reach=_reach(rows), worse=worse, better=better)


@register.simple_tag
def interval_row(rows: Sequence[ArmRow], row: ArmRow, metric: Metric) -> SafeString:
    label = "Control" if row.is_control else interval_words(row, metric)
    return _drawings.interval(row.interval, reach=_reach(rows), label=label)


def _reach(rows: Sequence[ArmRow]) -> float:
    return _drawings.interval_reach([row.interval for row in rows if row.interval])


def difference_words(metric: Metric) -> tuple[str, str]:
    """The words for worse and better."""
    return ("costlier", "cheaper") if metric.form == MetricForm.COST else ("lower", "higher")


@register.simple_tag
def interval_words(row: ArmRow, metric: Metric) -> str:
    """``23% cheaper. Between 52% cheaper and 22% costlier.``"""
    interval = row.interval
    if interval is None:
        return "not known yet"
    worse, better = difference_words(metric)

    def told(share: float) -> str:
        size = f"{abs(share) * 100:.0f}%"
        return "no difference" if size == "0%" else f"{size} {better if share > 0 else worse}"

    return f"{sentence_case(told(interval.value))}. Between {told(interval.high)} and {told(interval.low)}."


@register.simple_tag(takes_context=True)
def days_chart(
    context: Context, days: Sequence[DayView], metric: Metric, limit: Decimal | None
) -> SafeString:
    """The last days in the main metric, settled and not."""
    return _charts.days(days, metric, limit, _currency(context))


@register.simple_tag(takes_context=True)
def days_chart_narrow(
    context: Context, days: Sequence[DayView], metric: Metric, limit: Decimal | None
) -> SafeString:
    return _charts.days(days, metric, limit, _currency(context), width=316, height=280)


@register.simple_tag(takes_context=True)
def burn_chart(context: Context, burn: Sequence[Burning], days: Sequence[date]) -> SafeString:
    return _burning.burn(burn, days, _currency(context))


@register.simple_tag(takes_context=True)
def burn_chart_narrow(context: Context, burn: Sequence[Burning], days: Sequence[date]) -> SafeString:
    return _burning.burn(burn, days, _currency(context), _burning.NARROW)


@register.filter
def of_hundred(chance: float) -> str:
    """How many of 100: ``2.5``."""
    return _risks.of_hundred(chance)


@register.simple_tag
def quality(preview: RulePreview, truth: Mapping[str, Any]) -> str:
    """A truth beside the limit: ``20% costlier``, ``10% higher``, ``at the limit``."""
    worse_by = truth["worse_by"]
    if preview.metric is None or not worse_by:
        return "at the limit"
    is_cost = preview.metric.form == MetricForm.COST
    low, high = ("cheaper", "costlier") if is_cost else ("lower", "higher")
    is_higher = (preview.comparator == Comparator.ABOVE) is (worse_by > 0)
    return f"{abs(worse_by):.0%} {high if is_higher else low}"


_PREVIEW_VERBS = {
    CriterionAction.PAUSE: ("stops", "stopped"),
    CriterionAction.ASK: ("asks about", "asked about"),
    CriterionAction.TELL: ("tells about", "told about"),
}


@register.filter
def stops(preview: RulePreview) -> str:
    """What the rule does: ``stops``."""
    return _PREVIEW_VERBS[CriterionAction(preview.action)][0]


@register.filter
def stopped(preview: RulePreview) -> str:
    """The same, as what was done: ``stopped``."""
    return _PREVIEW_VERBS[CriterionAction(preview.action)][1]


@register.simple_tag
def hundred_squares(preview: RulePreview, truth: Mapping[str, Any], kind: str) -> SafeString:
    """Of 100 campaigns of that kind, how many the rule stops, a square each."""
    count = _risks.of_hundred(truth["probability_stop"])
    return _risks.squares(
        truth["probability_stop"], label=f"Of 100 {kind} campaigns, {count} {stopped(preview)}."
    )


def _stops_drawing(preview: RulePreview, width: float) -> SafeString:
    truths = preview.figures["truths"] if preview.figures else []
    names = [quality(preview, truth) for truth in truths]
    return _risks.stops(truths, names, verb=stopped(preview), width=width)


@register.simple_tag
def stops_chart(preview: RulePreview) -> SafeString:
    """How many the rule has stopped by each day."""
    return _stops_drawing(preview, _risks.WIDE)


@register.simple_tag
def stops_chart_narrow(preview: RulePreview) -> SafeString:
    return _stops_drawing(preview, _risks.NARROW)


_REASONS = {
    ZombieSignal.UNDEAD: "It was {status}, and the platform still reports spend: {spend} after the stop.",
    ZombieSignal.BREACHED: "Its rule said stop {hours} hours ago, and nobody has acted: {rule}",
    ZombieSignal.OVERDUE: "Its sprint ended {days} days ago, and nobody has decided.",
    ZombieSignal.UNPLANNED: "It spends, and nobody has said when to stop.",
    ZombieSignal.HOPELESS: "Less than 5% likely to reach its target with the {money_left} and {ahead} left.",
    ZombieSignal.BARREN: "{spend} spent and no {events}. Without any, {limit} is the limit.",
    ZombieSignal.BLIND: "Meant to spend, and no numbers for {hours} hours.",
    ZombieSignal.OVERSPENT: "{over} more is reported than its budget of {budget}.",
}
_CUT_IN_VAIN = "A plan cut it from {cut_from} to {cut_to} a day, and it still spends {per_day}."
_MONEY_FACTS = {"spend", "limit", "over", "budget", "money_left", "cut_from", "cut_to", "per_day"}


class _Facts(dict[str, str]):
    """Facts of a flag as words; one that is missing is said to be."""

    def __missing__(self, key: str) -> str:
        return "not known"


@register.simple_tag(takes_context=True)
def zombie_reason(context: Context, flag: ZombieFlag) -> str:
    """Why it counts as a zombie, with its number."""
    currency = _currency(context)
    facts = _Facts(
        {
            key: in_currency(Decimal(str(value)), currency) if key in _MONEY_FACTS else str(value)
            for key, value in flag.evidence.items()
            if value is not None
        }
    )
    if "days_left" in facts:
        facts["ahead"] = counted(flag.evidence["days_left"], "day")
    reason = _CUT_IN_VAIN if "cut_at" in facts else _REASONS[ZombieSignal(flag.signal)]
    return reason.format_map(facts).replace("_", " ")


_MEANINGS = {
    ZombieSignal.UNDEAD: "Killed or paused, and spend is still reported for later days.",
    ZombieSignal.BREACHED: "Its rule said stop, and nobody acted within {grace} hours.",
    ZombieSignal.OVERDUE: "Its sprint has ended, and nobody has decided.",
    ZombieSignal.UNPLANNED: "Live with no kill criterion.",
    ZombieSignal.HOPELESS: "Less than 5% likely to reach its target with what is left.",
    ZombieSignal.BARREN: "{multiple} times the price of a conversion spent, and none came.",
    ZombieSignal.BLIND: "Live, and no numbers for {blind} hours.",
    ZombieSignal.OVERSPENT: "More is reported than its budget, or no less a day after a plan cut it.",
}


@register.simple_tag(takes_context=True)
def signal_meaning(context: Context, signal: ZombieSignal) -> str:
    """What makes a zombie of that kind, with the workspace's own limits."""
    workspace = context["workspace"]
    return _MEANINGS[signal].format(
        grace=workspace.grace_hours,
        blind=workspace.blind_after_hours,
        multiple=f"{workspace.barren_target_multiple.normalize():f}",
    )
