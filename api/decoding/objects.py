"""Rows as JSON objects: in an array, or one on each line."""

import json
import re
from decimal import Decimal, InvalidOperation

import msgspec
from rest_framework.exceptions import ParseError

from api.decoding.fields import row_of
from api.decoding.limits import check_number_of_rows
from api.exceptions import FieldError, Invalid
from experiments.services.observations import Row
from experiments.services.values import quoted

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_JSON = (b"NaN", b"Infinity", b"-Infinity")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONG_NUMBER = re.compile(rb'"([a-z_]+)"\s*:\s*-?[0-9]{1000}')
_MEMBER = re.compile(rb'"\s*:')


class Envelope(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[msgspec.Raw]


def _exactly(number: str) -> Decimal | str:
    """A fraction as it was written; one that even Decimal cannot hold stays a text, to be refused by row."""
    try:
        return Decimal(number)
    except InvalidOperation:
        return number


# Splitting comes first: it checks the whole body's syntax and makes nothing of it yet.
_array = msgspec.json.Decoder(list[msgspec.Raw])
_envelope = msgspec.json.Decoder(Envelope)
_one = msgspec.json.Decoder(float_hook=_exactly)


def rows_of_json(body: bytes) -> list[Row | FieldError]:
    """The rows of an array, or of an object with an array ``rows``."""
    body = _checked_text(body).lstrip()
    if not body:
        raise ParseError("The body is empty. Send an array of rows.")
    try:
        objects = _array.decode(_without_envelope(body))
        check_number_of_rows(objects)
        return [_row(memoryview(item)) for item in objects]
    except msgspec.ValidationError:
        raise Invalid("not_rows", "Send an array of rows, or an object with an array “rows”.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error, body) from None


def rows_of_lines(body: bytes) -> list[Row | FieldError]:
    """The rows of newline-delimited JSON; blank lines are passed over and not counted."""
    lines = [
        (number, line) for number, line in enumerate(_checked_text(body).split(b"\n"), 1) if line.strip()
    ]
    check_number_of_rows(lines)
    rows = []
    for number, line in lines:
        try:
            rows.append(_row(line))
        except (msgspec.DecodeError, RecursionError) as error:
            raise _malformed(error, line, line_number=number) from None
    return rows


def _without_envelope(body: bytes) -> bytes:
    """The array, of an object with an array ``rows`` as well."""
    if body[:1] == b"[":
        return body
    _envelope.decode(body)
    array = body[body.index(b"[") : body.rindex(b"]") + 1]
    try:
        _array.decode(array)
    except msgspec.DecodeError:
        # Of two arrays the decoder takes the last, and nothing is to be lost without a word.
        raise ParseError("The JSON is malformed: an object has “rows” twice.") from None
    return array


def _row(encoded: bytes | memoryview) -> Row | FieldError:
    try:
        fields = _one.decode(encoded)
        if isinstance(fields, dict) and (twice := _member_twice(encoded, len(fields))):
            message = f"The row has {quoted(twice)} twice, and nobody can say which of the two was meant."
            return FieldError("duplicate_field", message, quoted(twice))
        return row_of(fields)
    except msgspec.ValidationError:
        # Of what is decoded without a type, only a whole number can be wrong: by having thousands of digits.
        field = _LONG_NUMBER.search(encoded)
        name = field[1].decode() if field else None
        return FieldError("out_of_range", "A number has thousands of digits.", name)


def _member_twice(encoded: bytes | memoryview, different: int) -> str | None:
    """The name that an object has for two of its members, if it has one. ``different``: how many names."""
    if len(_MEMBER.findall(encoded)) == different:
        # It has no more members than that; hardly ever need they be read one by one.
        return None
    pairs = json.loads(bytes(encoded), object_pairs_hook=list)
    names = [name for name, _ in pairs]
    return next((name for name in names if names.count(name) > 1), None)


def _checked_text(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not in UTF-8: byte {error.start} cannot be read.") from None
    return body.removeprefix(BYTE_ORDER_MARK)


def _malformed(error: Exception, text: bytes, *, line_number: int | None = None) -> ParseError:
    where = "" if line_number is None else f" in line {line_number}"
    if isinstance(error, RecursionError):
        return ParseError(f"The JSON{where} is nested too deeply; a row has no depth at all.")
    reason = str(error).removeprefix("JSON is malformed: ")
    if "byte" not in reason:
        # The decoder says the same of both.
        other = ", or has half of a surrogate pair" if _SURROGATE.search(text) else ""
        return ParseError(f"The JSON{where} ends too early, at byte {len(text)}{other}.")
    position = int(reason.rpartition("byte ")[2].rstrip(")"))
    hint = ""
    if text[position:].startswith(_NOT_JSON) or text[max(position - 1, 0) :].startswith(_NOT_JSON):
        hint = " JSON knows neither NaN nor infinity: leave the measure out, or send null to clear it."
    return ParseError(f"The JSON is malformed{where}: {reason}.{hint}")
