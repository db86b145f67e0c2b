"""Kill criteria, arms, days and zombies as words and drawings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.template import Context, Engine
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from experiments.choices import (
    MEASURES,
    METRICS,
    CampaignStatus,
    Comparator,
    CriterionAction,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
    ZombieSignal,
)
from experiments.forms.campaign import CriterionForm
from experiments.forms.hypothesis import HypothesisForm
from experiments.forms.preview import RulePreview
from experiments.models import Campaign, KillCriterion, ZombieFlag, sentences
from experiments.selectors.arm_rows import ArmRow
from experiments.selectors.burning import Burning
from experiments.selectors.campaign_pages import DayView, GuardView
from experiments.templatetags import _burning, _charts, _drawings, _risks, _words
from workspaces.models import Event
from workspaces.models.spelling import MINUS, Number, in_currency, in_figures, in_percent
from workspaces.templatetags.quickno import UNKNOWN, day, sentence_case, strong, weekday, whole_percent

register = template.Library()

# An expected loss below this would be told as none at all: of a share, and of anything else.
_LEAST_LOSS = {True: 0.00005, False: 0.005}


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
        return pgettext("a budget or a target", "none")
    definition = METRICS[metric] if isinstance(metric, str) else metric
    return sentences.metric_limit(definition, limit, _currency(context))


@register.filter
def count(number: Decimal | None) -> str:
    """``1,204``; platforms credit fractions of a conversion: ``12.5``."""
    if number is None:
        return str(UNKNOWN)
    return in_figures(f"{round(number, 1).normalize():,f}")


@register.filter
def grouped(number: int) -> str:
    """``1,204``, beside words that have their own plural."""
    return in_figures(f"{number:,}")


@register.filter
def signed(share: float | None) -> str:
    """A difference with its sign, on the scale of percent."""
    if share is None:
        return str(UNKNOWN)
    sign = "+" if share > 0 else MINUS if share < 0 else ""
    return sign + in_percent(f"{abs(share) * 100:.1f}")


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
    return sentences.unmarked(sentences.condition(criterion, _currency(context), probably=False))


@register.simple_tag(takes_context=True)
def guard_words(context: Context, guard: GuardView) -> str:
    """``$1,204 of $1,500``."""
    currency = _currency(context)
    need = sentences.guard_amount(guard.key, guard.need, currency)
    if guard.have is None:
        return _("nothing of {need}").format(need=need)
    return _("{have} of {need}").format(
        have=sentences.guard_amount(guard.key, guard.have, currency), need=need
    )


@register.filter
def guard_label(guard: GuardView) -> str:
    return str(GuardKey(guard.key).label)


@register.filter
def retold(text: str) -> str:
    """What the statistics said (a verdict's reason, a warning), in the language of the reader."""
    return sentences.retold(text)


@register.filter
def rule_in_words(text: str, campaign: Campaign) -> str:
    """Why a campaign stopped: its rule in the language of the reader, and anything else as it was written."""
    return _words.rule_in_words(campaign, text)


@register.simple_tag(takes_context=True)
def rules_told(context: Context, events: Iterable[Event]) -> dict[str, str]:
    """What ``event_line`` says for the rules that events quote: ``{% rules_told events as rules %}``."""
    return _words.rules_told(list(events), workspace=context["workspace"])


@register.simple_tag(takes_context=True)
def criterion_blanks(context: Context, row: CriterionForm) -> SafeString:
    """A rule as a sentence with blanks; where each stands in it is up to the language."""
    guards = SafeString()
    for amount, measure in row.guard_fields:
        guard = format_html(
            _("{amount} of {measure}"), amount=_blank(context, amount), measure=_blank(context, measure)
        )
        guards = format_html(_("{guards} and {guard}"), guards=guards, guard=guard) if guards else guard
    names = ("action", "level", "metric", "comparator", "threshold", "confidence")
    sentence = _(
        "{action} {level} when the {metric} is {comparator} {threshold}, once {guards} is reached and we "
        "are {confidence}."
    )
    return format_html(
        # A comma or a full stop never begins a line.
        re.sub(r"(\{\w+\}[,.])", r'<span class="qn-glue">\1</span>', sentence),
        guards=guards,
        **{name: _blank(context, row[name]) for name in names},
    )


@register.simple_tag(takes_context=True)
def criterion_reading(context: Context, row: CriterionForm) -> SafeString | str:
    """The rule of a row as everybody will read it; empty while something is missing."""
    rule = row.reading
    return strong(sentences.sentence(rule, _currency(context))) if rule else ""


@dataclass(frozen=True, slots=True)
class EvidenceChoice:
    """One answer to what counts as sure; ``risk``: of 100 good campaigns, how many it stops by mistake."""

    value: str
    name: str | Promise
    about: str | Promise
    tag: str | Promise
    anchor: str
    is_chosen: bool
    risk: str
    is_risky: bool


EVIDENCE = {
    EvidenceKind.PROBABLE: (
        gettext_lazy("Probably"),
        gettext_lazy("Allows for good and bad days, and for what arrives late."),
        "sure-that-it-misses-its-limit",
    ),
    EvidenceKind.ALWAYS_VALID: (
        gettext_lazy("However often you look"),
        gettext_lazy("The strictest. Stops fewer good campaigns, and bad ones later."),
        "evidence-at-any-look",
    ),
    EvidenceKind.OBSERVED: (
        gettext_lazy("The number as it stands"),
        gettext_lazy("Takes what is late for missing, and one bad day for the truth."),
        "the-number-as-it-stands",
    ),
    EvidenceKind.OBSERVED_MARGIN: (
        gettext_lazy("The number, with a 10% margin"),
        gettext_lazy("The same, from two days on and only where it misses by more than a tenth."),
        "the-number-as-it-stands",
    ),
}
# So many good campaigns of 100 stopped by mistake are many.
_RISKY = 0.10


@register.simple_tag
def evidence_choices(row: CriterionForm) -> list[EvidenceChoice]:
    chosen = str(row["evidence"].value() or EvidenceKind.PROBABLE)
    tags = {EvidenceKind.PROBABLE: _("usual"), EvidenceKind.OBSERVED: _("risky")}
    return [
        EvidenceChoice(
            value=kind.value,
            name=name,
            about=about,
            tag=tags.get(kind, ""),
            anchor=anchor,
            is_chosen=chosen == kind,
            risk=_risks.of_hundred(row.risks[kind]) if kind in row.risks else "",
            is_risky=row.risks.get(kind, 0) > _RISKY,
        )
        for kind, (name, about, anchor) in EVIDENCE.items()
    ]


@register.simple_tag(takes_context=True)
def hypothesis_blanks(context: Context, form: HypothesisForm) -> SafeString:
    """A hypothesis as a sentence with blanks."""
    return format_html(
        _("We believe {change} for {audience} will {effect}, because {because}."),
        change=_blank(context, form["change"]),
        audience=_blank(context, form["audience"]),
        effect=_blank(context, form["expected_effect"]),
        because=_blank(context, form["because"]),
    )


def _blank(context: Context, field: BoundField) -> SafeString:
    template = Engine.get_default().get_template("components/blank.html")
    with context.push(field=field):
        return template.render(context)


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
    names = [(weekday(on) if len(steps) > 1 else day(on), chance) for on, chance in steps]
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
    label = _("Control") if row.is_control else interval_words(row, metric)
    return _drawings.interval(row.interval, reach=_reach(rows), label=label)


def _reach(rows: Sequence[ArmRow]) -> float:
    return _drawings.interval_reach([row.interval for row in rows if row.interval])


def difference_words(metric: Metric) -> tuple[str, str]:
    """The words for worse and better."""
    if metric.form == MetricForm.COST:
        return _("costlier"), _("cheaper")
    return _("lower"), _("higher")


@register.simple_tag
def interval_words(row: ArmRow, metric: Metric) -> str:
    """``23% cheaper. Between 52% cheaper and 22% costlier.``"""
    interval = row.interval
    if interval is None:
        return _("not known yet")
    is_cost = metric.form == MetricForm.COST

    def told(share: float) -> str:
        if f"{abs(share):.0%}" == "0%":
            return _("no difference")
        return difference(abs(share), is_more=(share > 0) is not is_cost, is_cost=is_cost)

    return _("{value}. Between {high} and {low}.").format(
        value=sentence_case(told(interval.value)), high=told(interval.high), low=told(interval.low)
    )


@register.simple_tag(takes_context=True)
def expected_loss(context: Context, row: ArmRow, metric: Metric) -> str:
    """What choosing the arm gives up on average: ``$0.68``, ``0.02 points`` of a rate."""
    loss = row.expected_loss
    if loss is not None and 0 < loss < _LEAST_LOSS[metric.is_share]:
        return _("next to nothing")
    if loss is None or not metric.is_share:
        return _words.metric_amount(metric, loss, _currency(context))
    return _("{points} points").format(points=in_figures(f"{loss * 100:.2f}"))


def difference(size: float, *, is_more: bool, is_cost: bool) -> str:
    """``20% costlier``, ``10% lower``."""
    share = whole_percent(size)
    if is_cost:
        words = _("{share} costlier") if is_more else _("{share} cheaper")
    else:
        words = _("{share} higher") if is_more else _("{share} lower")
    return words.format(share=share)


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


@register.simple_tag
def burn_table(burning: Sequence[Burning], days: Sequence[date]) -> _burning.BurnTable:
    return _burning.table(burning, days)


@register.filter
def of_hundred(chance: float) -> str:
    """How many of 100: ``2.5``."""
    return _risks.of_hundred(chance)


@register.simple_tag
def quality(preview: RulePreview, truth: Mapping[str, Any]) -> str:
    """A truth beside the limit: ``20% costlier``, ``10% higher``, ``at the limit``."""
    worse_by = truth["worse_by"]
    if preview.metric is None or not worse_by:
        return _("at the limit")
    is_higher = (preview.comparator == Comparator.ABOVE) is (worse_by > 0)
    is_cost = preview.metric.form == MetricForm.COST
    return difference(abs(worse_by), is_more=is_higher, is_cost=is_cost)


@register.simple_tag(takes_context=True)
def truly(context: Context, preview: RulePreview, truth: Mapping[str, Any]) -> str:
    """How good the campaigns of that kind are: ``truly $16.20, 10% cheaper than the limit``."""
    value = metric_value(context, truth["truth"], preview.metric) if preview.metric else str(UNKNOWN)
    return _("truly {value}, {difference} than the limit").format(
        value=value, difference=quality(preview, truth)
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """What a rule does, in the sentences around a preview; each act has its own."""

    said: str | Promise
    good: str | Promise
    bad: str | Promise
    by_day: str | Promise
    of_hundred: str | Promise
    good_squares: str | Promise
    bad_squares: str | Promise
    lines: str | Promise


_PREVIEW_WORDS = {
    CriterionAction.PAUSE: _Words(
        said=gettext_lazy(
            "Criterion {number} stops {good} of 100 good campaigns by mistake, and {bad} of 100 bad ones."
        ),
        good=gettext_lazy("**good** campaigns stopped by mistake"),
        bad=gettext_lazy("**bad** ones stopped, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, stopped by the end of each day"),
        of_hundred=gettext_lazy("Of 100, stopped"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} stopped."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} stopped."),
        lines=gettext_lazy("Of 100 campaigns, stopped by day {days}: {told}."),
    ),
    CriterionAction.ASK: _Words(
        said=gettext_lazy(
            "Criterion {number} asks about {good} of 100 good campaigns by mistake, and {bad} of 100 bad "
            "ones."
        ),
        good=gettext_lazy("**good** campaigns asked about by mistake"),
        bad=gettext_lazy("**bad** ones asked about, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, asked about by the end of each day"),
        of_hundred=gettext_lazy("Of 100, asked about"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} asked about."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} asked about."),
        lines=gettext_lazy("Of 100 campaigns, asked about by day {days}: {told}."),
    ),
    CriterionAction.TELL: _Words(
        said=gettext_lazy(
            "Criterion {number} tells about {good} of 100 good campaigns by mistake, and {bad} of 100 bad "
            "ones."
        ),
        good=gettext_lazy("**good** campaigns told about by mistake"),
        bad=gettext_lazy("**bad** ones told about, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, told about by the end of each day"),
        of_hundred=gettext_lazy("Of 100, told about"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} told about."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} told about."),
        lines=gettext_lazy("Of 100 campaigns, told about by day {days}: {told}."),
    ),
}


