"""Numbers and days as programs write them: in one way, in ASCII, with nothing around and nothing between.

Python itself is more generous: it takes ``1_000``, the digits of every script and blanks at either end.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

LONGEST_NUMBER = 400
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_number(text: str) -> bool:
    """Whether the text is written like a decimal number, be it ever so large."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def number_in(text: str) -> Decimal | None:
    """The number; ``None`` where there is none, or one that even Decimal cannot hold."""
    try:
        return Decimal(text) if is_number(text) else None
    except InvalidOperation:
        return None


def whole_in(text: str) -> int | None:
    return int(text) if len(text) <= LONGEST_NUMBER and _WHOLE.fullmatch(text) else None


def day_in(text: str) -> date | None:
    """The day out of ``2026-11-20``."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
