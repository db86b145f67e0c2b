"""How amounts and days are spelt, wherever they are said: on pages, in rules, in reasons and in refusals."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import format_currency

MINUS = "\u2212"
LOCALE = "en"

Number = Decimal | float | int


def on_day(day: date) -> str:
    """``Fri 27 Nov 2026``, in sentences that may be read in any year."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def in_currency(amount: Number, currency: str, *, whole: bool = False) -> str:
    """``$1,500.00``; ``whole`` drops the cents, for key figures and drawings. The minus is a real one."""
    value = Decimal(str(amount))
    if whole:
        value = value.quantize(Decimal(1), ROUND_HALF_EVEN)
    text = format_currency(
        abs(value),
        currency,
        "¤#,##0" if whole else None,
        locale=LOCALE,
        currency_digits=not whole,
    )
    return f"{MINUS}{text}" if value < 0 else text


def limit_in_currency(limit: Decimal, currency: str) -> str:
    """A limit as it was chosen: ``$18.00``; one finer than the currency goes keeps every digit."""
    text = in_currency(limit, currency)
    return text if limit == round(limit, 2) else f"{limit.normalize():f} {currency}"


def round_in_currency(amount: Decimal, currency: str) -> str:
    """``$1,500`` where there are no cents to say, else ``$1,500.50``."""
    return in_currency(amount, currency, whole=amount == round(amount))
