"""Reading what a caller sent, field by field."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _

from experiments.choices import METRICS, Metric
from experiments.exceptions import FieldError, Invalid
from experiments.services.values.labels import label_of
from experiments.services.values.wording import listed, places_in_words, quoted
from workspaces.models import Workspace
from workspaces.models.reading import number_in
from workspaces.models.spelling import in_figures
from workspaces.models.words import WORD_LENGTH, check_word
from workspaces.models.workspace import KEY_VALIDATOR

ChoicesT = TypeVar("ChoicesT", bound=TextChoices)
# SQLite keeps a decimal as a binary fraction: beyond 15 digits it would round without a word.
LARGEST_NUMBER = Decimal(10) ** 9
LARGEST_MONEY = Decimal(10) ** 11
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
                self.refuse(
                    shown,
                    "unknown_field",
                    _("There is no field “{shown}” here. There are: {names}.").format(
                        shown=shown, names=", ".join(sorted(known))
                    ),
                )

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) not in (None, "")

    def refuse(self, name: str, code: str, message: str) -> None:
        self.errors.append(FieldError(code=code, message=message, field=f"{self.path}{name}"))

    def require(self, name: str) -> bool:
        """Whether something was given; complains if not."""
        if name in self:
            return True
        self.refuse(name, "required", _("The {field} is missing.").format(field=label_of(name)))
        return False

    def text(self, name: str, *, longest: int, required: bool = True, label: str = "") -> str:
        """A text without blanks around it; "" where nothing was given."""
        value = self.given.get(name)
        label = label or label_of(name)
        if value is None:
            value = ""
        if not isinstance(value, str) or not _is_whole(value):
            self.refuse(
                name,
                "not_a_text",
                _("The {label} is a text, not {value}.").format(label=label, value=quoted(value)),
            )
            return ""
        value = value.strip()
        if "\x00" in value:
            self.refuse(
                name,
                "nul_character",
                _("The {label} contains a NUL character. Take it out.").format(label=label),
            )
            return ""
        if len(value) > longest:
            self.refuse(
                name,
                "too_long",
                _("The {label} has {count} characters; it may have {longest}.").format(
                    label=label, count=len(value), longest=longest
                ),
            )
            return ""
        if required and not value:
            self.refuse(name, "required", _("The {field} is missing.").format(field=label))
        return value

    def word(self, name: str) -> str:
        """The team's own word for something; "" where nothing was given."""
        value = self.text(name, longest=WORD_LENGTH, required=False)
        try:
            if value:
                check_word(value)
        except ValidationError as error:
            self.refuse(name, "no_word", " ".join(error.messages))
            return ""
        return value

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        """A list of texts, none of them empty."""
        rows = {str(position): row for position, row in enumerate(self.rows(name, most=most))}
        entries = Values(rows, known=rows, path=f"{self.path}{name}.")
        texts = [
            entries.text(
                position,
                longest=longest,
                label=_("entry {position} of the {field}").format(
                    position=int(position) + 1, field=label_of(name)
                ),
            )
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
                _(
                    "“{value}” is no {field}. Use lower-case letters, digits, hyphens and underscores, "
                    "beginning with a letter or digit."
                ).format(value=quoted(value), field=label_of(name)),
            )
            return ""
        if value in reserved:
            self.refuse(
                name,
                "reserved_key",
                _("“{value}” has a meaning of its own here. Choose another key.").format(value=value),
            )
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
            _("“{value}” is no {field}. Use {names}.").format(
                value=quoted(value), field=label_of(name), names=listed(choices.values, last="or")
            ),
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
                _("“{value}” is no metric. Use {names}.").format(
                    value=quoted(value), names=listed(METRICS, last="or")
                ),
            )
        return metric

    def amount(self, name: str, *, places: int, below: Decimal = LARGEST_NUMBER) -> Decimal | None:
        """A number above zero with at most so many decimal places; ``None`` where nothing was given."""
        if name not in self:
            return None
        number = decimal_or_none(self.given[name])
        if number is None:
            self.refuse(
                name,
                "not_a_number",
                _("The {field} is a number, not “{given}”.").format(
                    field=label_of(name), given=quoted(self.given[name])
                ),
            )
        elif number <= 0:
            self.refuse(
                name,
                "not_positive",
                _("The {field} is above zero; {number} was given.").format(
                    field=label_of(name), number=quoted(number)
                ),
            )
        elif number >= below:
            self.refuse(
                name,
                "out_of_range",
                _("The {field} is below {below}; {number} was given.").format(
                    field=label_of(name), below=in_figures(f"{below:,}"), number=quoted(number)
                ),
            )
        elif number != (rounded := number.quantize(Decimal(1).scaleb(-places))):
            self.refuse(
                name,
                "too_precise",
                _("The {field} has {places}; {number} was given.").format(
                    field=label_of(name), places=places_in_words(places), number=quoted(number)
                ),
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
                _("The {field} is an amount of {currency}, which has {places}; {given} was given.").format(
                    field=label_of(name),
                    currency=workspace.currency,
                    places=places_in_words(workspace.currency_exponent),
                    given=quoted(self.given[name]),
                ),
            )
        return amount

    def metric_value(self, name: str, *, metric: Metric | None) -> Decimal | None:
        """A value on the metric's own scale, above zero; ``None`` where nothing was given."""
        number = self.amount(name, places=6)
        if number is not None and metric is not None and metric.is_share and number >= 1:
            self.refuse(
                name,
                "not_a_fraction",
                _(
                    "The {metric} is a fraction below 1, so the {field} cannot be {number}. {number}% is "
                    "{fraction}."
                ).format(
                    metric=metric.label,
                    field=label_of(name),
                    number=in_figures(f"{number.normalize():f}"),
                    fraction=in_figures(f"{(number / 100).normalize():f}"),
                ),
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
        lowest = _("above {number}") if open_low else _("at least {number}")
        highest = _("below {number}") if open_high else _("at most {number}")
        self.refuse(
            name,
            "out_of_range",
            _("The {field} is {lowest} and {highest}; {given} was given.").format(
                field=label_of(name),
                lowest=lowest.format(number=in_figures(f"{low:g}")),
                highest=highest.format(number=in_figures(f"{high:g}")),
                given=quoted(self.given[name]),
            ),
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
            _("The {field} is a whole number from {low} to {high}; {given} was given.").format(
                field=label_of(name),
                low=in_figures(f"{low:,}"),
                high=in_figures(f"{high:,}"),
                given=quoted(self.given[name]),
            ),
        )
        return None

    def flag(self, name: str) -> bool:
        """Yes or no; no where nothing was given."""
        value = self.given.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.refuse(
            name,
            "not_a_flag",
            _("The field {field} is true or false, not {value}.").format(
                field=label_of(name), value=quoted(value)
            ),
        )
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
            name,
            "not_a_day",
            _("The {field} is a day between 2000 and 2100, not {value}.").format(
                field=label_of(name), value=quoted(value)
            ),
        )
        return None

    def rows(self, name: str, *, most: int) -> list[Any]:
        """A list of at most so many things; empty where nothing was given."""
        value = self.given.get(name)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.refuse(name, "not_a_list", _("The field {field} is a list.").format(field=label_of(name)))
            return []
        if len(value) > most:
            self.refuse(
                name,
                "too_many",
                _("The field {field} has {count} entries; it may have {most}.").format(
                    field=label_of(name), count=len(value), most=most
                ),
            )
            return []
        return list(value)

    def nested(self, name: str, row: Any, *, known: Collection[str]) -> "Values | None":
        """The fields of one entry of a list, named as ``name.field``."""
        if isinstance(row, Mapping):
            return Values(row, known=known, path=f"{self.path}{name}.")
        self.refuse(
            name, "not_an_object", _("An entry here has fields; {row} has none.").format(row=quoted(row))
        )
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


def _is_whole(text: str) -> bool:
    """Whether every character is one: JSON can carry half of a surrogate pair, which no database stores."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
