"""How amounts and days are spelt, wherever they are said: on pages, in rules, in reasons and in refusals.

All of it is in the language that is active; in English where none is.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency
from django.utils.translation import get_language, pgettext

MINUS = "\u2212"

Number = Decimal | float | int


def reader_locale() -> Locale:
    """The active language, as babel knows it."""
    return _locale(get_language() or "en")


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")


def in_figures(number: str) -> str:
    """A number written as in English, with the reader's separators: ``1,500.5``, ``1.500,5``."""
    symbols = reader_locale().number_symbols["latn"]
    return number.translate({ord(","): symbols["group"], ord("."): symbols["decimal"]})


def in_percent(number: str) -> str:
    """The same with the reader's sign: ``0.5%``, ``0,5 %``."""
    return f"{in_figures(number)}{reader_locale().percent_formats[None].suffix[0]}"


def as_day(day: date, pattern: str) -> str:
    """A day by one of babel's patterns, in the reader's words."""
    # A moment is a day to babel, too, and equal to none.
    on = day.date() if isinstance(day, datetime) else day
    return _as_day(on, pattern, get_language() or "en")


# A page says few days many times.
@lru_cache(maxsize=10_000)
def _as_day(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=_locale(language))


def on_day(day: date) -> str:
    """``Fri 27 Nov 2026``, in sentences that may be read in any year."""
    # Translators: how a day is written, by CLDR's letters: ccc is "Fri", LLL is "Nov".
    return as_day(day, pgettext("pattern of a date", "ccc d LLL y"))


def in_currency(amount: Number, currency: str, *, whole: bool = False) -> str:
    """``$1,500.00``; ``whole`` drops the cents, for key figures and drawings. The minus is a real one."""
    value = Decimal(str(amount))
    if whole:
        value = value.quantize(Decimal(1), ROUND_HALF_EVEN)
    return _in_currency(value, currency, get_language() or "en", whole=whole)


# A page of accounts says hundreds of amounts, mostly those that the page before has said.
@lru_cache(maxsize=10_000)
def _in_currency(value: Decimal, currency: str, language: str, *, whole: bool) -> str:
    locale = _locale(language)
    text = format_currency(
        abs(value),
        currency,
        locale.currency_formats["standard"].pattern.replace(".00", "") if whole else None,
        locale=locale,
        currency_digits=not whole,
    )
    return f"{MINUS}{text}" if value < 0 else text


def limit_in_currency(limit: Decimal, currency: str) -> str:
    """A limit as it was chosen: ``$18.00``; one finer than the currency goes keeps every digit."""
    text = in_currency(limit, currency)
    return text if limit == round(limit, 2) else f"{in_figures(f'{limit.normalize():f}')} {currency}"


def round_in_currency(amount: Decimal, currency: str) -> str:
    """``$1,500`` where there are no cents to say, else ``$1,500.50``."""
    return in_currency(amount, currency, whole=amount == round(amount))
