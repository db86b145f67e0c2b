"""From the fields of one object or line to a row."""

from typing import Any

from api.exceptions import FieldError
from experiments.services.observations import Row

TEXTS = ("campaign", "arm", "day", "source", "entity", "reported_at", "currency")
# A platform's id may well be a number in the sender's hands.
IDENTIFIERS = frozenset({"campaign", "arm", "entity"})


def row_of(fields: Any) -> Row | FieldError:
    """The row, or what keeps it from being one. Whatever is no field of the key is taken for a measure."""
    if not isinstance(fields, dict):
        return FieldError("not_a_row", "A row is an object with a campaign, an arm, a day and measures.")
    texts: dict[str, Any] = {}
    for name in TEXTS:
        given = fields.pop(name, None)
        if type(given) is int and name in IDENTIFIERS:
            given = str(given)
        if isinstance(given, str):
            texts[name] = given
        elif given is not None:
            return FieldError("not_a_text", f"The field {name} is a text.", name)
    for name, given in fields.items():
        if isinstance(given, list | dict):
            return FieldError("not_a_number", "A measure is one number, neither a list nor an object.", name)
    return Row(**{"campaign": "", "arm": "", "day": "", **texts}, measures=fields)
