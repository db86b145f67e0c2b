"""How much one request may bring, found out before any of it is parsed."""

from collections.abc import Sized

from django.http import HttpRequest

from api.errors import TooLarge

MEGABYTE = 1024 * 1024
MOST_BYTES = 25 * MEGABYTE
MOST_ROWS = 50_000


def read_body(request: HttpRequest) -> bytes:
    """The body, or ``TooLarge`` as soon as that is known, whatever the headers say."""
    check_declared_length(request, most=MOST_BYTES)
    if is_chunked(request) and not hasattr(request, "_body"):
        # Django reads as many bytes as were declared, and here that is none. Kept where Django keeps it,
        # because the input can be read only once.
        request._body = request.META["wsgi.input"].read(MOST_BYTES + 1)  # noqa: SLF001
    body: bytes = request.body
    if len(body) > MOST_BYTES:
        raise _too_large()
    return body


def check_declared_length(request: HttpRequest, *, most: int) -> None:
    """Refuse a body that says itself that it is too long, before any of it is read."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdecimal() and int(declared) > most:
        raise _too_large()


def is_chunked(request: HttpRequest) -> bool:
    """Whether the body comes in parts, with no word of how long it will be."""
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower() and not request.META.get(
        "CONTENT_LENGTH"
    )


def check_number_of_rows(rows: Sized) -> None:
    if len(rows) > MOST_ROWS:
        raise TooLarge(
            f"The body has {len(rows):,} rows; one request may have {MOST_ROWS:,}. Send it in parts."
        )


def _too_large() -> TooLarge:
    return TooLarge(f"The body is larger than {MOST_BYTES // MEGABYTE} MB. Send it in parts.")
