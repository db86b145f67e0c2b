"""One row as it was said, and the checks that need nothing but the row itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import NamedTuple

import msgspec
from django.utils.translation import gettext as _

from experiments.choices import MEASURES, MeasureUnit
from experiments.exceptions import FieldError
from experiments.services.values import FIRST_DAY, listed, quoted
from workspaces.models.reading import day_in, is_number
from workspaces.models.spelling import in_figures

Given = Decimal | int | float | str | None
Value = Decimal | int | None

KEY_FIELDS = ("campaign", "arm", "day", "source", "entity")
ROW_FIELDS = (*KEY_FIELDS, "reported_at", "currency", *MEASURES)

# Somewhere on earth a day begins fourteen hours before it begins in Greenwich.
EARLIEST_CLOCK = timezone(timedelta(hours=14))
# A sender's clock may be wrong by its time zone; a report from farther ahead would shut out every later one.
LARGEST_LEAD = timedelta(days=1)

LARGEST_COUNT = 10**12
# Four places and eleven digits before them are what SQLite keeps exactly.
DECIMAL_LIMIT = Decimal(10) ** 11
DECIMAL_STEP = Decimal("0.0001")

LONGEST_ENTITY = 120
ROWS_NAMED = 100
# Searching for the nearest name is slow; nobody reads further suggestions than these.
SUGGESTIONS = 20


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The totals of one arm's day so far.

    ``measures`` maps names out of ``choices.MEASURES`` to the value that replaces the stored one; ``None``
    clears it, and a measure left out stays. Texts are as they were sent: what is wrong is said by row.
    """

    campaign: str
    arm: str
    day: date | str
    source: str = ""
    entity: str = ""
    reported_at: datetime | str | None = None
    currency: str = ""
    measures: Mapping[str, Given] = {}


class Key(NamedTuple):
    """What an observation is of: database ids, but for the day and the platform's name of the entity."""

    arm_id: int
    day: date
    source_id: int
    entity: str


@dataclass(slots=True)
class Report:
    """A row that could be read. ``is_sound`` is whether all of it could."""

    row: int
    campaign: str
    arm: str
    day: date
    source: str
    entity: str
    reported_at: datetime
    values: dict[str, Value]
    is_sound: bool


class Faults:
    """What is wrong with which row."""

    def __init__(self) -> None:
        self._by_row: dict[int, list[FieldError]] = {}
        self._suggestions: dict[str, str] = {}

    def __len__(self) -> int:
        """The number of bad rows."""
        return len(self._by_row)

    def __contains__(self, row: int) -> bool:
        return row in self._by_row

    def add(self, row: int, code: str, message: str, field: str | None = None) -> None:
        error = FieldError(code=code, message=message, field=field, row=row)
        self._by_row.setdefault(row, []).append(error)

    def first(self) -> list[FieldError]:
        """All that is wrong with the first bad rows, in their order."""
        return [error for row in sorted(self._by_row)[:ROWS_NAMED] for error in self._by_row[row]]

    def nearest(self, name: str, known: Sequence[str]) -> str:
        """A question that names the likeliest of what is known, or nothing."""
        if name not in self._suggestions:
            if len(self._suggestions) >= SUGGESTIONS:
                return ""
            found = get_close_matches(name[:LONGEST_ENTITY], known, n=1)
            self._suggestions[name] = " " + _("Did you mean “{name}”?").format(name=found[0]) if found else ""
        return self._suggestions[name]


