"""Numbers as spreadsheets write them: ``25,881``, ``1.234,56``, ``US$1.92``, and the many ways of none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from django.utils.translation import gettext as _

from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.lines import Number

DecimalMark = Literal["point", "comma"]

_NOTHING = frozenset({"", "-", "--", "—", "–", "n/a", "na", "#n/a", "null", "not available"})
# What stands between groups of digits and is never a decimal mark: blanks of all widths, and apostrophes.
_GROUPING = re.compile(r"[\s\u00a0\u2009\u202f'’]")
_MONEY = re.compile(r"^(-?)([A-Za-z]{0,3}[$€£¥₽₹]?)([0-9.,]+)([$€£¥₽₹]?[A-Za-z]{0,3})$")
_SIGNS = {
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₽": "RUB",
    "₹": "INR",
    "A$": "AUD",
    "CA$": "CAD",
    "C$": "CAD",
}
_MARKS: dict[str, DecimalMark] = {".": "point", ",": "comma"}
_GROUP = 3


@dataclass(frozen=True, slots=True)
class Digits:
    """A number whose decimal mark is still to be agreed; ``currency`` where the cell names one."""

    written: str
    digits: str
    currency: str = ""
    # Whether it is a number already: there is nothing to agree on.
    is_number: bool = False

    def value(self, mark: DecimalMark) -> Decimal | None:
        """The number, or ``None`` where it makes no sense with that mark."""
        if self.is_number or self.digits.isdigit():
            return Decimal(self.digits)
        decimal, group = (".", ",") if mark == "point" else (",", ".")
        try:
            return Decimal(self.digits.replace(group, "").replace(decimal, "."))
        except InvalidOperation:
            return None


def is_nothing(cell: str) -> bool:
    """Whether the cell says that there is no value, which is not zero."""
    return not cell[:1].isdigit() and cell.strip().lower() in _NOTHING


def digits_of(cell: str) -> Digits | None:
    """The number in a cell, or ``None`` if it is none."""
    return Digits(cell, cell, is_number=True) if isinstance(cell, Number) else _written_digits(cell)


# Small counts repeat from line to line.
@lru_cache(maxsize=2**16)
def _written_digits(cell: str) -> Digits | None:
    if cell.isascii() and cell.isdigit():
        return Digits(cell, cell)
    found = _MONEY.fullmatch(_GROUPING.sub("", cell))
    if found is None:
        return None
    sign, before, digits, after = found.groups()
    if not re.search("[0-9]", digits):
        return None
    words = {word for word in (before, after) if word and word not in {"$", "¥"}}
    currencies = {_SIGNS.get(word, word.upper()) for word in words}
    if len(currencies) > 1 or any(
        len(currency) != _GROUP or not currency.isalpha() for currency in currencies
    ):
        return None
    return Digits(cell, sign + digits, currencies.pop() if currencies else "")


def vote(digits: str, *, is_whole: bool) -> DecimalMark | None:
    """Which decimal mark a number proves, or ``None`` where either would do.

    ``is_whole`` says that the number counts things one by one, so that a mark in it can only part groups.
    """
    digits = digits.lstrip("-")
    marks = [character for character in digits if character in _MARKS]
    if not marks:
        return None
    last = marks[-1]
    other = "," if last == "." else "."
    if len(set(marks)) > 1:
        return _MARKS[last]
    if len(marks) > 1:
        return _MARKS[other]
    head, _, tail = digits.partition(last)
    if len(tail) != _GROUP or len(head) > _GROUP or head in {"", "0"}:
        return _MARKS[last]
    return _MARKS[other] if is_whole else None


def agree_on_mark(
    numbers: Iterable[tuple[int, Digits, bool]], *, given: DecimalMark | None
) -> DecimalMark | FieldError:
    """The decimal mark of a whole file, or the question that its reader must answer.

    ``numbers`` are (line, number, whether it counts things one by one). Raises ``Invalid`` where lines
    disagree.
    """
    if given is not None:
        return given
    proofs: dict[DecimalMark, tuple[int, str]] = {}
    doubtful: tuple[int, str] | None = None
    for line, number, is_whole in numbers:
        if number.is_number or number.digits.isdigit():
            continue
        mark = vote(number.digits, is_whole=is_whole)
        if mark is not None:
            proofs.setdefault(mark, (line, number.written))
        elif doubtful is None and ("." in number.digits or "," in number.digits):
            doubtful = (line, number.written)
    if len(proofs) > 1:
        (point_line, point), (comma_line, comma) = proofs["point"], proofs["comma"]
        raise Invalid(
            "mixed_decimal_marks",
            _(
                "Line {point_line} writes “{point}” with a decimal point and line {comma_line} "
                "writes “{comma}” with a decimal comma. Export the file with one way of writing "
                "numbers."
            ).format(point_line=point_line, point=point, comma_line=comma_line, comma=comma),
        )
    if proofs:
        return next(iter(proofs))
    if doubtful is not None:
        line, written = doubtful
        return FieldError(
            "decimal_mark",
            _(
                "Does “{written}” in line {line} have a decimal point or a decimal comma? Nothing in "
                "the file tells. Say “point” or “comma”."
            ).format(written=written, line=line),
            "decimal_mark",
        )
    return "point"
