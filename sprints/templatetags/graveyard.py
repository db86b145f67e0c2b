"""What the graveyard and the learnings draw and say."""

from collections.abc import Sequence

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.models import KillCriterion
from experiments.models.sentences import metric_limit
from experiments.templatetags._drawings import drawing, rect
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
    return f"{sentence_case(metric.label)} {rule.get_comparator_display()} {limit}"


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