class RowReader:
    """Reads rows for one workspace at one moment; days and times that repeat are read once."""

    def __init__(self, *, currency: str, at: datetime, faults: Faults) -> None:
        self.currency = currency
        self.at = at
        self.faults = faults
        self.last_day = at.astimezone(EARLIEST_CLOCK).date()
        self._days: dict[date | str, date | FieldError] = {}
        self._times: dict[datetime | str, datetime | FieldError] = {}

    def reports(self, rows: Sequence[Row | FieldError]) -> Iterator[Report]:
        """The rows whose key could be read; complaints go to ``faults``.

        A row that a decoder could not read stands in the sequence as its error.
        """
        for index, row in enumerate(rows):
            if isinstance(row, FieldError):
                self.faults.add(index, row.code, row.message, row.field)
            elif (report := self._report(index, row)) is not None:
                yield report

    def _report(self, index: int, row: Row) -> Report | None:
        faults = self.faults
        day = self._day(row.day)
        reported_at = self.at if row.reported_at is None else self._time(row.reported_at)
        if isinstance(day, FieldError):
            faults.add(index, day.code, day.message, "day")
        if isinstance(reported_at, FieldError):
            faults.add(index, reported_at.code, reported_at.message, "reported_at")
        if not row.campaign:
            faults.add(index, "required", _("The campaign is missing: give its key."), "campaign")
        if not row.arm:
            faults.add(index, "required", _("The arm is missing: give its key."), "arm")
        # Blanks around an id say nothing; in a CSV they are none of it anyway.
        entity = row.entity.strip()
        if len(entity) > LONGEST_ENTITY or "\x00" in entity:
            faults.add(
                index,
                "invalid_entity",
                _("An entity is an id of at most {most} characters, without NUL.").format(
                    most=LONGEST_ENTITY
                ),
                "entity",
            )
        if row.currency and row.currency.strip().upper() != self.currency:
            faults.add(
                index,
                "currency_mismatch",
                _(
                    "This workspace counts in {currency} and the row in {other}. Convert the "
                    "amounts to {currency}, or post them to a workspace that counts in {other}."
                ).format(currency=self.currency, other=quoted(row.currency)),
                "currency",
            )
        values = {}
        for name, given in row.measures.items():
            value = self._value(name, given)
            if isinstance(value, FieldError):
                faults.add(index, value.code, value.message, name)
            else:
                values[name] = value
        if isinstance(day, FieldError) or isinstance(reported_at, FieldError):
            return None
        return Report(
            row=index,
            campaign=row.campaign,
            arm=row.arm,
            day=day,
            source=row.source,
            entity=entity,
            reported_at=reported_at,
            values=values,
            is_sound=index not in faults,
        )

    def _day(self, given: date | str) -> date | FieldError:
        if given not in self._days:
            self._days[given] = read_day(given, last_day=self.last_day)
        return self._days[given]

    def _time(self, given: datetime | str) -> datetime | FieldError:
        if given not in self._times:
            self._times[given] = read_time(given, at=self.at)
        return self._times[given]

    def _value(self, name: str, given: Given) -> Value | FieldError:
        read = _READERS.get(name)
        if read is None:
            hint = self.faults.nearest(name, ROW_FIELDS)
            return FieldError(
                "unknown_field", _("A row has no field “{name}”.{hint}").format(name=quoted(name), hint=hint)
            )
        return None if given is None else read(given)


def read_day(given: date | str, *, last_day: date) -> date | FieldError:
    """The day, which has begun at least somewhere on earth."""
    if not given:
        return FieldError("required", _("The day is missing: give it as YYYY-MM-DD."))
    if isinstance(given, str):
        read = day_in(given)
        if read is None:
            return FieldError(
                "invalid_day", _("“{given}” is no day. Give it as YYYY-MM-DD.").format(given=quoted(given))
            )
        day = read
    else:
        day = given
    if day < FIRST_DAY:
        return FieldError(
            "invalid_day",
            _("{day} is before {first_day}, where Quickno's calendar begins.").format(
                day=day, first_day=FIRST_DAY
            ),
        )
    if day > last_day:
        return FieldError(
            "day_in_future",
            _(
                "{day} has not begun anywhere on earth. The last day that can have numbers is {last_day}."
            ).format(day=day, last_day=last_day),
        )
    return day


