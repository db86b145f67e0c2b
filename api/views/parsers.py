"""Reading bodies."""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as FrameworkParser

from api.exceptions import Invalid
from experiments.services.values import quoted

# A plan of as many lines as there can be has a tenth of them. Every one that is wrong is named, and to name
# millions takes minutes and gigabytes.
MOST_VALUES = 5000


class JSONParser(FrameworkParser):
    """JSON in UTF-8, whatever the header claims (RFC 8259), no deeper than can be handled."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            # Some editors begin a file with a mark that JSON does not have, and rows may have it, too.
            text = stream.read().decode("utf-8-sig")
            body = json.loads(text, parse_constant=_refuse, object_pairs_hook=_members)
            # Half of a surrogate pair has an escape in JSON and no place in any text.
            json.dumps(body, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("The JSON has half of a surrogate pair in a text.") from None
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not in UTF-8: byte {error.start} cannot be read.") from None
        except ValueError as error:
            raise ParseError(f"The JSON is malformed: {error}.") from None
        _check_number_of_values(body)
        return body


def _check_number_of_values(body: Any) -> None:
    for number, _ in enumerate(_values_in(body), 1):
        if number > MOST_VALUES:
            what = f"The body has more than {MOST_VALUES:,} values, which no call takes."
            fullest = _fullest(body)
            if fullest is None:
                raise Invalid("too_many_values", what)
            raise Invalid.field(fullest, "too_many_values", f"{what} Most of them are in “{fullest}”.")


def _fullest(body: Any) -> str | None:
    """The member with most of the values; ``None`` where none has."""
    counts = {name: sum(1 for _ in _values_in(body[name])) for name in body} if isinstance(body, dict) else {}
    name = max(counts, key=lambda name: counts[name], default="")
    return quoted(name) if counts and 2 * counts[name] > sum(counts.values()) else None


def _values_in(value: Any) -> Iterator[Any]:
    """Everything in a body, however deep: each object, each list, and each of what is in them."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _refuse(constant: str) -> None:
    raise ParseError(f"The JSON is malformed: it knows no {constant}.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which every member is named once: of two, nobody can say which was meant."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ParseError(f"The JSON is malformed: an object has “{quoted(name)}” twice.")
        members[name] = value
    return members
