"""What a table shows, as a file to take away."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language, override

from workspaces.views.access import WorkspaceView

# Characters that are sent at once.
PIECE = 2**14
# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> object:
    """The cell, with a quote before a text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


class CsvView(WorkspaceView):
    """The rows of a page as a CSV file, sent as they come, however many there are."""

    HEADER: ClassVar[Sequence[str]]
    # What the file is called, after the workspace and before the day.
    NAME: ClassVar[str]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        items = self.items()
        lines = self._lines(items, language=get_language())
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        name = f"{self.workspace.slug}-{self.name()}-{self.workspace.local_day(self.at):%Y-%m-%d}"
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def name(self) -> str:
        return self.NAME

    def items(self) -> Iterable[Any]:
        """What the rows are about."""
        raise NotImplementedError

    def row(self, item: Any) -> Sequence[object]:
        """One of them, in the order of ``HEADER``; ``None`` is an empty cell."""
        raise NotImplementedError

    def amount(self, value: Decimal | None) -> str:
        """Money as a program reads it, in the workspace's currency."""
        return "" if value is None else f"{value:.{self.workspace.currency_exponent}f}"

    def moment(self, at: datetime | None) -> str:
        """A time by the workspace's clock."""
        return "" if at is None else at.astimezone(self.workspace.tz).isoformat(timespec="seconds")

    def _lines(self, items: Iterable[Any], *, language: str | None) -> Iterator[str]:
        # The answer is sent when the request's own language is no longer active.
        with override(language):
            lines = io.StringIO()
            writer = csv.writer(lines)
            writer.writerow(self.HEADER)
            for item in items:
                writer.writerow([harmless(cell) for cell in self.row(item)])
                # Sending costs as much for one line as for many.
                if lines.tell() > PIECE:
                    yield lines.getvalue()
                    lines.seek(0)
                    lines.truncate()
            yield lines.getvalue()
