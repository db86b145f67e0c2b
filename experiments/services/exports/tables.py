"""From the bytes of a file to its tables: encodings, separators, quotes, and whether the end is missing."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import ClassVar, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.exceptions import Invalid
from experiments.services.exports.lines import Line
from experiments.services.exports.workbooks import is_workbook, sheets_of
from workspaces.models.spelling import in_figures

SEPARATORS = (",", ";", "\t")
# No export has more than a screen of words above its header.
LONGEST_PREAMBLE = 60
# Every column is held against all names that are known, in every line that may be the header.
MOST_COLUMNS = 500
# As many as a workbook may have rows (``opening``). Storing them keeps every other writer of SQLite waiting.
MOST_LINES = 300_000


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, with or without a byte order mark."""
    _refuse_what_is_no_text(content)
    if not content.strip(b"\x00\xff\xfe \t\r\n"):
        raise Invalid("empty_file", _("The file is empty."))
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[1:200:2].count(0) > len(content[1:200:2]) // 2:
        # Latin letters in UTF-16: every other byte is zero.
        encoding = "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Invalid(
            "unknown_encoding",
            _(
                "The file is neither in UTF-8 nor in UTF-16: byte {start} cannot be read. Save it as "
                "“CSV UTF-8”."
            ).format(start=error.start),
        ) from None
    if "\x00" in text:
        raise Invalid("not_a_table", _("The file holds NUL characters; it is no CSV. Export it as CSV."))
    return text


_COMPRESSED = gettext_noop("This is a compressed file. Unpack it and give the CSV file in it.")
_WEB_PAGE = gettext_noop("This is a web page, not a table. Export the report as CSV.")
# By how it begins: what to say of a file that is none of ours.
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", gettext_noop("This is a picture (PNG), not a table. Export the report as CSV.")),
    (b"\xff\xd8\xff", gettext_noop("This is a picture (JPEG), not a table. Export the report as CSV.")),
    (b"GIF8", gettext_noop("This is a picture (GIF), not a table. Export the report as CSV.")),
    (b"RIFF", gettext_noop("This is a picture, a sound or a film, not a table. Export the report as CSV.")),
    (b"%PDF-", gettext_noop("This is a PDF document, not a table. Export the report as CSV.")),
    (
        b"\xd0\xcf\x11\xe0",
        gettext_noop(
            "This is an old Office document (.xls, .doc) or one with a password. Save it as .xlsx without a "
            "password, or export the report as CSV."
        ),
    ),
    (b"PK\x03\x04", _COMPRESSED),
    (b"\x1f\x8b", _COMPRESSED),
    (b"7z\xbc\xaf", _COMPRESSED),
    (b"Rar!", _COMPRESSED),
    (b"SQLite format 3", gettext_noop("This is a database (SQLite), not a table. Export the report as CSV.")),
    (b"<!doctype html", _WEB_PAGE),
    (b"<html", _WEB_PAGE),
)


def _refuse_what_is_no_text(content: bytes) -> None:
    """Say what a file is instead of a table, where its first bytes tell."""
    start = content[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    for beginning, what in _KINDS:
        if content.startswith(beginning) or start[: len(beginning)].lower() == beginning:
            raise Invalid("not_a_table", _(what))


def lines_of(text: str, *, separator: str) -> Iterator[Line]:
    """The records of the file. Raises ``Invalid`` (``truncated``) where a quote stays open to the end."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins_at = 1
    try:
        for cells in reader:
            yield Line(begins_at, tuple(map(str.strip, cells)))
            begins_at = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error):
            raise Invalid(
                "truncated",
                _(
                    "Line {begins_at} opens a quote that nothing closes: the file seems cut off. Export "
                    "it again."
                ).format(begins_at=begins_at),
            ) from None
        raise Invalid(
            "malformed_line",
            _("Line {begins_at} cannot be read: {error}.").format(begins_at=begins_at, error=error),
        ) from None


@dataclass(frozen=True, slots=True)
class Text:
    """A file of text, taken apart at one separator."""

    text: str
    separator: str
    name: str = ""

    @property
    def is_cut_off(self) -> bool:
        """Whether the last line may be: many tools end it, and many do not."""
        return not self.text.endswith(("\n", "\r"))

    # A text may have lost the end of a line.
    is_grid: ClassVar = False
    # Each line may have numbers.
    reason: ClassVar = ""
    has_a_line_for_each_action: ClassVar = False

    def lines(self) -> Iterator[Line]:
        return lines_of(self.text, separator=self.separator)


class Table(Protocol):
    """Something with lines, of which one may be a header."""

    @property
    def name(self) -> str:
        """What a person calls it; "" where the file has only this."""

    @property
    def is_grid(self) -> bool:
        """Whether a line has as many cells as the table has columns, though the last be blank."""

    @property
    def is_cut_off(self) -> bool:
        """Whether the end of the last line may be missing."""

    @property
    def reason(self) -> str:
        """Why a line may have no number at all; "" where that goes without saying."""

    @property
    def has_a_line_for_each_action(self) -> bool:
        """Whether whatever else a line says is said again by the lines of other actions."""

    def lines(self) -> Iterable[Line]:
        """The records. Raises ``Invalid`` where one cannot be read."""


def tables_of(content: bytes) -> Sequence[Table]:
    """What may be the table of a file: a workbook's sheets, or a text by each separator."""
    if is_workbook(content):
        return sheets_of(content)
    text = text_of(content)
    return [Text(text, separator) for separator in SEPARATORS]


def first_lines(table: Table) -> list[Line]:
    """The lines among which the header is, as far as they can be read."""
    lines: list[Line] = []
    # With a wrong separator nearly anything is malformed. With the right one it is said when all is read.
    with suppress(Invalid):
        for line in islice(table.lines(), LONGEST_PREAMBLE):
            if len(line.cells) > MOST_COLUMNS:
                break
            lines.append(line)
    return lines


def check_width(table: Table) -> None:
    """Raise ``Invalid`` where the header was not looked for in a line because of its many columns."""
    lines: list[Line] = []
    with suppress(Invalid):
        lines.extend(islice(table.lines(), LONGEST_PREAMBLE))
    for line in lines:
        if len(line.cells) > MOST_COLUMNS:
            raise Invalid(
                "too_many_columns",
                _(
                    "Line {line} has {count} columns, and at most {most} can be read. Export only those that "
                    "are needed."
                ).format(line=line.number, count=in_figures(f"{len(line.cells):,}"), most=MOST_COLUMNS),
            )


def all_lines(table: Table) -> list[Line]:
    """Every line. Raises ``Invalid`` as soon as there are more than can be stored at once."""
    lines = list(islice(table.lines(), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise Invalid(
            "too_many_lines",
            _(
                "The file has more than {most} lines. Split it by months, and import one after the other."
            ).format(most=in_figures(f"{MOST_LINES:,}")),
        )
    return lines
