"""Opens one workbook, as a program of its own: its rows leave as JSON, a line each.

A workbook can be made to hurt whoever opens it: a few kilobytes that unpack to gigabytes, or that become
millions of objects. So this runs with bounds on memory and time that its caller does not have to bear, and
imports nothing but the library that reads.
"""

import io
import json
import resource
import sys
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if __name__ == "__main__":
    # It would be loaded to recognise its numbers, of which a workbook has none.
    sys.modules["numpy"] = None  # type: ignore[assignment]

from openpyxl import load_workbook

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MEGABYTE = 2**20
# All parts together, unpacked.
MOST_UNPACKED = 256 * MEGABYTE
MOST_PARTS = 2_000
# What a sheet's table may come to; a cell counts whether or not anything is in it.
MOST_ROWS = 300_000
MOST_CELLS = 3_000_000
MOST_LETTERS = 64 * 1_000_000
# A spreadsheet keeps so many digits of a number, and makes zeros of the others.
KEPT_DIGITS = 15


class TooLargeError(Exception):
    pass


class LockedError(Exception):
    pass


def check_parts(content: bytes) -> None:
    """Look at what the archive says of itself: a part that holds more than it says is not read on."""
    parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise TooLargeError
    if any(part.flag_bits & 1 for part in parts):
        raise LockedError


def rows_of(content: bytes) -> Iterator[Any]:
    """For each sheet its name, then its rows that are not blank: the row's number and its cells."""
    check_parts(content)
    rows = cells = letters = 0
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        # How large it says it is may be wrong, and counts for nothing.
        cast("ReadOnlyWorksheet", sheet).reset_dimensions()
        yield sheet.title
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            rows += 1
            cells += len(row)
            written = [_written(value) for value in row]
            letters += sum(map(len, written))
            if rows > MOST_ROWS or cells > MOST_CELLS or letters > MOST_LETTERS:
                raise TooLargeError
            while written and not written[-1]:
                written.pop()
            if written:
                yield [number, written]


def _written(value: object) -> str:
    """A cell as text, after a letter for what it is: a number, one that was rounded, or a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _as_number(value)
    if isinstance(value, bool):
        text = str(value).upper()
    elif isinstance(value, datetime):
        is_day = value.time() == time()
        text = value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        text = "" if value is None else str(value).strip()
    return f"t{text}" if text else ""


def _as_number(value: float) -> str:
    if isinstance(value, int):
        lost = str(abs(value))[KEPT_DIGITS:]
        return f"{'r' if lost and not lost.strip('0') else 'n'}{value}"
    return f"{'r' if abs(value) >= 10**KEPT_DIGITS else 'n'}{_plain(value)}"


def _plain(value: float) -> str:
    """As many digits as a spreadsheet shows: what lies behind them comes of counting in halves."""
    written = f"{Decimal(f'{value:.{KEPT_DIGITS}g}'):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def main(most_memory: int, most_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
    warnings.simplefilter("ignore")
    content, told = sys.stdin.buffer.read(), sys.stdout
    # Escaped, some signs would take three times the room.
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        for item in rows_of(content):
            told.write(json.dumps(item, ensure_ascii=False) + "\n")
    except (TooLargeError, MemoryError):
        told.write('{"error": "too_large"}\n')
    except LockedError:
        told.write('{"error": "locked"}\n')
    # Whatever a broken workbook makes of the library: it cannot be read.
    except Exception:  # noqa: BLE001
        told.write('{"error": "unreadable"}\n')


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
