"""Which decoder reads which media type."""

from collections.abc import Callable

from django.utils.http import parse_header_parameters
from rest_framework.exceptions import UnsupportedMediaType

from api.decoding.objects import rows_of_json, rows_of_lines
from api.decoding.tables import rows_of_csv
from api.exceptions import FieldError
from experiments.services.observations import Row

DECODERS: dict[str, Callable[[bytes], list[Row | FieldError]]] = {
    "application/json": rows_of_json,
    "application/x-ndjson": rows_of_lines,
    "text/csv": rows_of_csv,
}
CHARSETS = {"utf-8", "utf8", "us-ascii"}


def decode_rows(body: bytes, *, content_type: str) -> list[Row | FieldError]:
    """The rows of ``body`` in their order; one that is none stands there as its error.

    Raises ``UnsupportedMediaType`` (415), ``ParseError`` (400) with the place, ``TooLarge`` (413) or
    ``Invalid`` (422).
    """
    media_type, parameters = parse_header_parameters(content_type)
    decoder = DECODERS.get(media_type.lower())
    if decoder is None:
        raise UnsupportedMediaType(
            content_type, f"Rows come as {', '.join(DECODERS)}; “{content_type[:80]}” is none of these."
        )
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise UnsupportedMediaType(content_type, f"Rows come in UTF-8, not in “{charset[:40]}”.")
    return decoder(body)