@register.simple_tag(takes_context=True)
def preview_words(context: Context, preview: RulePreview, place: str, **parts: Any) -> SafeString:
    """What the rule does to so many of 100 campaigns, as that place of the page says it."""
    template = str(getattr(_PREVIEW_WORDS[CriterionAction(preview.action)], place))
    if "money" in parts:
        parts["money"] = in_currency(parts["money"], _currency(context), whole=True)
    return strong(template.format(**parts))


@register.simple_tag
def hundred_squares(preview: RulePreview, truth: Mapping[str, Any], kind: str) -> SafeString:
    """Of 100 campaigns of that kind (``good``, ``bad``), how many the rule stops, a square each."""
    words = _PREVIEW_WORDS[CriterionAction(preview.action)]
    label = str(words.good_squares if kind == "good" else words.bad_squares)
    count = _risks.of_hundred(truth["probability_stop"])
    return _risks.squares(truth["probability_stop"], label=label.format(count=count))


def _stops_drawing(preview: RulePreview, width: float) -> SafeString:
    truths = preview.figures["truths"] if preview.figures else []
    names = [quality(preview, truth) for truth in truths]
    label = str(_PREVIEW_WORDS[CriterionAction(preview.action)].lines)
    return _risks.stops(truths, names, label=label, width=width)


