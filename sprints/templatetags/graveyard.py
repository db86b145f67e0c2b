"""What the graveyard and the learnings draw and say."""

from collections.abc import Sequence

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.models import KillCriterion
from experiments.models.sentences import metric_limit, sentence, unmarked
from experiments.models.team_words import words_of
from experiments.templatetags._drawings import drawing, line, rect
from sprints.choices import DecisionKind
from sprints.selectors.graveyard import No
from sprints.selectors.learnings import Record
from sprints.templatetags import _stones
from workspaces.templatetags.quickno import sentence_case

register = template.Library()


@register.simple_tag(takes_context=True)
def stone_chart(context: Context, noes: Sequence[No]) -> SafeString:
    """How long they lived, what they saved."""
    return _stones.stones(noes, context["workspace"].currency)


@register.simple_tag(takes_context=True)
def stone_chart_narrow(context: Context, noes: Sequence[No]) -> SafeString:
    return _stones.stones(noes, context["workspace"].currency, _stones.NARROW)


@register.simple_tag(takes_context=True)
def rule_in_short(context: Context, rule: KillCriterion) -> str:
    """``CTR below 0.5%``: what stopped it, where the whole rule is too long."""
    metric = rule.metric_definition
    limit = metric_limit(metric, rule.threshold, context["workspace"].currency)
    words = words_of(rule.campaign.hypothesis, context["workspace"])
    return f"{sentence_case(words.metric(metric))} {rule.get_comparator_display()} {limit}"


@register.simple_tag
def stop_reason(no: No) -> str:
    """Why it was stopped: its rule in the words of the reader, and anything else as it was written."""
    rule, reason = no.rule, no.campaign.stop_reason
    if rule is None or rule.rule_text != reason:
        return reason
    words = words_of(no.campaign.hypothesis, no.campaign.workspace)
    return unmarked(sentence(rule, no.campaign.workspace.currency, words=words))


_SHARE_WIDTH, _SHARE_HEIGHT = 240.0, 16.0


@register.simple_tag
def outcome_bar(record: Record, most: int) -> SafeString:
    """What became of them: won, evolved, stayed open, killed, on one scale for all rows."""
    unit = _SHARE_WIDTH / max(most, 1)
    others = record.tried - record.won - record.evolved - record.killed
    body, x = [], 0.0
    for look, number in (
        ("f-traction", record.won),
        ("f-evidence", record.evolved),
        ("f-line", others),
        ("f-ink", record.killed),
    ):
        for _box in range(number):
            body.append(rect(look, x + 0.5, 1, unit - 2, _SHARE_HEIGHT - 2))
            x += unit
    label = _(
        "{name}: of {tried}, {won} scaled, {evolved} evolved, {others} inconclusive, {killed} killed."
    ).format(
        name=sentence_case(record.name),
        tried=record.tried,
        won=record.won,
        evolved=record.evolved,
        others=others,
        killed=record.killed,
    )
    return drawing(width=_SHARE_WIDTH, height=_SHARE_HEIGHT, label=label, body=body)


_SPEED_WIDTH, _SPEED_HEIGHT, _WIDEST_BAR = 120.0, 28.0, 12.0
_LOOKS = {DecisionKind.SCALE: "f-traction", DecisionKind.EVOLVE: "f-evidence", DecisionKind.KILL: "f-ink"}


@register.simple_tag
def speed_bars(record: Record, longest: int) -> SafeString:
    """A bar for each decision, as high as the days it took, the quickest first, on one scale for all rows."""
    slot = min(_SPEED_WIDTH / max(record.tried, 1), _WIDEST_BAR)
    floor = _SPEED_HEIGHT - 1
    body = [line("s-axis", f"M0 {floor + 0.5}H{_SPEED_WIDTH:g}")]
    for place, outcome in enumerate(record.by_day):
        height = max((floor - 2) * max(outcome.day, 0) / max(longest, 1), 2.0)
        look = _LOOKS.get(DecisionKind(outcome.decision), "f-line")
        body.append(rect(look, slot * place, floor - height, slot - min(2, slot / 4), height))
    label = _("{name}: decided on day {days}; the median is day {median}.").format(
        name=sentence_case(record.name),
        days=", ".join(str(outcome.day) for outcome in record.by_day),
        median=record.days_to_a_decision,
    )
    return drawing(width=_SPEED_WIDTH, height=_SPEED_HEIGHT, label=label, body=body)
