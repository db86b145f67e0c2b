"""Kill criteria, arms, days and zombies as words and drawings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.choices import (
    METRICS,
    BuyerStage,
    Driver,
    GuardKey,
    HypothesisKind,
    Metric,
    ZombieSignal,
)
from experiments.forms.campaign import CriterionForm
from experiments.forms.hypothesis import HypothesisForm
from experiments.forms.preview import RulePreview
from experiments.models import Campaign, Hypothesis, KillCriterion, ZombieFlag, sentences
from experiments.models.team_words import TeamWords, words_of
from experiments.selectors.arm_rows import ArmRow
from experiments.selectors.burning import Burning
from experiments.selectors.campaign_numbers import DayView
from experiments.selectors.campaign_pages import GuardView
from experiments.templatetags import (
    _blanks,
    _burning,
    _charts,
    _comparisons,
    _drawings,
    _kinds,
    _previews,
    _risks,
    _scores,
    _words,
    _zombies,
)
from workspaces.models import Event
from workspaces.models.spelling import MINUS, Number, in_currency, in_figures, in_percent
from workspaces.templatetags.feed import Retelling
from workspaces.templatetags.quickno import UNKNOWN, day, sentence_case, strong, weekday

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


@register.simple_tag(takes_context=True)
def team_words(context: Context, hypothesis: Hypothesis | None) -> TeamWords:
    """What the pages of a hypothesis call a conversion: ``{% team_words campaign.hypothesis as words %}``."""
    return words_of(hypothesis, context["workspace"])


@register.filter
def metric_label(metric: Metric | str, words: TeamWords) -> str:
    """``cost per trial``: ``{{ metric|metric_label:words }}``."""
    return words.metric(metric)


@register.filter
def events_label(metric: Metric, words: TeamWords) -> str:
    """What is counted for the metric: ``trials``."""
    return words.events(metric)


@register.filter
def measure_label(key: str, words: TeamWords) -> str:
    """What people call a counted thing: ``sales-qualified leads``."""
    return words.measure(key)


@register.simple_tag(takes_context=True)
def criterion_sentence(context: Context, criterion: KillCriterion, words: TeamWords) -> SafeString:
    """The rule as everybody reads it, its filled-in parts in bold."""
    return strong(sentences.sentence(criterion, _currency(context), words=words))


@register.simple_tag(takes_context=True)
def criterion_condition(context: Context, criterion: KillCriterion, words: TeamWords) -> str:
    """``a trial costs more than $18.00``: what we are so and so sure of."""
    return sentences.unmarked(sentences.condition(criterion, _currency(context), probably=False, words=words))


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
def guard_label(guard: GuardView, words: TeamWords) -> str:
    return words.guard(guard.key)


@register.filter
def is_short_of(guard: GuardView, spend: Decimal | None) -> bool:
    """Whether a guard counts less money than is shown as spent beside it."""
    if guard.key != GuardKey.SPEND or guard.have is None or spend is None:
        return False
    return guard.have < spend


@register.filter
def retold(text: str, words: TeamWords) -> str:
    """What the statistics said (a verdict's reason, a warning), in the words of the reader."""
    return sentences.retold(text, words)


@register.filter
def rule_in_words(text: str, campaign: Campaign) -> str:
    """Why a campaign stopped: its rule in the words of the reader, and anything else as it was written."""
    return _words.rule_in_words(campaign, text)


@register.simple_tag(takes_context=True)
def retold_events(context: Context, events: Iterable[Event], at_hand: Iterable[Campaign] = ()) -> Retelling:
    """In which words ``event_line`` tells the events: ``{% retold_events events at_hand as retelling %}``."""
    return _words.retold_events(list(events), workspace=context["workspace"], at_hand=at_hand)


@register.simple_tag(takes_context=True)
def criterion_blanks(context: Context, row: CriterionForm) -> SafeString:
    return _blanks.criterion(context, row)


@register.simple_tag(takes_context=True)
def hypothesis_blanks(context: Context, form: HypothesisForm) -> SafeString:
    return _blanks.hypothesis(context, form)


@register.simple_tag(takes_context=True)
def score_numbers(context: Context, hypothesis: Hypothesis, back_to: str) -> SafeString:
    """The three numbers of a score, each to be changed in its place. ``back_to``: the list they stand in."""
    return _scores.numbers(hypothesis, slug=context["workspace"].slug, back_to=back_to)


@register.simple_tag
def kind_of_change(hypothesis: Hypothesis) -> SafeString:
    """What kind of change it is, for which stage, and what drives it."""
    # Django's own display methods put all choices into a dictionary anew for each row.
    return format_html(
        "{}<small>{}, {}</small>",
        sentence_case(HypothesisKind(hypothesis.kind).label),
        BuyerStage(hypothesis.buyer_stage).label,
        Driver(hypothesis.driver).label,
    )


@register.simple_tag
def evidence_choices(row: CriterionForm) -> list[_kinds.EvidenceChoice]:
    return _kinds.choices_for(row)


@register.simple_tag(takes_context=True)
def criterion_reading(context: Context, row: CriterionForm) -> SafeString | str:
    """The rule of a row as everybody will read it; empty while something is missing."""
    rule = row.reading
    return strong(sentences.sentence(rule, _currency(context), words=row.words)) if rule else ""


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


register.simple_tag(_comparisons.interval_axis)
register.simple_tag(_comparisons.interval_row)
register.simple_tag(_comparisons.interval_words)
register.filter(_comparisons.gap_words)


@register.simple_tag(takes_context=True)
def expected_loss(context: Context, row: ArmRow, metric: Metric) -> str:
    return _comparisons.expected_loss(row, metric, _currency(context))


@register.simple_tag(takes_context=True)
def days_chart(
    context: Context, days: Sequence[DayView], metric: Metric, limit: Decimal | None, words: TeamWords
) -> SafeString:
    """The last days in the main metric, settled and not."""
    return _charts.days(days, metric, limit, _currency(context), words)


@register.simple_tag(takes_context=True)
def days_chart_narrow(
    context: Context, days: Sequence[DayView], metric: Metric, limit: Decimal | None, words: TeamWords
) -> SafeString:
    return _charts.days(days, metric, limit, _currency(context), words, width=316, height=280)


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


register.simple_tag(_previews.quality)
register.simple_tag(_previews.hundred_squares)


@register.simple_tag(takes_context=True)
def truly(context: Context, preview: RulePreview, truth: Mapping[str, Any]) -> str:
    return _previews.truly(preview, truth, _currency(context))


@register.simple_tag(takes_context=True)
def preview_words(context: Context, preview: RulePreview, place: str, **parts: Any) -> SafeString:
    """What the rule does to so many of 100 campaigns: ``{% preview_words preview "bad" money=spend %}``."""
    if "money" in parts:
        parts["money"] = in_currency(parts["money"], _currency(context), whole=True)
    return _previews.words(preview, place, parts)


@register.simple_tag
def stops_chart(preview: RulePreview) -> SafeString:
    return _previews.stops(preview, width=_risks.WIDE)


@register.simple_tag
def stops_chart_narrow(preview: RulePreview) -> SafeString:
    return _previews.stops(preview, width=_risks.NARROW)


@register.simple_tag(takes_context=True)
def zombie_reason(context: Context, flag: ZombieFlag) -> str:
    return _zombies.reason_of(flag, context["workspace"])


@register.simple_tag(takes_context=True)
def signal_meaning(context: Context, signal: ZombieSignal) -> str:
    return _zombies.meaning_of(signal, context["workspace"])
