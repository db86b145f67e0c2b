"""Reading what a caller sent, field by field, so that everything that is wrong with it is said at once."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import TextChoices

from experiments.choices import METRICS, Metric
from experiments.exceptions import FieldError, Invalid
from workspaces.models import Workspace
from workspaces.models.reading import number_in
from workspaces.models.workspace import KEY_VALIDATOR

ChoicesT = TypeVar("ChoicesT", bound=TextChoices)

# SQLite keeps a decimal as a binary fraction: beyond 15 digits it would round without a word.
LARGEST_NUMBER = Decimal(10) ** 9
LARGEST_MONEY = Decimal(10) ** 11
LONGEST_QUOTE = 60
_IN_JSON = {None: "null", True: "true", False: "false"}
# What a sentence calls a field whose name is no noun.
_LABELS = {
    "because": "evidence (because)",
    "mde_relative": "smallest effect worth having (mde_relative)",
    "stands_at": "value that it stands at today (stands_at)",
    "money_per_day": "money a day",
    "predicted_success": "predicted chance of success",
    "starts_on": "first day",
    "ends_on": "last day",
    "runs_until": "last day",
    "until": "day until which it holds",
    "days": "number of days",
    "impressions": "number of impressions",
    "clicks": "number of clicks",
    "conversions": "number of conversions",
    "carry_to": "sprint to carry it to",
}
# Room for a sprint's arithmetic on either side of any day that a person means.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


class Values:
    """What a caller sent under one name. Each read checks one field; complaints are kept, not raised.

    A field that was refused reads as ``None`` (text as ""), so ``raise_errors`` comes before any use.
    ``path`` is put before the names of nested fields: ``arms.1.planned_share``, counted from 0.
    """

    def __init__(self, given: Mapping[str, Any], *, known: Collection[str], path: str = "") -> None:
        self.given = given
        self.path = path
        self.errors: list[FieldError] = []
        for name in given:
            if name not in known:
                shown = quoted(name)
                self.refuse(shown, "unknown_field", f"There is no field “{shown}” here.")

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) not in (None, "")

    def refuse(self, name: str, code: str, message: str) -> None:
        self.errors.append(FieldError(code=code, message=message, field=f"{self.path}{name}"))

    def require(self, name: str) -> bool:
        """Whether something was given; complains if not."""
        if name in self:
            return True
        self.refuse(name, "required", f"The {_words(name)} is missing.")
        return False

    def text(self, name: str, *, longest: int, required: bool = True, label: str = "") -> str:
        """A text without blanks around it; "" where nothing was given."""
        value = self.given.get(name)
        label = label or _words(name)
        if value is None:
            value = ""
        if not isinstance(value, str) or not _is_whole(value):
            self.refuse(name, "not_a_text", f"The {label} is a text, not {quoted(value)}.")
            return ""
        value = value.strip()
        if "\x00" in value:
            self.refuse(name, "nul_character", f"The {label} contains a NUL character. Take it out.")
            return ""
        if len(value) > longest:
            self.refuse(name, "too_long", f"The {label} has {len(value)} characters; it may have {longest}.")
            return ""
        if required and not value:
            self.refuse(name, "required", f"The {label} is missing.")
        return value

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        """A list of texts, none of them empty."""
        rows = {str(position): row for position, row in enumerate(self.rows(name, most=most))}
        entries = Values(rows, known=rows, path=f"{self.path}{name}.")
        texts = [
            entries.text(position, longest=longest, label=f"entry {int(position) + 1} of the {_words(name)}")
            for position in rows
        ]
        self.errors += entries.errors
        return texts

    def key(self, name: str, *, longest: int, reserved: Collection[str] = ()) -> str:
        """A key as addresses and files carry it."""
        value = self.text(name, longest=longest)
        if value and not re.fullmatch(KEY_VALIDATOR.regex, value):
            self.refuse(
                name,
                "malformed_key",
                f"“{quoted(value)}” is no {_words(name)}. Use lower-case letters, digits, hyphens and "
                "underscores, beginning with a letter or digit.",
            )
            return ""
        if value in reserved:
            self.refuse(name, "reserved_key", f"“{value}” has a meaning of its own here. Choose another key.")
            return ""
        return value

    def choice(
        self, name: str, choices: type[ChoicesT], *, default: ChoicesT | None = None
    ) -> ChoicesT | None:
        """One of ``choices``; required where there is no default."""
        if name not in self and default is not None:
            return default
        if not self.require(name):
            return None
        value = self.given[name]
        if isinstance(value, str) and value in choices.values:
            return choices(value)
        self.refuse(
            name,
            "unknown_choice",
            f"“{quoted(value)}” is no {_words(name)}. Use {listed(choices.values, last='or')}.",
        )
        return None

    def metric(self, name: str) -> Metric | None:
        """A metric by its key; required."""
        if not self.require(name):
            return None
        value = self.given[name]
        metric = METRICS.get(value) if isinstance(value, str) else None
        if metric is None:
            self.refuse(
                name,
                "unknown_metric",
                f"“{quoted(value)}” is no metric. Use {listed(METRICS, last='or')}.",
            )
        return metric

    def amount(self, name: str, *, places: int, below: Decimal = LARGEST_NUMBER) -> Decimal | None:
        """A number above zero with at most so many decimal places; ``None`` where nothing was given."""
        if name not in self:
            return None
        number = decimal_or_none(self.given[name])
        if number is None:
            self.refuse(
                name, "not_a_number", f"The {_words(name)} is a number, not “{quoted(self.given[name])}”."
            )
        elif number <= 0:
            self.refuse(
                name, "not_positive", f"The {_words(name)} is above zero; {quoted(number)} was given."
            )
        elif number >= below:
            self.refuse(
                name, "out_of_range", f"The {_words(name)} is below {below:,}; {quoted(number)} was given."
            )
        elif number != (rounded := number.quantize(Decimal(1).scaleb(-places))):
            self.refuse(
                name,
                "too_precise",
                f"The {_words(name)} has {places_in_words(places)}; {quoted(number)} was given.",
            )
        else:
            return rounded
        return None

    def money(self, name: str, *, workspace: Workspace) -> Decimal | None:
        """An amount in the workspace's currency, in whole units of its smallest coin."""
        if name not in self:
            return None
        before = len(self.errors)
        amount = self.amount(name, places=workspace.currency_exponent, below=LARGEST_MONEY)
        if len(self.errors) > before and self.errors[-1].code == "too_precise":
            self.errors.pop()
            self.refuse(
                name,
                "too_precise",
                f"The {_words(name)} is an amount of {workspace.currency}, which has "
                f"{places_in_words(workspace.currency_exponent)}; {quoted(self.given[name])} was given.",
            )
        return amount

    def metric_value(self, name: str, *, metric: Metric | None) -> Decimal | None:
        """A value on the metric's own scale, above zero; ``None`` where nothing was given."""
        number = self.amount(name, places=6)
        if number is not None and metric is not None and metric.is_share and number >= 1:
            self.refuse(
                name,
                "not_a_fraction",
                f"The {metric.label} is a fraction below 1, so the {_words(name)} cannot be "
                f"{number.normalize():f}. {number.normalize():f}% is {(number / 100).normalize():f}.",
            )
            return None
        return number

    def fraction(
        self,
        name: str,
        *,
        low: float = 0,
        high: float = 1,
        open_low: bool = False,
        open_high: bool = False,
    ) -> float | None:
        """A number between two ends; ``None`` where nothing was given."""
        if name not in self:
            return None
        number = decimal_or_none(self.given[name])
        value = math.nan if number is None else float(number)
        above = value > low if open_low else value >= low
        below = value < high if open_high else value <= high
        if above and below:
            return value
        lowest = f"{'above' if open_low else 'at least'} {low:g}"
        highest = f"{'below' if open_high else 'at most'} {high:g}"
        self.refuse(
            name,
            "out_of_range",
            f"The {_words(name)} is {lowest} and {highest}; {quoted(self.given[name])} was given.",
        )
        return None

    def whole(self, name: str, *, low: int, high: int) -> int | None:
        """A whole number between two ends; ``None`` where nothing was given."""
        if name not in self:
            return None
        number = decimal_or_none(self.given[name])
        if number is not None and low <= number <= high and number == number.to_integral_value():
            return int(number)
        self.refuse(
            name,
            "out_of_range",
            f"The {_words(name)} is a whole number from {low:,} to {high:,}; "
            f"{quoted(self.given[name])} was given.",
        )
        return None

    def flag(self, name: str) -> bool:
        """Yes or no; no where nothing was given."""
        value = self.given.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.refuse(name, "not_a_flag", f"The field {_words(name)} is true or false, not {quoted(value)}.")
        return False

    def day(self, name: str, *, required: bool = True) -> date | None:
        if name not in self:
            if required:
                self.require(name)
            return None
        value = self.given[name]
        if isinstance(value, date) and FIRST_DAY <= value <= LAST_DAY:
            return value
        self.refuse(
            name, "not_a_day", f"The {_words(name)} is a day between 2000 and 2100, not {quoted(value)}."
        )
        return None

    def rows(self, name: str, *, most: int) -> list[Any]:
        """A list of at most so many things; empty where nothing was given."""
        value = self.given.get(name)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.refuse(name, "not_a_list", f"The field {_words(name)} is a list.")
            return []
        if len(value) > most:
            self.refuse(
                name, "too_many", f"The field {_words(name)} has {len(value)} entries; it may have {most}."
            )
            return []
        return list(value)

    def nested(self, name: str, row: Any, *, known: Collection[str]) -> "Values | None":
        """The fields of one entry of a list, named as ``name.field``."""
        if isinstance(row, Mapping):
            return Values(row, known=known, path=f"{self.path}{name}.")
        self.refuse(name, "not_an_object", f"An entry here has fields; {quoted(row)} has none.")
        return None

    def raise_errors(self) -> None:
        if self.errors:
            raise invalid(self.errors)


def invalid(errors: Sequence[FieldError]) -> Invalid:
    """All complaints as one refusal; one alone lends it its code."""
    code = errors[0].code if len(errors) == 1 else "invalid"
    return Invalid(code, " ".join(error.message for error in errors), errors=errors)


def decimal_or_none(value: object) -> Decimal | None:
    """The number as it was written, or ``None`` if it is none: NaN, infinity and a yes are no numbers."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        return None
    if isinstance(value, str):
        return number_in(value)
    number = Decimal(str(value) if isinstance(value, float) else value)
    return number if number.is_finite() else None


def listed(names: Collection[object], *, last: str = "and") -> str:
    """``a, b and c``."""
    words = [str(name) for name in names]
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def quoted(value: object) -> str:
    """What was sent, short enough for a sentence."""
    text = str(value).encode(errors="replace").decode()
    if value is None or isinstance(value, bool):
        text = _IN_JSON[value]
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def places_in_words(places: int) -> str:
    return {0: "no decimal places", 1: "at most one decimal place"}.get(
        places, f"at most {places} decimal places"
    )


def _words(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " "))


def _is_whole(text: str) -> bool:
    """Whether every character is one: JSON can carry half of a surrogate pair, which no database stores."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
