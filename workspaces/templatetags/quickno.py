"""How pages show what is counted: money, shares, days, states. Numbers keep one look everywhere."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from workspaces.choices import WELL_KNOWN_SOURCES
from workspaces.forms.tokens import ONCE_FIELD, new_token, owner_of
from workspaces.models import User, Workspace
from workspaces.models.spelling import Number, as_day, in_currency, in_figures, in_percent, on_day
from workspaces.permissions import Permission
from workspaces.templatetags._icons import ICONS, STATES
from workspaces.templatetags._nouns import NOUNS

register = template.Library()

UNKNOWN = gettext_lazy("not known")
# Beyond half a year a weekday alone no longer says which one.
_SAME_YEAR = timedelta(days=183)


@register.simple_tag(takes_context=True)
def money(context: Context, amount: Number | None, *, whole: bool = False, signed: bool = False) -> str:
    """An amount in the workspace's currency: ``{% money campaign.budget %}``; ``signed`` for a change."""
    if amount is None or amount == "":
        return str(UNKNOWN)
    plus = "+" if signed and Decimal(str(amount)) > 0 else ""
    return plus + in_currency(amount, context["workspace"].currency, whole=whole)


@register.filter
def probability(chance: float | None) -> str:
    """A chance with one decimal, and never quite certain: ``93.3%``, ``below 0.1%``."""
    if chance is None:
        return str(UNKNOWN)
    if chance < 0.001:  # noqa: PLR2004 - the smallest that one decimal can say
        return _("below {chance}").format(chance=in_percent("0.1"))
    if chance > 0.999:  # noqa: PLR2004
        return _("above {chance}").format(chance=in_percent("99.9"))
    return in_percent(f"{chance * 100:.1f}")


@register.filter
def percent(share: Number | None) -> str:
    """A share on the scale people read: ``0.42%``, ``8.0%``, ``23.5%``."""
    if share is None or share == "":
        return str(UNKNOWN)
    value = float(share) * 100
    # Small shares need their cents.
    return in_percent(f"{value:.2f}" if abs(value) < 5 else f"{value:.1f}")  # noqa: PLR2004


@register.filter
def plain_percent(share: Number | None) -> str:
    """A limit that a person chose, as short as it was typed: ``95%``, ``0.5%``."""
    if share is None:
        return str(UNKNOWN)
    return in_percent(f"{(Decimal(str(share)) * 100).normalize():f}")


@register.filter
def whole_percent(share: float | None) -> str:
    """An estimate that is not worth more digits: ``86%``."""
    return str(UNKNOWN) if share is None else in_percent(f"{share * 100:.0f}")


@register.filter
def day(value: date | datetime | str | None) -> str:
    """``Wed 18 Nov``, with the year where it is not this one; a text is a day as REST writes it."""
    if not value:
        return str(UNKNOWN)
    if isinstance(value, str):
        value = date.fromisoformat(value)
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    if abs(on - timezone.localdate()) < _SAME_YEAR:
        return as_day(on, pgettext("pattern of a date", "ccc d LLL"))
    return on_day(on)


@register.filter
def clock(value: datetime | None) -> str:
    """``07:05`` in the workspace's time zone."""
    return str(UNKNOWN) if value is None else f"{timezone.localtime(value):%H:%M}"


@register.filter
def moment(value: datetime | None) -> str:
    """``Wed 18 Nov, 07:05`` in the workspace's time zone."""
    return str(UNKNOWN) if value is None else f"{day(value)}, {clock(value)}"


@register.filter
def glued(words: str) -> str:
    """The same on one line: ``Wed 18 Nov, 07:05`` that no edge breaks."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def recent(value: datetime) -> str:
    """``09:15`` today, ``Thu 09:15`` within the week, ``12 Nov`` before: for narrow columns."""
    at, today = timezone.localtime(value), timezone.localdate()
    if at.date() == today:
        return f"{at:%H:%M}"
    if today - at.date() < timedelta(days=7):
        return f"{weekday(at)} {at:%H:%M}"
    if at.year == today.year:
        return as_day(at.date(), pgettext("pattern of a date", "d LLL"))
    return as_day(at.date(), pgettext("pattern of a date", "d LLL y"))


@register.filter
def weekday(value: date) -> str:
    """``Wed``, where the week is known."""
    return as_day(value, "ccc")


@register.filter
def long_weekday(value: date) -> str:
    """``Wednesday``."""
    return as_day(value, "cccc")


@register.filter
def long_day(value: date | datetime) -> str:
    """``Thursday 19 November``."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return as_day(on, pgettext("pattern of a date", "cccc d MMMM"))


@register.filter
def day_of_month(value: date | datetime) -> str:
    """``26 August``, with the year where it is not this one."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    if on.year == timezone.localdate().year:
        return as_day(on, pgettext("pattern of a date", "d MMMM"))
    return as_day(on, pgettext("pattern of a date", "d MMMM y"))


@register.filter
def stamp(value: datetime | date) -> str:
    """For ``<time datetime>``."""
    return (timezone.localtime(value) if isinstance(value, datetime) else value).isoformat()


_SMALL = (
    pgettext_lazy("how many", "no"),
    pgettext_lazy("how many", "one"),
    pgettext_lazy("how many", "two"),
    pgettext_lazy("how many", "three"),
    pgettext_lazy("how many", "four"),
    pgettext_lazy("how many", "five"),
    pgettext_lazy("how many", "six"),
    pgettext_lazy("how many", "seven"),
    pgettext_lazy("how many", "eight"),
    pgettext_lazy("how many", "nine"),
    pgettext_lazy("how many", "ten"),
    pgettext_lazy("how many", "eleven"),
    pgettext_lazy("how many", "twelve"),
)


@register.filter
def spelled(number: int) -> str:
    """Small counts as words, for sentences: ``four``."""
    return str(_SMALL[number]) if 0 <= number < len(_SMALL) else figures(number)


@register.filter
def sentence_case(text: object) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]


@register.filter
def figures(number: int) -> str:
    """A count in digits: ``1,234``."""
    return in_figures(f"{number:,}")


@register.filter
def counted(number: int, noun: str) -> str:
    """``{{ n|counted:"campaign" }}`` is ``2 campaigns``; the noun is one of ``NOUNS``."""
    return str(NOUNS[noun] % {"count": number, "number": figures(number)})


@register.filter
def channel(key: str) -> str:
    """The platform's name where it is well known."""
    return (
        WELL_KNOWN_SOURCES[key][0]
        if key in WELL_KNOWN_SOURCES
        else key.replace("_", " ").replace("-", " ").capitalize()
    )


