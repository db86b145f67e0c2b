"""What was sent, in the sentences that refuse it."""

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LONGEST_QUOTE = 60
_IN_JSON = {None: "null", True: "true", False: "false"}


def listed(names: Collection[object], *, last: str = "and") -> str:
    """``a, b and c``."""
    words = [str(name) for name in names]
    conjunction = {"and": _("and"), "or": _("or")}[last]
    return f" {conjunction} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def quoted(value: object) -> str:
    """What was sent, short enough for a sentence."""
    text = str(value).encode(errors="replace").decode()
    if value is None or isinstance(value, bool):
        text = _IN_JSON[value]
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def in_quotes(text: str) -> str:
    """``“text”``, in the quotation marks of the language that is active."""
    return _("“{text}”").format(text=text)


def places_in_words(places: int) -> str:
    if not places:
        return _("no decimal places")
    return ngettext("at most one decimal place", "at most {places} decimal places", places).format(
        places=places
    )
