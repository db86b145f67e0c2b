"""The lines of a file that hold numbers, and those passed over: preambles, totals, comments, footers."""

from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.columns import Columns
from experiments.services.exports.days import read_day
from experiments.services.exports.lines import Line
from experiments.services.exports.presets import LEVELS
from experiments.services.exports.tables import all_lines

_TOTALS = ("total", "totals", "grand total", "итого", "всего", "gesamt")
_MOST_ERRORS = 100
# Why a line is passed over. They are kept as they are and translated for whoever reads them.
_ABOVE = gettext_noop("above the header")
_HEADER_AGAIN = gettext_noop("the header again")
_COMMENT = gettext_noop("a comment")
_FOOTER = gettext_noop("a footer")
_WORDS = gettext_noop("words beside the table")
_TOTALS_ROW = gettext_noop("a totals row")
_NAMELESS_TOTALS = gettext_noop("a totals row: it has no name")
_NAMELESS_DEAL = gettext_noop("a deal without a campaign")


@dataclass(frozen=True, slots=True)
class Passed:
    """A line that was not taken for numbers of a day."""

    line: int
    # In English, as programs read it; pages translate it.
    reason: str


@dataclass(slots=True)
class Body:
    """What is under the header, and what is not part of it."""

    lines: list[Line] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_body(columns: Columns) -> Body:
    """The lines under the header that hold numbers. Raises ``Invalid`` naming those that are cut off."""
    body = Body()
    header = columns.header
    sorter = _Sorter(columns)
    errors: list[FieldError] = []
    lines, width = _lines(columns), len(header.cells)
    for line in lines:
        if line.is_blank or line.number == header.number:
            continue
        if line.number < header.number:
            body.passed.append(Passed(line.number, _ABOVE))
            continue
        reason = sorter.reason_to_pass(line)
        if reason:
            body.passed.append(Passed(line.number, reason))
            continue
        missing = width - len(line.cells)
        if missing < 0 and any(line.cells[width:]):
            errors.append(
                _wrong_length(line, header, _("Is a text with a separator in it missing its quotes?"))
            )
        elif missing > 0 and (line.cells[-1] or (line is lines[-1] and columns.table.is_cut_off)):
            errors.append(_wrong_length(line, header, _("The file seems cut off. Export it again.")))
        else:
            if missing > 0:
                body.notes.append(
                    _(
                        "Line {line} ends after {count} of {expected} cells; the rest counts as not given."
                    ).format(line=line.number, count=len(line.cells), expected=width)
                )
            elif line is lines[-1] and columns.table.is_cut_off:
                body.notes.append(
                    _(
                        "The file stops in line {line}, without a line end. Many tools write none; but if "
                        "the file was cut off, “{cell}” may be the beginning of a longer number."
                    ).format(line=line.number, cell=line.cells[-1])
                )
            body.lines.append(_fitted(line, width))
    if errors:
        raise refusal(errors)
    return body


def _lines(columns: Columns) -> list[Line]:
    lines = all_lines(columns.table)
    if not columns.table.is_grid:
        return lines
    # The last cells of a row may be blank, and beside the table there may be notes.
    return [_fitted(line, len(columns.header.cells)) for line in lines]


def _fitted(line: Line, width: int) -> Line:
    return Line(line.number, (*line.cells, *[""] * (width - len(line.cells)))[:width])


def _wrong_length(line: Line, header: Line, hint: str) -> FieldError:
    return FieldError(
        "truncated" if len(line.cells) < len(header.cells) else "wrong_number_of_cells",
        _("Line {line} has {count} cells and the header has {expected}. {hint}").format(
            line=line.number, count=len(line.cells), expected=len(header.cells), hint=hint
        ),
    )


class _Sorter:
    """Tells lines with the numbers of a day from those beside them."""

    def __init__(self, columns: Columns) -> None:
        self.header = columns.header.cells
        self.nameless = _NAMELESS_TOTALS if columns.preset.has_campaigns else _NAMELESS_DEAL
        self.names = [columns.positions[level][0] for level in LEVELS if columns.has(level)]
        self.ids = [columns.positions[f"{level}_id"][0] for level in LEVELS if columns.has(f"{level}_id")]
        self.days = [columns.positions[name][0] for name in ("day", "span_start") if columns.has(name)]

    def reason_to_pass(self, line: Line) -> str:
        """Why a line holds no numbers of a day, or "" if it may."""
        cells = line.cells
        first = cells[0] or next(cell for cell in cells if cell)
        names = [cells[position] for position in self.names if position < len(cells)]
        reason = ""
        if cells == self.header:
            reason = _HEADER_AGAIN
        # A campaign may be called “#1”, and a broken cell says “#ERROR!”: where there is a day, they count.
        elif first[0] == "#" and not self._has_day(cells):
            reason = _COMMENT
        elif ("©" in first or first[:9].lower() == "copyright") and not self._has_day(cells):
            reason = _FOOTER
        elif " " in first and cells.count("") == len(cells) - 1 and not self._is_name(cells):
            reason = _WORDS
        elif _is_total(first) or any(map(_is_total, names)):
            reason = _TOTALS_ROW
        elif self.names and not any(names) and not self._has_any(cells, self.ids):
            reason = self.nameless
        return reason

    def _has_day(self, cells: tuple[str, ...]) -> bool:
        return any(read_day(cells[position]) is not None for position in self.days if position < len(cells))

    def _is_name(self, cells: tuple[str, ...]) -> bool:
        """Whether the only cell of a line stands where a name does, so that the line may be one cut off."""
        return self._has_any(cells, self.names)

    @staticmethod
    def _has_any(cells: tuple[str, ...], positions: list[int]) -> bool:
        return any(cells[position] for position in positions if position < len(cells))


# The same few names are on every line.
@lru_cache(maxsize=4096)
def _is_total(cell: str) -> bool:
    word, _, rest = cell.lower().partition(":")
    return word.strip() in _TOTALS and (not rest or rest[:1] == " ")


def refusal(errors: list[FieldError]) -> Invalid:
    """All bad lines as one refusal."""
    more = " " + _("There are {count} in all.").format(count=len(errors)) if len(errors) > 1 else ""
    codes = {error.code for error in errors}
    return Invalid(
        codes.pop() if len(codes) == 1 else "invalid_lines",
        f"{errors[0].message}{more}",
        errors=errors[:_MOST_ERRORS],
    )
