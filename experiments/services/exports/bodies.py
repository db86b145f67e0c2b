"""The lines of a file that hold numbers, and those passed over: preambles, totals, comments, footers."""

from dataclasses import dataclass, field

from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.columns import Columns
from experiments.services.exports.days import read_day
from experiments.services.exports.presets import LEVELS
from experiments.services.exports.tables import Line, lines_of

_TOTALS = ("total", "totals", "grand total", "итого", "всего", "gesamt")
_MOST_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Passed:
    """A line that was not taken for numbers of a day."""

    line: int
    reason: str


@dataclass(slots=True)
class Body:
    """What is under the header, and what is not part of it."""

    lines: list[Line] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_body(text: str, columns: Columns) -> Body:
    """The lines under the header that hold numbers. Raises ``Invalid`` naming those that are cut off."""
    body = Body()
    header = columns.header
    errors: list[FieldError] = []
    lines = list(lines_of(text, separator=columns.separator))
    ends_well = text.endswith(("\n", "\r"))
    for line in lines:
        if line.is_blank or line.number == header.number:
            continue
        if line.number < header.number:
            body.passed.append(Passed(line.number, "above the header"))
            continue
        reason = _reason_to_pass(line, columns)
        if reason:
            body.passed.append(Passed(line.number, reason))
            continue
        missing = len(header.cells) - len(line.cells)
        if missing < 0 and any(line.cells[len(header.cells) :]):
            errors.append(_wrong_length(line, header, "Is a text with a separator in it missing its quotes?"))
        elif missing > 0 and (line.cells[-1] or (line is lines[-1] and not ends_well)):
            errors.append(_wrong_length(line, header, "The file seems cut off. Export it again."))
        else:
            if missing > 0:
                body.notes.append(
                    f"Line {line.number} ends after {len(line.cells)} of {len(header.cells)} cells; the rest "
                    "counts as not given."
                )
            elif line is lines[-1] and not ends_well:
                body.notes.append(
                    f"The file stops in line {line.number}, without a line end. Many tools write none; but "
                    f"if the file was cut off, “{line.cells[-1]}” may be the beginning of a longer number."
                )
            body.lines.append(Line(line.number, (*line.cells, *[""] * missing)[: len(header.cells)]))
    if errors:
        raise refusal(errors)
    return body


def _wrong_length(line: Line, header: Line, hint: str) -> FieldError:
    return FieldError(
        "truncated" if len(line.cells) < len(header.cells) else "wrong_number_of_cells",
        f"Line {line.number} has {len(line.cells)} cells and the header has {len(header.cells)}. {hint}",
    )


def _reason_to_pass(line: Line, columns: Columns) -> str:
    """Why a line holds no numbers of a day, or "" if it may."""
    first = next(cell for cell in line.cells if cell)
    padded = Line(line.number, (*line.cells, *[""] * (len(columns.header.cells) - len(line.cells))))
    names = [columns.cell(padded, level) for level in LEVELS if columns.has(level)]
    has_id = any(columns.cell(padded, f"{level}_id") for level in LEVELS)
    is_one_cell = sum(1 for cell in line.cells if cell) == 1
    # A campaign may be called “#1”, and a broken cell says “#ERROR!”: where there is a day, they count.
    has_day = any(read_day(columns.cell(padded, name)) is not None for name in ("day", "span_start"))
    reasons = {
        "the header again": line.cells == columns.header.cells,
        "a comment": first.startswith("#") and not has_day,
        "a footer": ("©" in first or first.lower().startswith("copyright")) and not has_day,
        "words beside the table": is_one_cell and " " in first and not _is_name(line, columns),
        "a totals row": any(_is_total(cell) for cell in (first, *names)),
        "a totals row: it has no name": bool(names) and not any(names) and not has_id,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _is_name(line: Line, columns: Columns) -> bool:
    """Whether the only cell of a line stands where a name does, so that the line may be one cut off."""
    position = next(position for position, cell in enumerate(line.cells) if cell)
    return any(columns.positions.get(level) == [position] for level in LEVELS)


def _is_total(cell: str) -> bool:
    word, _, rest = cell.lower().partition(":")
    return word.strip() in _TOTALS and (not rest or rest[:1] == " ")


def refusal(errors: list[FieldError]) -> Invalid:
    """All bad lines as one refusal."""
    more = f" There are {len(errors)} in all." if len(errors) > 1 else ""
    codes = {error.code for error in errors}
    return Invalid(
        codes.pop() if len(codes) == 1 else "invalid_lines",
        f"{errors[0].message}{more}",
        errors=errors[:_MOST_ERRORS],
    )
