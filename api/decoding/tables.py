"""Rows as lines of CSV under a header of field names."""

import csv
from collections.abc import Iterator
from io import StringIO

from rest_framework.exceptions import ParseError

from api.decoding.fields import row_of
from api.decoding.limits import MOST_ROWS, check_number_of_rows
from api.exceptions import FieldError, Invalid
from experiments.services.exports.reading import unescaped
from experiments.services.observations import ROW_FIELDS, Row

REQUIRED = ("campaign", "arm", "day")


def rows_of_csv(body: bytes) -> list[Row | FieldError]:
    """The rows. A blank cell is *not given*: what is stored of that measure stays."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(f"The CSV is not in UTF-8: byte {error.start} cannot be read.") from None
    lines = _lines(text)
    header = [name.strip() for name in next(lines, [])]
    if not header:
        raise ParseError("The CSV is empty. Its first line names the fields: campaign, arm, day, ….")
    _check_header(header)
    rows: list[Row | FieldError] = []
    for cells in lines:
        rows.append(_row(header, cells))
        if len(rows) > MOST_ROWS:
            check_number_of_rows(rows)
    return rows


def _lines(text: str) -> Iterator[list[str]]:
    """Cells of each line that has any."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise ParseError(f"The CSV cannot be read at line {reader.line_num}: {error}.") from None


def _check_header(header: list[str]) -> None:
    errors = [
        FieldError(
            "unknown_field",
            f"A row has no field “{name[:60]}”. There are: {', '.join(ROW_FIELDS)}.",
            name[:60],
        )
        for name in dict.fromkeys(header)
        if name not in ROW_FIELDS
    ]
    errors += [
        FieldError("duplicate_field", f"The header names {name} twice.", name)
        for name in ROW_FIELDS
        if header.count(name) > 1
    ]
    errors += [
        FieldError("required", f"The header lacks {name}.", name) for name in REQUIRED if name not in header
    ]
    if errors:
        codes = {error.code for error in errors}
        raise Invalid(
            codes.pop() if len(codes) == 1 else "invalid_header",
            "The CSV's first line does not name the fields of rows: "
            + " ".join(error.message for error in errors),
            errors=errors,
        )


def _row(header: list[str], cells: list[str]) -> Row | FieldError:
    if len(cells) != len(header):
        return FieldError(
            "wrong_number_of_cells", f"The line has {len(cells)} cells under a header of {len(header)}."
        )
    given = {name: cell for name, cell in zip(header, map(str.strip, cells), strict=True) if cell}
    if "entity" in given:
        # As ``format=csv`` writes it: an id posted back is to be the one that it was.
        given["entity"] = unescaped(given["entity"])
    return row_of(given)