@register.simple_tag
def stops_chart(preview: RulePreview) -> SafeString:
    """How many the rule has stopped by each day."""
    return _stops_drawing(preview, _risks.WIDE)


@register.simple_tag
def stops_chart_narrow(preview: RulePreview) -> SafeString:
    return _stops_drawing(preview, _risks.NARROW)


_REASONS = {
    ZombieSignal.UNDEAD: gettext_lazy(
        "It was {status}, and the platform still reports spend: {spend} after the stop."
    ),
    ZombieSignal.BREACHED: gettext_lazy("Its rule said stop {hours} hours ago, and nobody has acted: {rule}"),
    ZombieSignal.OVERDUE: gettext_lazy("Its sprint ended {days} days ago, and nobody has decided."),
    ZombieSignal.UNPLANNED: gettext_lazy("It spends, and nobody has said when to stop."),
    ZombieSignal.HOPELESS: gettext_lazy(
        "Less than 5% likely to reach its target with the {money_left} and {ahead} left."
    ),
    ZombieSignal.BARREN: gettext_lazy("{spend} spent and no {events}. Without any, {limit} is the limit."),
    ZombieSignal.BLIND: gettext_lazy("Meant to spend, and no numbers for {hours} hours."),
    ZombieSignal.OVERSPENT: gettext_lazy("{over} more is reported than its budget of {budget}."),
}
_CUT_IN_VAIN = gettext_lazy("A plan cut it from {cut_from} to {cut_to} a day, and it still spends {per_day}.")
_MONEY_FACTS = {"spend", "limit", "over", "budget", "money_left", "cut_from", "cut_to", "per_day"}