def read_time(given: datetime | str, *, at: datetime) -> datetime | FieldError:
    """The moment of a report, in UTC."""
    if isinstance(given, str):
        try:
            time = datetime.fromisoformat(given)
        except ValueError:
            return FieldError(
                "invalid_time",
                _("“{given}” is no time. Give it as 2026-11-20T08:15:00+00:00.").format(given=quoted(given)),
            )
    else:
        time = given
    if time.tzinfo is None:
        return FieldError(
            "invalid_time",
            _("“{given}” lacks the time zone. Add an offset, as in {time}+00:00.").format(
                given=quoted(given), time=time.isoformat()
            ),
        )
    try:
        time = time.astimezone(UTC)
    except OverflowError:
        return FieldError(
            "invalid_time", _("“{given}” is outside of the calendar.").format(given=quoted(given))
        )
    if time.date() < FIRST_DAY:
        return FieldError(
            "invalid_time",
            _("{given} is before {first_day}, where Quickno's calendar begins.").format(
                given=quoted(given), first_day=FIRST_DAY
            ),
        )
    if time > at + LARGEST_LEAD:
        return FieldError(
            "reported_in_future",
            _(
                "The report says it was made at {time}, more than a day from now. Check the clock; "
                "such a report would shut out all that follow."
            ).format(time=time.isoformat()),
        )
    return time


def read_whole(given: Given) -> int | FieldError:
    """A whole number from 0 to 10¹²."""
    if type(given) is int:
        if 0 <= given <= LARGEST_COUNT:
            return given
        number: Decimal | int = given
    else:
        read = _read_number(given)
        if isinstance(read, FieldError):
            return read
        number = read
    if number < 0:
        return FieldError(
            "negative", _("{given} is below zero, which cannot be counted.").format(given=quoted(given))
        )
    if number > LARGEST_COUNT:
        return FieldError(
            "out_of_range",
            _("{given} is more than {most}.").format(
                given=quoted(given), most=in_figures(f"{LARGEST_COUNT:,}")
            ),
        )
    if number != (whole := int(number)):
        return FieldError(
            "not_whole",
            _("{given} is not whole, and this is counted one by one.").format(given=quoted(given)),
        )
    return whole


def read_decimal(given: Given) -> Decimal | FieldError:
    """A number from 0 to below 10¹¹, kept to four decimal places (half to even)."""
    number = _read_number(given)
    if isinstance(number, FieldError):
        return number
    if number < 0:
        return FieldError("negative", _("{given} is below zero.").format(given=quoted(given)))
    # The limit comes first: to round 1e999999 would take all memory.
    if number >= DECIMAL_LIMIT or (rounded := number.quantize(DECIMAL_STEP)) >= DECIMAL_LIMIT:
        return FieldError(
            "out_of_range",
            _("{given} is not below {most}.").format(
                given=quoted(given), most=in_figures(f"{DECIMAL_LIMIT:,}")
            ),
        )
    return abs(rounded)


def _read_number(given: Given) -> Decimal | FieldError:
    if isinstance(given, str):
        if not is_number(given):
            return FieldError("not_a_number", _("“{given}” is not a number.").format(given=quoted(given)))
        given_number: str | int | Decimal = given
    elif isinstance(given, float):
        given_number = repr(given)
    elif isinstance(given, bool) or not isinstance(given, int | Decimal):
        return FieldError("not_a_number", _("{given} is not a number.").format(given=quoted(given)))
    else:
        given_number = given
    try:
        number = Decimal(given_number)
    except InvalidOperation:
        # Written like a number, with an exponent beyond what even Decimal counts.
        return FieldError(
            "out_of_range",
            _("{given} is not below {most}.").format(
                given=quoted(given), most=in_figures(f"{DECIMAL_LIMIT:,}")
            ),
        )
    if not number.is_finite():
        return FieldError("not_a_number", _("{given} is not a number.").format(given=quoted(given)))
    return number


_READERS: dict[str, Callable[[Given], Value | FieldError]] = {
    name: read_whole if measure.unit == MeasureUnit.WHOLE else read_decimal
    for name, measure in MEASURES.items()
}


def known_list(names: Sequence[str]) -> str:
    """The names that a sender may choose from, as many as a sentence can hold."""
    shown = 12
    if not names:
        return "none"
    return (
        listed(names) if len(names) <= shown else f"{', '.join(names[:shown])} and {len(names) - shown} more"
    )
