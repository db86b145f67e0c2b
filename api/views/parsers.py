"""Reading bodies."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as FrameworkParser


class JSONParser(FrameworkParser):
    """JSON in UTF-8, whatever the header claims (RFC 8259), no deeper than can be handled."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
            # Half of a surrogate pair has an escape in JSON and no place in any text.
            json.dumps(body, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("The JSON has half of a surrogate pair in a text.") from None
        return body
