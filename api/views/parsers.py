"""Reading bodies."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as FrameworkParser

from experiments.services.values import quoted


class JSONParser(FrameworkParser):
    """JSON in UTF-8, whatever the header claims (RFC 8259), no deeper than can be handled."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = json.loads(stream.read().decode(), parse_constant=_refuse, object_pairs_hook=_members)
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
        return body


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