class _Facts(dict[str, str]):
    """Facts of a flag as words; one that is missing is said to be."""

    def __missing__(self, key: str) -> str:
        return str(UNKNOWN)


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
        left = int(flag.evidence["days_left"])
        facts["ahead"] = ngettext("{days} day", "{days} days", left).format(days=left)
    if "status" in facts:
        facts["status"] = str(CampaignStatus(facts["status"]).label)
    if "events" in facts:
        facts["events"] = measure_label(facts["events"])
    if "rule" in facts:
        facts["rule"] = _words.rule_in_words(flag.campaign, facts["rule"])
    reason = _CUT_IN_VAIN if "cut_at" in facts else _REASONS[ZombieSignal(flag.signal)]
    return str(reason).format_map(facts)


_MEANINGS = {
    ZombieSignal.UNDEAD: gettext_lazy("Killed or paused, and spend is still reported for later days."),
    ZombieSignal.BREACHED: gettext_lazy("Its rule said stop, and nobody acted within {grace} hours."),
    ZombieSignal.OVERDUE: gettext_lazy("Its sprint has ended, and nobody has decided."),
    ZombieSignal.UNPLANNED: gettext_lazy("Live with no kill criterion."),
    ZombieSignal.HOPELESS: gettext_lazy("Less than 5% likely to reach its target with what is left."),
    ZombieSignal.BARREN: gettext_lazy("{multiple} times the price of a conversion spent, and none came."),
    ZombieSignal.BLIND: gettext_lazy("Live, and no numbers for {blind} hours."),
    ZombieSignal.OVERSPENT: gettext_lazy(
        "More is reported than its budget, or no less a day after a plan cut it."
    ),
}


@register.simple_tag(takes_context=True)
def signal_meaning(context: Context, signal: ZombieSignal) -> str:
    """What makes a zombie of that kind, with the workspace's own limits."""
    workspace = context["workspace"]
    return str(_MEANINGS[signal]).format(
        grace=workspace.grace_hours,
        blind=workspace.blind_after_hours,
        multiple=sentences.plain(workspace.barren_target_multiple),
    )
