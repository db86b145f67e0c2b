"""What the page of a plan draws and says."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.models.sentences import metric_limit
from experiments.models.team_words import USUAL_WORDS, TeamWords, words_in_common
from experiments.templatetags._drawings import drawing, rect
from experiments.templatetags._words import metric_amount
from sprints.models import Reallocation, ReallocationLine
from sprints.models.sentences import retold
from sprints.selectors.plan_pages import Duel, Flows, Proof, Standing, read_flows, read_gain, read_proof
from sprints.templatetags import _flows
from workspaces.models.spelling import MINUS, in_currency, in_figures

register = template.Library()

_BAR_WIDTH, _BAR_HEIGHT, _BAR = 300.0, 34.0, 9.0
_BEFORE, _AFTER = 3.0, 20.0


# What follows from a plan is worked out where it is drawn.
@register.simple_tag
def flows_of(plan: Reallocation) -> Flows:
    return read_flows(list(plan.lines.all()), plan.evidence)


@register.simple_tag
def gain_of(plan: Reallocation) -> Mapping[str, Any] | None:
    return read_gain(plan.evidence)


@register.simple_tag
def proof_of(plan: Reallocation) -> Proof:
    return read_proof(plan)


@register.simple_tag(takes_context=True)
def money_flow(context: Context, flows: Flows) -> SafeString:
    """From whom to whom; nothing where the table says it better."""
    return _flows.money_flow(flows, context["workspace"].currency)


@register.simple_tag(takes_context=True)
def money_flow_narrow(context: Context, flows: Flows) -> SafeString:
    return _flows.money_flow(flows, context["workspace"].currency, _flows.NARROW)


@register.simple_tag(takes_context=True)
def account_bars(
    context: Context, before: Decimal | str, after: Decimal | str, most: Decimal, spent: Decimal | str = "0"
) -> SafeString:
    """Before above, after below, with what is added or taken. ``most``: what the whole width stands for."""
    had, has, gone = float(before), float(after), float(spent)
    unit = (_BAR_WIDTH - 4) / max(float(most), 1e-9)

    def bar(look: str, start: float, end: float, y: float) -> str:
        return rect(look, 2 + start * unit, y, (end - start) * unit, _BAR)

    body = [
        bar("f-line", 0, had, _BEFORE),
        bar("f-ink-3", 0, gone, _BEFORE),
        bar("f-line", 0, min(had, has), _AFTER),
        bar("f-ink-3", 0, gone, _AFTER),
    ]
    if has > had:
        body.append(bar("f-traction", had, has, _AFTER))
    elif has < had:
        start, width = 2 + has * unit, (had - has) * unit
        body.append(rect("s-axis", start + 0.5, _AFTER + 0.5, width - 1, _BAR - 1, ' stroke-dasharray="3 2"'))
    currency = context["workspace"].currency
    sums = [in_currency(Decimal(amount), currency) for amount in (before, after, spent)]
    label = _("Budget before {before}, after {after}, spent {spent}").format(
        before=sums[0], after=sums[1], spent=sums[2]
    )
    return drawing(width=_BAR_WIDTH, height=_BAR_HEIGHT, label=label, body=body)


@register.simple_tag(takes_context=True)
def line_words(context: Context, line: ReallocationLine) -> str:
    """``$500.00 from Replay to the reserve``."""
    source, target = line.source_campaign, line.target_campaign
    if source is None:
        words = _("{amount} from the reserve to {target}")
    else:
        words = (
            _("{amount} from {source} to {target}") if target else _("{amount} from {source} to the reserve")
        )
    return words.format(
        amount=in_currency(line.amount, context["workspace"].currency),
        source=source and source.name,
        target=target and target.name,
    )


@register.simple_tag(takes_context=True)
def duel_words(context: Context, duel: Duel, words: TeamWords) -> str:
    """``cost per trial $15.11 against $21.62``."""
    if duel.metric is None:
        return _("each measured by its own target")
    values = [
        metric_amount(duel.metric, row["value"], context["workspace"].currency)
        for row in (duel.receiver, duel.donor)
    ]
    return _("{metric} {receiver} against {donor}, over the days that both were counted").format(
        metric=words.metric(duel.metric), receiver=values[0], donor=values[1]
    )


@register.simple_tag(takes_context=True)
def target_words(context: Context, standing: Standing, words: TeamWords) -> str:
    """``cost per trial of $18.00``."""
    limit = Decimal(str(standing.row["target"]))
    return _("{metric} of {limit}").format(
        metric=words.metric(standing.metric),
        limit=metric_limit(standing.metric, limit, context["workspace"].currency),
    )


@register.simple_tag(takes_context=True)
def standing_interval(context: Context, standing: Standing) -> str:
    """``95% between $12.08 and $19.88``."""
    row: Mapping[str, Any] = standing.row
    if row["credible_low"] is None or row["credible_high"] is None:
        return _("its interval is not known")
    low, high = (
        metric_amount(standing.metric, row[side], context["workspace"].currency)
        for side in ("credible_low", "credible_high")
    )
    return _("95% between {low} and {high}").format(low=low, high=high)


@register.simple_tag(takes_context=True)
def retell(context: Context, text: str, words: TeamWords = USUAL_WORDS) -> str:
    """What is kept in English with a plan or in the ledger, in the words of its reader."""
    return retold(text, currency=context["workspace"].currency, words=words)


@register.simple_tag(takes_context=True)
def plan_words(context: Context, lines: Iterable[Mapping[str, Any]]) -> TeamWords:
    """What a plan's page calls a conversion: as the campaigns do between which its lines move money."""
    sides = [side for row in lines for side in (row["line"].source_campaign, row["line"].target_campaign)]
    return words_in_common((side.hypothesis for side in sides if side), context["workspace"])


@register.filter
def signed_count(number: float) -> str:
    """A change in what is counted: ``+93``."""
    whole = round(number)
    return f"{MINUS if whole < 0 else '+'}{in_figures(f'{abs(whole):,}')}"


@register.filter
def is_some(amount: str) -> bool:
    """Whether an amount as REST writes it is more than nothing."""
    return Decimal(amount) > 0
