"""Sentences with blanks: a kill criterion and a hypothesis, as their forms ask for them."""

import re

from django.forms import BoundField
from django.template import Context, Engine
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.forms.campaign import CriterionForm
from experiments.forms.hypothesis import HypothesisForm


def criterion(context: Context, row: CriterionForm) -> SafeString:
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
        _glued(sentence),
        guards=guards,
        **{name: _blank(context, row[name]) for name in names},
    )


def hypothesis(context: Context, form: HypothesisForm) -> SafeString:
    """A hypothesis as a sentence with blanks."""
    return format_html(
        _glued(_("We believe {change} for {audience} will {effect}, because {because}.")),
        change=_blank(context, form["change"]),
        audience=_blank(context, form["audience"]),
        effect=_blank(context, form["expected_effect"]),
        because=_blank(context, form["because"]),
    )


def _glued(sentence: str) -> str:
    """A comma or a full stop never begins a line."""
    return re.sub(r"(\{\w+\}[,.])", r'<span class="qn-glue">\1</span>', sentence)


def _blank(context: Context, field: BoundField) -> SafeString:
    template = Engine.get_default().get_template("components/blank.html")
    with context.push(field=field):
        return template.render(context)