@register.filter
def zone(name: str) -> str:
    """``America/Chicago`` as people say it: ``Chicago time``."""
    return _("{place} time").format(place=name.rsplit("/", 1)[-1].replace("_", " "))


@register.filter
def digest(text: str) -> str:
    """The first eight characters of a digest, as people compare them: ``3f9a c21e``."""
    return f"{text[:4]} {text[4:8]}"


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A drawing beside a word; it says nothing of its own."""
    # Only our own constants: nothing that anybody typed.
    drawing = mark_safe(ICONS[name])  # noqa: S308
    return format_html('<svg class="qn-icon" viewBox="0 0 16 16" aria-hidden="true">{}</svg>', drawing)


@register.simple_tag
def state(kind: str, word: object = "") -> SafeString:
    """A state as shape and word: ``{% state campaign.status %}``, ``{% state "live" "Live since Mon" %}``."""
    look, drawing, usual = STATES[kind]
    return format_html(
        '<span class="qn-state is-{}">{}{}</span>', look, icon(drawing), sentence_case(word or usual)
    )


@register.simple_tag
def person(user: User | None, prefix: str = "") -> SafeString:
    """A round mark with initials, and the name."""
    if user is None:
        return format_html('<span class="qn-person qn-burn">{}</span>', _("no owner"))
    return format_html(
        '<span class="qn-person"><span aria-hidden="true">{}</span>{}{}</span>', user.initials, prefix, user
    )


@register.simple_tag(takes_context=True)
def page(context: Context, name: str, *args: object) -> str:
    """The address of a page of this workspace: ``{% page "campaign" campaign.key %}``."""
    return _address(name, context["workspace"].slug, *args)


# A page of many rows has hundreds of links, and most of them are those of the page before.
@lru_cache(maxsize=4096)
def _address(name: str, *args: object) -> str:
    return reverse(name, args=args)


@register.simple_tag(takes_context=True)
def why(context: Context, anchor: str, about: object) -> SafeString:
    """A way to what a number means, glued to the words before it: ``{% why "verdicts" _("verdict") %}``.

    ``anchor`` is a heading of `docs/statistics.md`.
    """
    words = _("What “%(about)s” means") % {"about": about}
    return format_html(
        '<span class="qn-glue">&nbsp;<a class="qn-why" href="{}#{}"><span aria-hidden="true">?</span>'
        '<span class="visually-hidden">{}</span></a></span>',
        page(context, "help", "statistics"),
        anchor,
        words,
    )


@register.simple_tag(takes_context=True)
def once(context: Context, *, is_main: bool = False) -> SafeString:
    """What makes a form do its work once, beside ``{% csrf_token %}`` in every form that does something.

    ``is_main``: of the form that its page is about. If that comes back refused, it is the same form still.
    """
    request = context["request"]
    token = request.POST.get(ONCE_FIELD, "") if is_main and not request.is_sent else ""
    if owner_of(token) != request.user.pk:
        token = new_token(request.user.pk)
    return format_html('<input type="hidden" name="{}" value="{}">', ONCE_FIELD, token)


@register.simple_tag(takes_context=True)
def can(context: Context, permission: str) -> bool:
    """Whether this person may: ``{% can "PLAN" as may_plan %}{% if may_plan %}…``."""
    return bool(context["request"].actor.can(Permission[permission]))


@register.filter
def is_demo(workspace: Workspace) -> bool:
    """Whether it is the demo that `make run` has filled."""
    return settings.SHOWS_DEMO and workspace.slug == settings.DEMO_SLUG


@register.simple_tag
def mail_is_set_up() -> bool:
    """Whether letters arrive, or end on the terminal."""
    return settings.MAIL_IS_SET_UP


@register.simple_tag
def demo_is_here() -> bool:
    """Whether somebody who is about to sign in finds the demo."""
    return settings.SHOWS_DEMO and Workspace.objects.filter(slug=settings.DEMO_SLUG).exists()


@register.filter
def dressed(field: BoundField) -> SafeString:
    """A field of somebody else's form in the theme's clothes."""
    is_check = isinstance(field.field.widget, CheckboxInput)
    return field.as_widget(attrs={"class": "form-check-input" if is_check else "form-control"})


_EMPHASIS = re.compile(r"\*\*(.+?)\*\*")


@register.filter
def strong(text: str) -> SafeString:
    """Text with ``**the filled-in parts**`` in bold; everything else is escaped."""
    parts = _EMPHASIS.split(text)
    escaped = [
        format_html("<strong>{}</strong>", part) if index % 2 else format_html("{}", part)
        for index, part in enumerate(parts)
    ]
    return mark_safe("".join(escaped))  # noqa: S308 - each part was escaped above
