"""The lines of a file that hold numbers, and those passed over: preambles, totals, comments, footers."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.columns import Columns
from experiments.services.exports.days import read_day
from experiments.services.exports.presets import LEVELS
from experiments.services.exports.tables import Line, lines_of

_TOTALS = ("total", "totals", "grand total", "итого", "всего", "gesamt")
_MOST_ERRORS = 100
# Why a line is passed over. They are translated where one applies, because files are long.
_HEADER_AGAIN = gettext_noop("the header again")
_COMMENT = gettext_noop("a comment")
_FOOTER = gettext_noop("a footer")
_WORDS = gettext_noop("words beside the table")
_TOTALS_ROW = gettext_noop("a totals row")
_NAMELESS_TOTALS = gettext_noop("a totals row: it has no name")


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
            body.passed.append(Passed(line.number, _("above the header")))
            continue
        reason = _reason_to_pass(line, columns)
        if reason:
            body.passed.append(Passed(line.number, reason))
            continue
        missing = len(header.cells) - len(line.cells)
        if missing < 0 and any(line.cells[len(header.cells) :]):
            errors.append(
                _wrong_length(line, header, _("Is a text with a separator in it missing its quotes?"))
            )
        elif missing > 0 and (line.cells[-1] or (line is lines[-1] and not ends_well)):
            errors.append(_wrong_length(line, header, _("The file seems cut off. Export it again.")))
        else:
            if missing > 0:
                body.notes.append(
                    _(
                        "Line {line} ends after {count} of {expected} cells; the rest counts as not given."
                    ).format(line=line.number, count=len(line.cells), expected=len(header.cells))
                )
            elif line is lines[-1] and not ends_well:
                body.notes.append(
                    _(
                        "The file stops in line {line}, without a line end. Many tools write none; but if "
                        "the file was cut off, “{cell}” may be the beginning of a longer number."
                    ).format(line=line.number, cell=line.cells[-1])
                )
            body.lines.append(Line(line.number, (*line.cells, *[""] * missing)[: len(header.cells)]))
    if errors:
        raise refusal(errors)
    return body


def _wrong_length(line: Line, header: Line, hint: str) -> FieldError:
    return FieldError(
        "truncated" if len(line.cells) < len(header.cells) else "wrong_number_of_cells",
        _("Line {line} has {count} cells and the header has {expected}. {hint}").format(
            line=line.number, count=len(line.cells), expected=len(header.cells), hint=hint
        ),
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
        _HEADER_AGAIN: line.cells == columns.header.cells,
        _COMMENT: first.startswith("#") and not has_day,
        _FOOTER: ("©" in first or first.lower().startswith("copyright")) and not has_day,
        _WORDS: is_one_cell and " " in first and not _is_name(line, columns),
        _TOTALS_ROW: any(_is_total(cell) for cell in (first, *names)),
        _NAMELESS_TOTALS: bool(names) and not any(names) and not has_id,
    }
    reason = next((reason for reason, applies in reasons.items() if applies), "")
    return _(reason) if reason else ""


def _is_name(line: Line, columns: Columns) -> bool:
    """Whether the only cell of a line stands where a name does, so that the line may be one cut off."""
    position = next(position for position, cell in enumerate(line.cells) if cell)
    return any(columns.positions.get(level) == [position] for level in LEVELS)


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
