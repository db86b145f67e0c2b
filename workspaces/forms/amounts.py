"""Amounts as people type them. What can be read in one way only is read; anything else is asked.

A language that groups by points, as German does, is read as it is written: 1.500 is its fifteen hundred.
"""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import get_currency_symbol
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from workspaces.models import Workspace
from workspaces.models.reading import number_in
from workspaces.models.spelling import in_figures, in_percent

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}
_SHAPE = re.compile(r"(?P<number>[0-9][0-9.,]*|[.,][0-9]+)(?P<factor>[km]?)", re.IGNORECASE)
# Blanks and apostrophes only ever group digits: 1 500, 1'500.
_BLANKS = re.compile(r"(?<=[0-9])[\s\u00a0\u2009\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
_GROUP = 3
# More than anything holds that is counted here, and so few that reading them rounds nothing.
_MOST_DIGITS = 20


def parse_number(text: str, *, places: int, usual: int | None = None) -> Decimal:
    """Read a number with at most ``places`` decimals: 1500, 1,500.50, 1.500,50, 1 500, 2k, 1.5m.

    A lone separator before exactly three digits may group thousands or begin the decimals. Where fewer than
    three decimals are ``usual``, as for dollars, a comma groups; where three are, a point begins decimals.
    Everything else that can be read in two ways is asked about.
    """
    compact = _BLANKS.sub("", text.strip())
    if compact[:1] in {"-", "\u2212"}:
        raise ValidationError(_("Give an amount above zero."), code="negative")
    shape = _SHAPE.fullmatch(compact)
    if shape is None:
        raise ValidationError(
            _("“{text}” is not an amount. Write it like 1500 or {example}.").format(
                text=text, example=in_figures("1,500.50")
            ),
            code="invalid",
        )
    whole, decimals = _split(shape["number"], text=text, usual=usual)
    number = Decimal(f"{whole or 0}.{decimals}") * _FACTORS[shape["factor"].lower()]
    if len(whole) + len(decimals) > _MOST_DIGITS or number.adjusted() >= _MOST_DIGITS:
        raise ValidationError(_("“{text}” has too many digits.").format(text=text), code="too_large")
    if number != round(number, places):
        raise ValidationError(
            _("“{text}” has more than {places} decimals.").format(text=text, places=places)
            if places
            else _("“{text}”: give a whole number.").format(text=text),
            code="too_precise",
        )
    return number


def _split(number: str, *, text: str, usual: int | None) -> tuple[str, str]:
    """The digits before and after the decimal separator."""
    separators = re.findall(r"[.,]", number)
    if not separators:
        return number, ""
    last = separators[-1]
    if len(set(separators)) == 1 and len(separators) > 1:
        return _ungrouped(number, last, text), ""
    whole, decimals = number.rsplit(last, 1)
    if len(set(separators)) > 1:
        if last in whole:
            raise _unreadable(text)
        return _ungrouped(whole, separators[0], text), decimals
    can_group = len(decimals) == _GROUP and 1 <= len(whole) <= _GROUP and not whole.startswith("0")
    if not can_group:
        return whole, decimals
    if usual is not None:
        point = in_figures(".")
        if last != point and usual < _GROUP:
            return whole + decimals, ""
        if last == point and usual >= _GROUP:
            return whole, decimals
    raise ValidationError(
        _(
            "“{text}” can be read in two ways. Write {thousands} for thousands, or {fraction} for decimals."
        ).format(
            text=text,
            thousands=f"{whole}{decimals}",
            fraction=in_figures(f"{whole}.{decimals.rstrip('0') or '0'}"),
        ),
        code="ambiguous",
    )


def _ungrouped(digits: str, separator: str, text: str) -> str:
    first, *groups = digits.split(separator)
    if not 1 <= len(first) <= _GROUP or any(len(group) != _GROUP for group in groups):
        raise _unreadable(text)
    return first + "".join(groups)


def _unreadable(text: str) -> ValidationError:
    return ValidationError(
        _("“{text}” is not an amount: its groups of digits do not fit. Write it like {example}.").format(
            text=text, example=in_figures("1,500.50")
        ),
        code="invalid",
    )


def parse_money(text: str, *, workspace: Workspace, places: int | None = None) -> Decimal:
    """Read an amount in the workspace's currency; ``places`` default to the currency's."""
    currency = workspace.currency
    amount = text.strip()
    for mark in (
        currency,
        get_currency_symbol(currency, locale="en"),
        get_currency_symbol(currency, locale="en_US"),
    ):
        if amount.upper().startswith(mark.upper()):
            amount = amount[len(mark) :].strip()
        elif amount.upper().endswith(mark.upper()):
            amount = amount[: -len(mark)].strip()
    if re.search(r"[€$£¥₹₽₺₴₪฿₩]|[A-Za-z]{3}", amount):
        raise ValidationError(
            _("Amounts here are in {currency}. Write the number alone.").format(currency=currency),
            code="other_currency",
        )
    usual = workspace.currency_exponent
    return parse_number(amount, places=usual if places is None else places, usual=usual)


def parse_share(text: str) -> Decimal:
    """Read a share as a fraction: ``0.5%`` is 0.005. Without the sign, a number up to 1 is asked about."""
    text = text.strip()
    bare = text.removesuffix("%").strip()
    if bare and not any(letter.isdigit() for letter in bare):
        raise ValidationError(
            _("“{text}” is not a percentage. Write it like {example}.").format(
                text=text, example=in_percent("0.5")
            ),
            code="invalid",
        )
    if text.endswith("%"):
        percent = parse_number(bare, places=4)
    else:
        percent = parse_number(text, places=4)
        if percent <= 1:
            hundredfold = percent * 100
            raise ValidationError(
                _("Is that {less} or {more}? Write the % sign.").format(
                    less=in_percent(f"{percent.normalize():f}"),
                    more=in_percent(f"{hundredfold.normalize():f}"),
                ),
                code="ambiguous",
            )
    return percent / 100


class Typed(str):
    """What somebody has typed into a field."""

    __slots__ = ()


class _TypedAmount(forms.CharField):
    """Text that is read as a number, and given back as it was typed where it cannot be."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(
        self,
        *,
        allow_zero: bool = False,
        required: bool = True,
        label: "_StrOrPromise | None" = None,
        help_text: "_StrOrPromise" = "",
    ) -> None:
        super().__init__(max_length=40, required=required, label=label, help_text=help_text)
        self.allow_zero = allow_zero

    def parse(self, text: str) -> Decimal:
        raise NotImplementedError

    def bound_data(self, data: Any, initial: Any) -> Any:
        return Typed(data) if isinstance(data, str) else data

    def prepare_value(self, value: object) -> object:
        """What was typed stays as it was typed; what is there already is shown as it would be typed."""
        return value if value is None or isinstance(value, Typed) else self.shown(value)

    def shown(self, value: object) -> str:
        text = str(value)
        number, _sign, _rest = text.partition("%")
        return text if number_in(number) is None else text.replace(number, in_figures(number))

    def clean(self, value: object) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        number = self.parse(text)
        if not number and not self.allow_zero:
            raise ValidationError(_("Give an amount above zero."), code="zero")
        return number


class MoneyField(_TypedAmount):
    """Money in the workspace's currency as people type it: 2k, 1,500.50, 1.500,50, $1500."""

    # Given by the form, which knows its workspace.
    workspace: Workspace

    def parse(self, text: str) -> Decimal:
        return parse_money(text, workspace=self.workspace)


class ShareField(_TypedAmount):
    """A share as a percentage: 20%, 0.5%; the value is the fraction."""

    def parse(self, text: str) -> Decimal:
        return parse_share(text)

    def shown(self, value: object) -> str:
        """A fraction from the database is shown as a percentage."""
        if isinstance(value, str):
            return super().shown(value)
        return in_percent(f"{(Decimal(str(value)) * 100).normalize():f}")
