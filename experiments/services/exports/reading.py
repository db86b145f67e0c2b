"""From an export file to the numbers of days: what is read, what is passed over, and what must be asked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.choices import MEASURES, MeasureUnit
from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.bodies import Passed, read_body, refusal
from experiments.services.exports.columns import Asked, Columns, find_columns
from experiments.services.exports.days import DayOrder, NumericDay, agree_on_order, read_day
from experiments.services.exports.lines import Line, RoundedNumber
from experiments.services.exports.numbers import (
    DecimalMark,
    Digits,
    agree_on_mark,
    digits_of,
    is_nothing,
)
from experiments.services.exports.presets import LEVELS, OWN_FIELDS
from experiments.services.exports.results import Results
from experiments.services.exports.tables import tables_of
from experiments.services.exports.unfolding import OF_ACTIONS, note_on_actions
from experiments.services.values import in_quotes, listed, quoted

_SUBTOTAL = gettext_noop("a subtotal: it has no day")
# A spreadsheet takes a cell that begins so for a formula, and runs it.
FORMULA_STARTS = frozenset("=+-@\t\r")
Progress = Callable[[Iterable[Line]], Iterable[Line]]


@dataclass(slots=True)
class DayRow:
    """What one line says of one day."""

    line: int
    day: date
    # By level of ``presets.LEVELS``: the platform's name and id of what spent the money; "" where not given.
    names: dict[str, str]
    ids: dict[str, str]
    measures: dict[str, Decimal]
    segment: tuple[str, ...]
    # By ``presets.OWN_FIELDS``, "" where not given.
    own: dict[str, str]


@dataclass(slots=True)
class Export:
    """A file as it was understood. ``rows`` is empty while ``questions`` are open.

    ``lines_read``: how many lines have the numbers of a day.
    """

    columns: Columns
    lines_read: int = 0
    rows: list[DayRow] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    questions: list[FieldError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


_Said = tuple[dict[str, str], dict[str, str], tuple[str, ...], dict[str, str]]


@dataclass(slots=True)
class _RawRow:
    line: Line
    day: date | NumericDay
    numbers: dict[str, Digits]


def read_export(
    content: bytes,
    *,
    asked: Asked,
    day_order: DayOrder | None = None,
    decimal_mark: DecimalMark | None = None,
    progress: Progress = iter,
) -> Export:
    """Read a file that has a line for each day. Another currency than the workspace's is refused.

    Raises ``Invalid`` with everything that cannot be right, naming lines; what could be one thing or another
    comes back as ``questions``.
    """
    columns, currency = find_columns(tables_of(content), asked), asked.currency
    if columns.asks_for_sheet:
        # What one of the tables lacks says nothing of the file.
        return Export(columns, questions=columns.questions)
    _check_currency_of_header(columns, currency)
    _check_that_days_are_there(columns)
    _check_that_nothing_is_repeated(columns)
    body = read_body(columns)
    export = Export(columns, passed=body.passed, notes=body.notes, questions=list(columns.questions))
    if note := note_on_actions(columns.header.cells, columns.read):
        export.notes.append(note)
    raw = _Reader(columns, currency).read(progress(body.lines), export)
    export.lines_read = len(raw)
    if not raw:
        raise Invalid("no_rows", _("No line under the header has the numbers of a day."))
    order = agree_on_order(
        ((row.line.number, row.day) for row in raw if isinstance(row.day, NumericDay)), given=day_order
    )
    mark = agree_on_mark(
        (
            (row.line.number, number, MEASURES[name].unit == MeasureUnit.WHOLE)
            for row in raw
            for name, number in row.numbers.items()
        ),
        given=decimal_mark,
    )
    for outcome in (order, mark):
        if isinstance(outcome, FieldError):
            export.questions.append(outcome)
    if not isinstance(order, FieldError) and not isinstance(mark, FieldError) and not export.questions:
        export.rows = _typed(raw, columns, order=order, mark=mark)
    return export


def _check_currency_of_header(columns: Columns, currency: str) -> None:
    for name, promised in columns.currencies.items():
        if promised != currency:
            header = columns.header.cells[columns.measures[name]]
            raise _wrong_currency(
                _("The column “{header}” is in {promised}").format(header=header, promised=promised),
                promised,
                currency,
            )


def _wrong_currency(what: str, found: str, currency: str) -> Invalid:
    return Invalid(
        "currency_mismatch",
        _(
            "{what} and this workspace counts in {currency}. Export the report in {currency}, or "
            "import it into a workspace that counts in {found}."
        ).format(what=what, currency=currency, found=found),
    )


def _check_that_days_are_there(columns: Columns) -> None:
    if columns.has("day") or (columns.has("span_start") and columns.has("span_end")):
        return
    raise _no_days(columns, _("The file has no column with days: a line of it covers the whole span."))


def _check_that_nothing_is_repeated(columns: Columns) -> None:
    if not columns.table.has_a_line_for_each_action:
        return
    headers = [columns.header.cells[position] for position in columns.measures.values()]
    repeated = [in_quotes(header) for header in headers if not header.startswith(OF_ACTIONS)]
    if repeated:
        raise Invalid(
            "repeated_numbers",
            _(
                "The file has a line for each action, and {names} on every one of them: added up they would "
                "count several times. Export the actions without them, or all actions of a day as one list "
                "in a column “actions”."
            ).format(names=listed(repeated)),
        )


def _no_days(columns: Columns, what: str) -> Invalid:
    return Invalid(
        "no_days",
        _("{what} Numbers are needed by day. Export it again with days: {days_setting}.").format(
            what=what, days_setting=columns.preset.days_setting
        ),
    )


class _Reader:
    """Takes the day and the numbers out of each line; names every line in which it cannot."""

    def __init__(self, columns: Columns, currency: str) -> None:
        self.columns = columns
        self.currency = currency
        self.measures = columns.measures
        self.results = Results(columns) if columns.has("result_kind") else None
        self.reason = columns.table.reason
        levels = (f"{level}_id" for level in LEVELS)
        self.ids = [columns.positions[name][0] for name in levels if columns.has(name)]
        self.errors: list[FieldError] = []

    def read(self, lines: Iterable[Line], export: Export) -> list[_RawRow]:
        rows = []
        for line in lines:
            day = self._day(line)
            if day == "":
                export.passed.append(Passed(line.number, _SUBTOTAL))
            elif not isinstance(day, str):
                self._check_ids(line)
                numbers = dict(self._numbers(line))
                if not numbers and self.reason:
                    export.passed.append(Passed(line.number, self.reason))
                else:
                    rows.append(_RawRow(line, day, numbers))
        if self.errors:
            raise refusal(self.errors)
        if self.results is not None and self.results.note:
            export.notes.append(self.results.note)
        return rows

    @property
    def _day_header(self) -> str:
        columns = self.columns
        return columns.header.cells[columns.positions["day" if columns.has("day") else "span_start"][0]]

    def _check_ids(self, line: Line) -> None:
        for position in self.ids:
            if isinstance(line.cells[position], RoundedNumber):
                self._refuse(
                    line,
                    "rounded_id",
                    _(
                        "“{cell}” under “{header}” has more digits than a spreadsheet keeps, so the last "
                        "are lost. Export ids as text, or the report as CSV"
                    ).format(cell=line.cells[position], header=self.columns.header.cells[position]),
                )

    def _day(self, line: Line) -> date | NumericDay | str:
        columns = self.columns
        written = columns.cell(line, "day" if columns.has("day") else "span_start")
        if columns.has("day") and is_nothing(written):
            return ""
        if not columns.has("day") and written != (end := columns.cell(line, "span_end")):
            raise _no_days(
                columns,
                _("Line {line} covers {written} to {end} in one row.").format(
                    line=line.number, written=written, end=end
                ),
            )
        day = read_day(written)
        if day is None:
            self._refuse(
                line,
                "invalid_day",
                _("“{written}” under “{header}” is no day such as 2026-02-06").format(
                    written=quoted(written), header=self._day_header
                ),
            )
            return "refused"
        return day

    def _numbers(self, line: Line) -> Iterator[tuple[str, Digits]]:
        declared = self.columns.cell(line, "currency")
        if not is_nothing(declared) and declared.upper() != self.currency:
            raise _wrong_currency(
                _("Line {line} is in {declared}").format(line=line.number, declared=declared),
                declared.upper(),
                self.currency,
            )
        for name, position in self.measures.items():
            cell = line.cells[position]
            number = digits_of(cell)
            if number is None:
                if is_nothing(cell):
                    continue
                header = self.columns.header.cells[position]
                self._refuse(
                    line,
                    "not_a_number",
                    _("“{cell}” under “{header}” is no number such as 1,234.56, and not blank").format(
                        cell=quoted(cell), header=header
                    ),
                )
                continue
            if number.currency and number.currency != self.currency:
                raise _wrong_currency(
                    _("“{cell}” in line {line}").format(cell=cell, line=line.number),
                    number.currency,
                    self.currency,
                )
            if self.results is not None and name == "conversions":
                yield from self.results.read(line, number)
            else:
                yield name, number

    def _refuse(self, line: Line, code: str, what: str) -> None:
        self.errors.append(FieldError(code, _("Line {line}: {what}.").format(line=line.number, what=what)))


def _typed(raw: list[_RawRow], columns: Columns, *, order: DayOrder, mark: DecimalMark) -> list[DayRow]:
    """The rows with days and numbers, now that the whole file has agreed on how to write them."""
    rows = []
    errors = []
    one = Decimal(1)
    cells_of = _Texts(columns)
    units = {name: _unit(columns.header.cells[position]) for name, position in columns.measures.items()}
    scaled = {name: unit for name, unit in units.items() if unit != one}
    for row in raw:
        day = row.day.day(order) if isinstance(row.day, NumericDay) else row.day
        measures = {
            name: value for name, number in row.numbers.items() if (value := number.value(mark)) is not None
        }
        if day is None or len(measures) < len(row.numbers):
            wrong = [number.written for name, number in row.numbers.items() if name not in measures]
            if day is None and isinstance(row.day, NumericDay):
                wrong.append(row.day.written)
            what = ", ".join(in_quotes(quoted(written)) for written in wrong)
            errors.append(
                FieldError(
                    "unreadable",
                    _("Line {line}: {what} makes no sense with “{order}”, “{mark}”.").format(
                        line=row.line.number, what=what, order=order, mark=mark
                    ),
                )
            )
            continue
        for name in scaled.keys() & measures.keys():
            measures[name] *= scaled[name]
        names, ids, segment, own = cells_of.line(row.line)
        rows.append(
            DayRow(
                line=row.line.number,
                day=day,
                names=names,
                ids=ids,
                measures=measures,
                segment=segment,
                own=own,
            )
        )
    if errors:
        raise refusal(errors)
    return rows


class _Texts:
    """What a line says beside its numbers. Lines that say the same share it, as most of a large file does."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.segments = columns.positions.get("segment", [])
        fields = (*LEVELS, *(f"{level}_id" for level in LEVELS), *OWN_FIELDS)
        self.positions = sorted(
            {*self.segments, *(columns.positions[f][0] for f in fields if columns.has(f))}
        )
        self._known: dict[tuple[str, ...], _Said] = {}

    def line(self, line: Line) -> "_Said":
        """Names by level, ids by level, the parts of a breakdown, and the fields of our own tables."""
        key = tuple([line.cells[position] for position in self.positions])
        found = self._known.get(key)
        if found is None:
            columns = self.columns
            found = self._known[key] = (
                {level: columns.cell(line, level) for level in LEVELS},
                {level: _plain_id(columns.cell(line, f"{level}_id")) for level in LEVELS},
                tuple(line.cells[position] for position in self.segments),
                {name: unescaped(columns.cell(line, name)) for name in OWN_FIELDS},
            )
        return found


def _unit(header: str) -> Decimal:
    """What one in a column is worth: connectors give money in millionths."""
    return Decimal("0.000001") if "micros" in header.lower() else Decimal(1)


def unescaped(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from taking an id for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA_STARTS else cell


def _plain_id(cell: str) -> str:
    """``123`` out of Google's ``customers/7/campaigns/123``, and nothing out of a dash."""
    return "" if is_nothing(cell) else cell.rpartition("/")[2]
