"""The numbers of a score in a list, each with the way to its change."""

from urllib.parse import quote

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.models import Hypothesis


def numbers(hypothesis: Hypothesis, *, slug: str, back_to: str) -> SafeString:
    """Each a link: by script to a field in its place, else to the form of the hypothesis."""
    edit = reverse("hypothesis_edit", args=[slug, hypothesis.pk])
    scores = reverse("hypothesis_scores", args=[slug, hypothesis.pk])
    back, about = quote(back_to, safe=""), _("{label} of {title}, change:")
    fields = (("impact", _("Impact")), ("confidence", _("Confidence")), ("ease", _("Ease")))
    return format_html_join(
        " × ",
        '<a class="qn-score" id="{name}-{pk}" data-number href="{edit}#id_{name}" '
        'hx-get="{scores}?field={name}&amp;next={back}" title="{label}">'
        '<span class="visually-hidden">{about} </span>{number}</a>',
        (
            {
                "name": name,
                "pk": hypothesis.pk,
                "edit": edit,
                "scores": scores,
                "back": back,
                "label": label,
                "about": about.format(label=label, title=hypothesis.title),
                "number": _number(getattr(hypothesis, name)),
            }
            for name, label in fields
        ),
    )


def _number(number: int | None) -> object:
    if number is not None:
        return number
    return format_html(
        '<span aria-hidden="true">–</span><span class="visually-hidden">{}</span>',
        pgettext("a score", "none"),
    )
