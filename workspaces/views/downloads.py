"""What a table shows, as a file to take away."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse
from django.utils.translation import get_language, override

# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file for `csv.writer` that hands back what it would write."""

    def write(self, text: str) -> str:
        return text


def harmless(cell: object) -> object:
    """The cell, with a quote before a text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The rows as a CSV file called ``name``, sent as they come, however many there are."""
    language = get_language()

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        # The answer is sent when the request's own language is no longer active.
        with override(language):
            yield writer.writerow(header)
            for row in rows:
                yield writer.writerow([harmless(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
