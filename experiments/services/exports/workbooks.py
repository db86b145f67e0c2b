"""Excel workbooks: their sheets as tables, read by a program that may take only so much."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.exceptions import Invalid
from experiments.services.exports.lines import Line, Number, RoundedNumber

logger = logging.getLogger(__name__)

_NAMES_IN_A_WORKBOOK = (b"xl/workbook", b"xl/worksheets", b"[Content_Types].xml")
# What the reader may take: bytes, and seconds of a processor.
MOST_MEMORY = 2**30
MOST_SECONDS = 240
_READER = Path(__file__).with_name("opening.py")
_KINDS: dict[str, type[str]] = {"t": str, "n": Number, "r": RoundedNumber}
_TOO_LARGE = gettext_noop(
    "The workbook holds more than can be read here: too many rows, cells or parts. Export fewer days at "
    "once, or export the report as CSV."
)
# By what the reader says: why the workbook is refused.
_REFUSALS = {
    "too_large": _TOO_LARGE,
    "locked": gettext_noop("The workbook has a password. Save it without one, or export the report as CSV."),
    "unreadable": gettext_noop(
        "The workbook cannot be read; it may be cut off. Export it again, or export the report as CSV."
    ),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook. A line is a row, and has its number."""

    name: str
    rows: Sequence[Line]

    is_grid: ClassVar = True
    is_cut_off: ClassVar = False
    reason: ClassVar = ""
    has_a_line_for_each_action: ClassVar = False

    def lines(self) -> Sequence[Line]:
        return self.rows


def is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04") and any(name in content for name in _NAMES_IN_A_WORKBOOK)


def sheets_of(content: bytes) -> list[Sheet]:
    """The sheets that are shown and not empty. Raises ``Invalid`` where the workbook cannot be read."""
    # Alone and without the settings here, for it reads what strangers made.
    # What it says goes to a file: a small workbook can have it say far more than this process should hold.
    with TemporaryFile() as told:
        read = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", str(_READER), str(MOST_MEMORY), str(MOST_SECONDS)],
            input=content,
            stdout=told,
            stderr=subprocess.PIPE,
            check=False,
            env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
        )
        # A reader that took more than it may was ended in the middle of its work.
        if read.returncode:
            logger.warning(
                "The reader of workbooks ended with %s. %s",
                read.returncode,
                read.stderr[-500:].decode(errors="replace"),
            )
            raise Invalid("too_large", _(_TOO_LARGE))
        told.seek(0)
        sheets = _sheets_in(told)
    found = [Sheet(name, rows) for name, rows in sheets if rows]
    if not found:
        raise Invalid("empty_file", _("No sheet of the workbook has anything in it."))
    return found


def _sheets_in(told: Iterable[bytes]) -> list[tuple[str, list[Line]]]:
    """The names and the rows of the sheets, as the reader says them, line by line."""
    sheets: list[tuple[str, list[Line]]] = []
    # Most cells say what others have said, and share one text.
    known: dict[str, str] = {"": ""}
    for line in told:
        item = json.loads(line)
        if isinstance(item, dict):
            reason = item["error"]
            raise Invalid(f"workbook_{reason}", _(_REFUSALS[reason]))
        if isinstance(item, str):
            sheets.append((item, []))
        else:
            number, cells = item
            for cell in set(cells) - known.keys():
                known[cell] = _KINDS[cell[0]](cell[1:])
            sheets[-1][1].append(Line(number, tuple([known[cell] for cell in cells])))
    return sheets
