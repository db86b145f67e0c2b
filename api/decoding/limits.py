"""How much one request may bring, found out before any of it is parsed."""

from collections.abc import Sized

from django.http import HttpRequest
from rest_framework.exceptions import ParseError

from api.exceptions import TooLarge

MEGABYTE = 1024 * 1024
# Of rows or of a file; what is planned needs no more than a text does.
MOST_BYTES = 25 * MEGABYTE
MOST_BYTES_OF_A_PLAN = MEGABYTE
MOST_ROWS = 50_000


def read_body(request: HttpRequest, *, most: int = MOST_BYTES, around: int = 0) -> bytes:
    """The body, in parts or whole, or ``TooLarge`` as soon as that is known, whatever the headers say.

    ``around``: what a form may take beside the file in it, of which nobody is told.
    """
    declared, told, most = _declared_length(request), most, most + around
    if declared > most:
        raise too_large(told)
    if _is_chunked(request):
        # Django reads as many bytes as were declared, and here that is none. Kept where Django keeps it,
        # because the input can be read only once; and declared, for whoever parses it.
        request._body = request.META["wsgi.input"].read(most + 1)  # noqa: SLF001
        request.META["CONTENT_LENGTH"] = str(len(request._body))  # noqa: SLF001
    body: bytes = request.body
    if len(body) > most:
        raise too_large(told)
    if len(body) < declared:
        raise ParseError(f"The body ends after {len(body)} of the {declared} bytes that were announced.")
    return body


def too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most // MEGABYTE} MB, the most that this call reads.")


def check_number_of_rows(rows: Sized) -> None:
    if len(rows) > MOST_ROWS:
        raise TooLarge(
            f"The body has {len(rows):,} rows; one request may have {MOST_ROWS:,}. Send it in parts."
        )


def _declared_length(request: HttpRequest) -> int:
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isdecimal() else 0


def _is_chunked(request: HttpRequest) -> bool:
    """Whether the body comes in parts, with no word of how long it will be."""
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower() and not request.META.get(
        "CONTENT_LENGTH"
    )
