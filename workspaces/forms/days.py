"""Days as people type them: ``next Monday``, ``in 3 days``, ``1 Dec``, ``1.12.2026``, ``morgen``.

The words are few and each is understood in one way only. Whatever can be read in two ways is asked about:
a library that always finds some day would find a wrong one, and a sprint would start on it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from workspaces.models.reading import day_in

_WEEK = 7
# Of a day without a year the nearest in the field's direction is meant, unless it is so far away that the
# other one, which has just been, may be meant as well.
_SURELY_WITHIN = timedelta(days=270)

_DAYS_AWAY = {
    "today": 0,
    "heute": 0,
    "tomorrow": 1,
    "morgen": 1,
    "day after tomorrow": 2,
    "the day after tomorrow": 2,
    "übermorgen": 2,
    "yesterday": -1,
    "gestern": -1,
    "day before yesterday": -2,
    "the day before yesterday": -2,
    "vorgestern": -2,
}
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one ein eine einem einer einen",
            "two zwei",
            "three drei",
            "four vier",
            "five fünf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwölf",
        ),
        start=1,
    )
    for word in words.split()
}
_UNITS = dict.fromkeys(["day", "days", "tag", "tage", "tagen"], 1) | dict.fromkeys(
    ["week", "weeks", "woche", "wochen"], _WEEK
)
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "monday mon montag mo",
            "tuesday tue tues dienstag di",
            "wednesday wed mittwoch mi",
            "thursday thu thur thurs donnerstag do",
            "friday fri freitag fr",
            "saturday sat samstag sonnabend sa",
            "sunday sun sonntag so",
        )
    )
    for word in words.split()
}
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan januar jänner",
            "february feb februar",
            "march mar märz mär",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for word in words.split()
}
_NEXT = {"next", "nächster", "nächsten", "nächste", "nächstem"}
_COMING = {"coming", "kommender", "kommenden", "kommende"}
_THIS = {"this", "dieser", "diesen", "diesem"}
_LAST = {"last", "letzter", "letzten", "letzte"}

# Ends the name of the hidden field that says what a field said when it was shown.
BEFORE = "_before"


# Twelve years ahead are a slip of the finger.
_MOST_DAYS = 12 * 366

_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})(?:\.(?: ?(\d{4}|\d{2}))?)?")
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}))?")
_COUNTED = re.compile(r"(?P<way>in|vor) (?P<number>\w+) (?P<unit>\w+)|(?P<ago>\w+) (?P<ago_unit>\w+) ago")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)? (?:of )?([^\W\d]+)(?: (\d{4}|\d{2}))?")
_MONTH_FIRST = re.compile(r"([^\W\d]+) (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?")


def spell_day(on: date) -> str:
    """As a field shows a day: short, with its year, and understood when it is sent back."""
    return format_date(on, "EEE d MMM y", locale=get_language() or "en")


def understood_day(on: date, *, today: date) -> str:
    """As it is said back: ``Monday, 30 November``, with the year where it is not this one."""
    with_year = "" if on.year == today.year else " y"
    return format_date(on, f"EEEE, d MMMM{with_year}", locale=get_language() or "en")


def parse_day(text: str, *, today: date, looks_back: bool = False) -> date:
    """Read a day; ``looks_back`` where one that is over is meant, unless the text says otherwise.

    Raises ``ValidationError``: ``ambiguous`` with a question where there are two readings, ``invalid`` where
    there is none.
    """
    reader = _Reader(text.strip(), today, looks_back=looks_back)
    try:
        found = day_in(reader.text) or reader.read()
    except (OverflowError, ValueError):
        found = None
    if found is None:
        raise ValidationError(
            _("“{text}” is no day. Write it like 30 Nov 2026, 2026-11-30, next Monday or in 3 days.").format(
                text=reader.text
            ),
            code="invalid",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """One text and the day on which it was typed. A reading is ``None`` where the text is of another kind."""

    text: str
    today: date
    looks_back: bool

    def read(self) -> date | None:
        said = self.text.lower().replace(",", " ")
        # "Dec." is "dec", and "1. Dezember" is "1 dezember"; the dots between figures stay.
        said = re.sub(r"(?<=[^\W\d])\.|(?<=\d)\.(?= ?[^\W\d])", " ", said)
        words = said.split()
        if words and words[0] in {"on", "am"}:
            words = words[1:]
        said = " ".join(words)
        if len(words) > 1 and words[0] in _WEEKDAYS:
            return self._on_its_weekday(self._by_date(" ".join(words[1:])), _WEEKDAYS[words[0]])
        return self._by_distance(said) or self._by_weekday(words) or self._by_date(said)

    def _on_its_weekday(self, on: date | None, weekday: int) -> date | None:
        if on is not None and on.weekday() != weekday:
            raise ValidationError(
                _("“{text}”: that day is a {day}. Which of the two is meant?").format(
                    text=self.text, day=understood_day(on, today=self.today)
                ),
                code="ambiguous",
            )
        return on

    def _by_distance(self, said: str) -> date | None:
        if said in _DAYS_AWAY:
            return self.today + timedelta(days=_DAYS_AWAY[said])
        match = _COUNTED.fullmatch(said)
        if match is None:
            return None
        number, unit = match["number"] or match["ago"], match["unit"] or match["ago_unit"]
        count = int(number) if number.isdecimal() else _NUMBERS.get(number)
        if count is None or unit not in _UNITS or count * _UNITS[unit] > _MOST_DAYS:
            return None
        return self.today + timedelta(days=count * _UNITS[unit] * (1 if match["way"] == "in" else -1))

    def _by_weekday(self, words: list[str]) -> date | None:
        """Weeks begin on Monday or on Sunday: where that makes two days of one, both are named."""
        if not words or words[-1] not in _WEEKDAYS or len(words) > 2:  # noqa: PLR2004 - a word before it
            return None
        meant = self._meant_by("".join(words[:-1]), _WEEKDAYS[words[-1]])
        return self._one_of(meant) if meant else None

    def _meant_by(self, word: str, weekday: int) -> set[date]:
        """What that word before a day of the week can mean, ``""`` for none; nothing by a strange word."""
        coming = self.today + timedelta(days=(weekday - self.today.weekday() - 1) % _WEEK + 1)
        latest = self.today - timedelta(days=(self.today.weekday() - weekday - 1) % _WEEK + 1)
        if not word:
            near = latest if self.looks_back else coming
            return {self.today, near} if weekday == self.today.weekday() else {near}
        if word in _THIS:
            found = self._in_weeks(weekday, away=0)
            fitting = {on for on in found if (on <= self.today if self.looks_back else on >= self.today)}
            return fitting or {*found, coming, latest}
        if word in _NEXT:
            return {coming, *self._in_weeks(weekday, away=1)}
        if word in _LAST:
            return {latest, *self._in_weeks(weekday, away=-1)}
        return {coming} if word in _COMING else set()

    def _in_weeks(self, weekday: int, *, away: int) -> set[date]:
        """That day of the week so many weeks away, for weeks from Monday and for weeks from Sunday."""
        monday = self.today - timedelta(days=self.today.weekday())
        sunday = self.today - timedelta(days=(self.today.weekday() + 1) % _WEEK)
        return {
            monday + timedelta(days=weekday, weeks=away),
            sunday + timedelta(days=(weekday + 1) % _WEEK, weeks=away),
        }

    def _by_date(self, said: str) -> date | None:
        if match := _YEAR_FIRST.fullmatch(said):
            return date(int(match[1]), int(match[3]), int(match[4]))
        if match := _DOTTED.fullmatch(said):
            return self._in_year(match[3], {(int(match[2]), int(match[1]))})
        if match := _SLASHED.fullmatch(said):
            first, second = int(match[1]), int(match[3])
            return self._in_year(match[4], {(first, second), (second, first)})
        if (match := _DAY_FIRST.fullmatch(said)) and match[2] in _MONTHS:
            return self._in_year(match[3], {(_MONTHS[match[2]], int(match[1]))})
        if (match := _MONTH_FIRST.fullmatch(said)) and match[1] in _MONTHS:
            return self._in_year(match[3], {(_MONTHS[match[1]], int(match[2]))})
        return None

    def _in_year(self, year: str | None, readings: set[tuple[int, int]]) -> date | None:
        """The one day that ``readings``, each month and day, can be."""
        if year is None:
            found = {on for reading in readings for on in self._without_year(*reading)}
        else:
            number = int(year) + (2000 if len(year) == 2 else 0)  # noqa: PLR2004 - of this century
            found = {on for reading in readings for on in _existing(number, *reading)}
        return self._one_of(found) if found else None

    def _without_year(self, month: int, day: int) -> set[date]:
        years = range(self.today.year - 8, self.today.year + 9)
        days = [on for year in years for on in _existing(year, month, day)]
        before = [on for on in days if on <= self.today][-1:]
        after = [on for on in days if on >= self.today][:1]
        near, other = (before, after) if self.looks_back else (after, before)
        is_sure = bool(near) and abs(near[0] - self.today) <= _SURELY_WITHIN
        return set(near if is_sure else [*near, *other])

    def _one_of(self, found: Iterable[date]) -> date:
        """The day, or the question which."""
        days = sorted(found)
        if len(days) == 1:
            return days[0]
        listed = [spell_day(on) for on in days]
        raise ValidationError(
            _("“{text}” can be {others} or {last}. Write the one that you mean.").format(
                text=self.text, others=", ".join(listed[:-1]), last=listed[-1]
            ),
            code="ambiguous",
        )


def _existing(year: int, month: int, day: int) -> list[date]:
    try:
        return [date(year, month, day)]
    except ValueError:
        return []


@dataclass(frozen=True, slots=True)
class Given:
    """What a field sends: its text, the day chosen in the calendar, and the text that stood there before."""

    typed: str
    picked: str
    before: str

    @property
    def said(self) -> str:
        """The calendar speaks where nothing was typed beside it."""
        return self.picked if self.picked and self.typed in {"", self.before} else self.typed


class DayInput(forms.TextInput):
    """A text field, the browser's calendar beside it, and the day as it was understood below.

    All three work without a script; with one, choosing in the calendar writes into the text.
    """

    # Both given by the form, which knows its workspace.
    today: date | None = None
    understood_at: str = ""
    looks_back = False

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        if name not in data and f"{name}_day" not in data:
            return None
        parts = (str(data.get(key) or "").strip() for key in (name, f"{name}_day", f"{name}{BEFORE}"))
        return Given(*parts)

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, Given):
            return value.said
        return spell_day(value) if isinstance(value, date) else super().format_value(value)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        example = _("yesterday or 20 Nov") if self.looks_back else _("next Monday or 1 Dec")
        attrs = {"autocomplete": "off", "placeholder": example, **(attrs or {})}
        if self.understood_at:
            attrs["data-understood-at"] = f"{self.understood_at}?{'back=1&' if self.looks_back else ''}text="
        identity, text = attrs.get("id") or f"id_{name}", self.format_value(value) or ""
        before = value.before if isinstance(value, Given) else text if isinstance(value, date) else ""
        return format_html(
            '<span class="qn-day">{}<label class="visually-hidden" for="{}_day">{}</label>'
            '<input class="form-control" type="date" name="{}_day" id="{}_day"></span>{}'
            '<span class="qn-small qn-quiet qn-understood" id="{}_understood" aria-live="polite">{}</span>',
            super().render(name, value, attrs, renderer),
            identity,
            _("Or choose it in the calendar"),
            name,
            identity,
            format_html('<input type="hidden" name="{}{}" value="{}">', name, BEFORE, before)
            if before
            else "",
            identity,
            self.understood(text) if isinstance(value, Given) else "",
        )

    def understood(self, text: str) -> str:
        """The day in words, or nothing where there is none yet or a complaint stands beside it anyway."""
        today = self.today or timezone.localdate()
        try:
            return understood_day(parse_day(text, today=today, looks_back=self.looks_back), today=today)
        except ValidationError:
            return ""


class IsoDayField(forms.DateField):
    """A day as programs write it."""

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and value.strip() and day_in(value.strip()) is None:
            raise ValidationError(_("Write the day as 2026-11-20."), code="invalid")
        return super().to_python(value)


class DayField(forms.DateField):
    """A day as people type it, or chosen in the calendar; ``looks_back`` for what is over."""

    widget = DayInput

    def __init__(self, *, looks_back: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.looks_back = looks_back

    def place(self, *, today: date, understood_at: str) -> None:
        """Tell the field where and when it is asked."""
        widget = self.widget
        widget.today, widget.understood_at, widget.looks_back = today, understood_at, self.looks_back

    def to_python(self, value: Any) -> date | None:
        given = value if isinstance(value, Given) else Given(str(value or "").strip(), "", "")
        if isinstance(value, date) or not given.said:
            return super().to_python(value if isinstance(value, date) else None)
        today = self.widget.today or timezone.localdate()
        on = parse_day(given.said, today=today, looks_back=self.looks_back)
        if given.picked and given.picked != on.isoformat():
            raise ValidationError(
                _("The text says {typed}, the calendar {picked}. Leave only the one that you mean.").format(
                    typed=spell_day(on), picked=given.picked
                ),
                code="ambiguous",
            )
        return on
