"""How pages show what is counted: money, shares, days, states. Numbers keep one look everywhere."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from workspaces.choices import WELL_KNOWN_SOURCES
from workspaces.models import User, Workspace
from workspaces.models.spelling import Number, in_currency
from workspaces.permissions import Permission
from workspaces.templatetags._icons import ICONS, STATES

register = template.Library()

UNKNOWN = "not known"
# Beyond half a year a weekday alone no longer says which one.
_SAME_YEAR = timedelta(days=183)


@register.simple_tag(takes_context=True)
def money(context: Context, amount: Number | None, *, whole: bool = False, signed: bool = False) -> str:
    """An amount in the workspace's currency: ``{% money campaign.budget %}``; ``signed`` for a change."""
    if amount is None or amount == "":
        return UNKNOWN
    plus = "+" if signed and Decimal(str(amount)) > 0 else ""
    return plus + in_currency(amount, context["workspace"].currency, whole=whole)


@register.filter
def probability(chance: float | None) -> str:
    """A chance with one decimal, and never quite certain: ``93.3%``, ``below 0.1%``."""
    if chance is None:
        return UNKNOWN
    if chance < 0.001:  # noqa: PLR2004 - the smallest that one decimal can say
        return "below 0.1%"
    if chance > 0.999:  # noqa: PLR2004
        return "above 99.9%"
    return f"{chance * 100:.1f}%"


@register.filter
def percent(share: Number | None) -> str:
    """A share on the scale people read: ``0.42%``, ``8.0%``, ``23.5%``."""
    if share is None or share == "":
        return UNKNOWN
    value = float(share) * 100
    return f"{value:.2f}%" if abs(value) < 5 else f"{value:.1f}%"  # noqa: PLR2004 - small shares need their cents


@register.filter
def plain_percent(share: Number | None) -> str:
    """A limit that a person chose, as short as it was typed: ``95%``, ``0.5%``."""
    if share is None:
        return UNKNOWN
    return f"{(Decimal(str(share)) * 100).normalize():f}%"


@register.filter
def whole_percent(share: float | None) -> str:
    """An estimate that is not worth more digits: ``86%``."""
    return UNKNOWN if share is None else f"{share:.0%}"


@register.filter
def day(value: date | datetime | str | None) -> str:
    """``Wed 18 Nov``, with the year where it is not this one; a text is a day as REST writes it."""
    if not value:
        return UNKNOWN
    if isinstance(value, str):
        value = date.fromisoformat(value)
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    text = f"{on:%a} {on.day} {on:%b}"
    return text if abs(on - timezone.localdate()) < _SAME_YEAR else f"{text} {on.year}"


@register.filter
def clock(value: datetime | None) -> str:
    """``07:05`` in the workspace's time zone."""
    return UNKNOWN if value is None else f"{timezone.localtime(value):%H:%M}"


@register.filter
def moment(value: datetime | None) -> str:
    """``Wed 18 Nov, 07:05`` in the workspace's time zone."""
    return UNKNOWN if value is None else f"{day(value)}, {clock(value)}"


@register.filter
def recent(value: datetime) -> str:
    """``09:15`` today, ``Thu 09:15`` within the week, ``12 Nov`` before: for narrow columns."""
    at, today = timezone.localtime(value), timezone.localdate()
    if at.date() == today:
        return f"{at:%H:%M}"
    if today - at.date() < timedelta(days=7):
        return f"{at:%a %H:%M}"
    return f"{at.day} {at:%b}" if at.year == today.year else f"{at.day} {at:%b} {at.year}"


@register.filter
def long_day(value: date | datetime) -> str:
    """``Thursday 19 November``."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return f"{on:%A} {on.day} {on:%B}"


@register.filter
def day_of_month(value: date | datetime) -> str:
    """``26 August``, with the year where it is not this one."""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    text = f"{on.day} {on:%B}"
    return text if on.year == timezone.localdate().year else f"{text} {on.year}"


@register.filter
def stamp(value: datetime | date) -> str:
    """For ``<time datetime>``."""
    return (timezone.localtime(value) if isinstance(value, datetime) else value).isoformat()


_SMALL = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


@register.filter
def spelled(number: int) -> str:
    """Small counts as words, for sentences: ``four``."""
    return _SMALL[number] if 0 <= number < len(_SMALL) else f"{number:,}"


@register.filter
def sentence_case(text: object) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]


@register.filter
def counted(number: int, noun: str) -> str:
    """``{{ n|counted:"campaign" }}`` is ``2 campaigns``; ``"hypothesis,hypotheses"`` gives both forms."""
    one, _, many = noun.partition(",")
    return f"{number:,} {one if number == 1 else (many or one + 's')}"


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
    return f"{name.rsplit('/', 1)[-1].replace('_', ' ')} time"


@register.filter
def digest(text: str) -> str:
    """The first eight characters of a digest, as people compare them: ``3f9a c21e``."""
    return f"{text[:4]} {text[4:8]}"


@register.simple_tag
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
        return format_html('<span class="qn-person qn-burn">{}</span>', "no owner")
    return format_html(
        '<span class="qn-person"><span aria-hidden="true">{}</span>{}{}</span>', user.initials, prefix, user
    )


@register.simple_tag(takes_context=True)
def page(context: Context, name: str, *args: object, **kwargs: object) -> str:
    """The address of a page of this workspace: ``{% page "campaign" campaign.key %}``."""
    slug = context["workspace"].slug
    if args:
        return reverse(name, args=[slug, *args])
    return reverse(name, kwargs={"slug": slug, **kwargs})


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
