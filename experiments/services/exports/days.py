"""Days as exports write them, and the order of day and month, which a whole file must agree on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.exceptions import FieldError, Invalid
from experiments.services.values import listed
from workspaces.models.spelling import as_day

DayOrder = Literal["dmy", "mdy"]

_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_TIME}")
_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{4}}|[0-9]{{2}}){_TIME}")
_WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DAY_MONTH = re.compile(rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})\.?[\s-]+{_MONTH},?[\s-]+(?P<year>[0-9]{{4}})")
_MONTH_DAY = re.compile(rf"{_WEEKDAY}{_MONTH}\s+(?P<day>[0-9]{{1,2}}),?\s+(?P<year>[0-9]{{4}})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST_MONTH = 12


@dataclass(frozen=True, slots=True)
class NumericDay:
    """``2/6/2026``: a day and a month in an order still to be agreed."""

    written: str
    first: int
    second: int
    year: int

    @property
    def proves(self) -> DayOrder | None:
        if self.first > _LAST_MONTH:
            return "dmy"
        return "mdy" if self.second > _LAST_MONTH else None

    @property
    def is_doubtful(self) -> bool:
        """Whether both readings are days, and different ones."""
        readings = {self.day("dmy"), self.day("mdy")}
        return None not in readings and len(readings) > 1

    def day(self, order: DayOrder) -> date | None:
        day, month = (self.first, self.second) if order == "dmy" else (self.second, self.first)
        return _date(self.year, month, day)


# Thousands of lines share a few days.
@lru_cache(maxsize=4096)
def read_day(cell: str) -> date | NumericDay | None:
    """The day in a cell, one whose order is to be agreed, or ``None`` if there is none."""
    if found := _YEAR_FIRST.fullmatch(cell) or _PLAIN.fullmatch(cell):
        return _date(*(int(part) for part in found.groups()))
    if found := _YEAR_LAST.fullmatch(cell):
        first, second, year = (int(part) for part in found.groups())
        return NumericDay(cell, first, second, year if year > 99 else 2000 + year)  # noqa: PLR2004
    found = _DAY_MONTH.fullmatch(cell) or _MONTH_DAY.fullmatch(cell)
    month = found["month"][:3].lower() if found else ""
    if found is None or month not in _MONTHS:
        return None
    return _date(int(found["year"]), _MONTHS.index(month) + 1, int(found["day"]))


def agree_on_order(
    days: Iterable[tuple[int, NumericDay]], *, given: DayOrder | None
) -> DayOrder | FieldError:
    """The order of day and month in a whole file, or the question that its reader must answer.

    ``days`` are (line, day). Raises ``Invalid`` where lines disagree.
    """
    if given is not None:
        return given
    proofs: dict[DayOrder, tuple[int, str]] = {}
    doubtful: NumericDay | None = None
    for line, day in days:
        if day.proves is not None:
            proofs.setdefault(day.proves, (line, day.written))
        elif doubtful is None and day.is_doubtful:
            doubtful = day
    if len(proofs) > 1:
        (dmy_line, dmy), (mdy_line, mdy) = proofs["dmy"], proofs["mdy"]
        raise Invalid(
            "mixed_day_orders",
            _(
                "Line {dmy_line} writes “{dmy}” with the day first and line {mdy_line} writes "
                "“{mdy}” with the month first. Export the file with one way of writing days."
            ).format(dmy_line=dmy_line, dmy=dmy, mdy_line=mdy_line, mdy=mdy),
        )
    if proofs:
        return next(iter(proofs))
    if doubtful is not None:
        readings = [
            as_day(on, pgettext("pattern of a date", "d MMMM y"))
            for order in ("dmy", "mdy")
            if (on := doubtful.day(order))
        ]
        return FieldError(
            "day_order",
            _(
                "Is “{written}” {readings}? Nothing in the file tells. Say “dmy” (day first) or "
                "“mdy” (month first)."
            ).format(written=doubtful.written, readings=listed(readings, last="or")),
            "day_order",
        )
    return "dmy"


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
