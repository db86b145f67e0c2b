"""From the bytes of a file to its lines: encodings, separators, quotes, and whether the end is missing."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from django.utils.translation import gettext as _

from experiments.exceptions import Invalid

SEPARATORS = (",", ";", "\t")
# No export has more than a screen of words above its header.
LONGEST_PREAMBLE = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One record and the number of the line on which it begins, counted from 1 as editors do."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(self.cells)


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, with or without a byte order mark."""
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


def first_lines(text: str, *, separator: str) -> list[Line]:
    """The lines among which the header is, as far as they can be read."""
    lines: list[Line] = []
    # With a wrong separator nearly anything is malformed. With the right one it is said when all is read.
    with suppress(Invalid):
        lines.extend(islice(lines_of(text, separator=separator), LONGEST_PREAMBLE))
    return lines
