"""Which column is which: resolved by name, never by position, and asked where two could be meant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from experiments.choices import MEASURES
from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.lines import Line
from experiments.services.exports.presets import (
    PRESETS,
    RESULTS,
    TEXT_FIELDS,
    Preset,
    currency_in,
    likeliest_preset,
    normal_name,
)
from experiments.services.exports.tables import Table, check_width, first_lines
from experiments.services.exports.unfolding import unfolded
from experiments.services.values import in_quotes, listed, quoted

TARGETS = (*TEXT_FIELDS, *MEASURES)
_FEWEST_FIELDS = 2


@dataclass(slots=True)
class Columns:
    """The header's line, and for each field the positions of its columns."""

    preset: Preset
    header: Line
    table: Table
    positions: dict[str, list[int]] = field(default_factory=dict)
    questions: list[FieldError] = field(default_factory=list)
    # By measure: the currency that its column's name promises.
    currencies: dict[str, str] = field(default_factory=dict)
    # Names of the sheets that have tables, where there are several.
    sheets: list[str] = field(default_factory=list)

    @property
    def measures(self) -> dict[str, int]:
        return {name: self.positions[name][0] for name in MEASURES if name in self.positions}

    @property
    def asks_for_sheet(self) -> bool:
        return any(question.code == "several_sheets" for question in self.questions)

    def has(self, name: str) -> bool:
        return name in self.positions

    def cell(self, line: Line, name: str) -> str:
        """The cell of a field that has one column; "" where it has none."""
        positions = self.positions.get(name)
        return line.cells[positions[0]] if positions else ""

    @property
    def read(self) -> dict[str, str]:
        """Fields by header, for a preview: an hour, say, is read as a day and as a part of it."""
        read: dict[str, list[str]] = defaultdict(list)
        for name, positions in self.positions.items():
            for position in positions:
                read[self.header.cells[position]].append(name)
        return {header: listed(names) for header, names in read.items()}

    @property
    def ignored(self) -> list[str]:
        return [header for header in self.header.cells if header and header not in self.read]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of the columns before the file is looked at.

    ``mapped`` maps headers to fields, and ``sheet`` names the table, as the reader of the file says;
    ``remembered`` maps them, by preset, as was said of earlier files. ``currency`` is the workspace's.
    """

    currency: str
    preset: str = "auto"
    sheet: str = ""
    mapped: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def mapped_in(self, line: Line, preset: Preset) -> dict[str, str]:
        """Fields by header. What is said of this file goes before what was said of another."""
        earlier = self.remembered.get(preset.key, {}).items()
        return {
            **{
                header: name
                for header, name in earlier
                if header in line.cells and name not in self.mapped.values()
            },
            **self.mapped,
        }


def find_columns(tables: Sequence[Table], asked: Asked) -> Columns:
    """The header and its meaning, in whichever table makes most of it. Raises ``Invalid`` (``no_header``)."""
    _check_mapped(asked.mapped)
    found: list[Columns] = []
    for table in map(unfolded, tables):
        for line in first_lines(table):
            columns = _resolve(line, table=table, asked=asked)
            if _is_header(columns):
                found.append(columns)
                break
    best = _choose_sheet(found, asked.sheet) if any(table.name for table in tables) else _fullest(found)
    if best is None:
        for table in tables:
            check_width(table)
        raise Invalid.field(
            "map",
            "no_header",
            _(
                "No line of the file names columns that are known here: at least one measure, such "
                "as Impressions or Spend, beside a day or a campaign. Or say which column is what: "
                "COLUMN=FIELD."
            ),
        )
    if best.asks_for_sheet:
        return best
    missing = [header for header in asked.mapped if header not in best.header.cells]
    if missing:
        raise Invalid.field(
            "map",
            "unknown_column",
            _("The file has no column {missing}. It has {cells}.").format(
                missing=_in_quotes(missing), cells=_in_quotes(best.header.cells)
            ),
        )
    return best


def _fullest(found: Sequence[Columns]) -> Columns | None:
    return max(found, key=lambda columns: len(columns.positions), default=None)


def _choose_sheet(found: Sequence[Columns], sheet: str) -> Columns | None:
    """The sheet that was said, or the only one with a table; the question for it where there are several."""
    names = [columns.table.name for columns in found]
    if sheet and found and sheet not in names:
        raise Invalid.field(
            "sheet",
            "unknown_sheet",
            _("The workbook has no sheet “{sheet}” with a table, but {names}.").format(
                sheet=quoted(sheet), names=_in_quotes(names)
            ),
        )
    best = next((columns for columns in found if sheet in {"", columns.table.name}), None)
    if best is not None and len(found) > 1:
        best.sheets = names
        if not sheet:
            best.questions = [
                FieldError(
                    "several_sheets",
                    _("The workbook has several tables. On which sheet are the numbers: {names}?").format(
                        names=listed([in_quotes(quoted(name)) for name in names], last="or")
                    ),
                    "sheet",
                )
            ]
    return best


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Field by header, out of ``COLUMN=FIELD``."""
    mapped = {}
    for pair in pairs:
        column, equals, target = pair.rpartition("=")
        if not equals or not column.strip():
            raise Invalid.field(
                "map",
                "malformed",
                _("“{pair}” does not say which column is what. Write COLUMN=FIELD.").format(
                    pair=quoted(pair)
                ),
            )
        mapped[column.strip()] = target.strip()
    return mapped


def _check_mapped(mapped: Mapping[str, str]) -> None:
    wrong = [name for name in mapped.values() if name not in TARGETS]
    if wrong:
        raise Invalid.field(
            "map",
            "unknown_field",
            _("There is no field {wrong}. There are {names}.").format(
                wrong=_in_quotes(wrong), names=listed(TARGETS)
            ),
        )


def _in_quotes(names: Iterable[str]) -> str:
    return listed([in_quotes(quoted(name)) for name in names if name])


def _is_header(columns: Columns) -> bool:
    return len(columns.positions) >= _FEWEST_FIELDS and bool(columns.measures)


def _resolve(line: Line, *, table: Table, asked: Asked) -> Columns:
    names = [normal_name(cell) for cell in line.cells]
    chosen = likeliest_preset(names) if asked.preset == "auto" else PRESETS[asked.preset]
    mapped = asked.mapped_in(line, chosen)
    columns = Columns(chosen, line, table)
    taken = {position for position, cell in enumerate(line.cells) if cell in mapped}
    for target in TARGETS:
        by_hand = [position for position in taken if mapped[line.cells[position]] == target]
        found = by_hand or [
            position
            for name in chosen.columns.get(target, ())
            for position, present in enumerate(names)
            if present == name and position not in taken
        ]
        if found:
            # A name may stand twice among those that are looked for.
            found = list(dict.fromkeys(found))
            columns.positions[target] = _choose(columns, target, found, names=names, currency=asked.currency)
    _leave_local_currency(columns, names)
    _leave_kind_of_results(columns, names, by_hand=taken)
    _ask_what_is_doubtful(columns, names, mapped=mapped)
    return columns


def _leave_local_currency(columns: Columns, names: Sequence[str]) -> None:
    """Beside an amount in a currency by name, one in “local currency” may be in another: it is not used."""
    if columns.currencies:
        for name, position in columns.measures.items():
            if names[position].endswith("in local currency"):
                del columns.positions[name]


def _leave_kind_of_results(columns: Columns, names: Sequence[str], *, by_hand: set[int]) -> None:
    """What the results are matters where they count as conversions, and nobody has said that they do."""
    counted = columns.positions.get("conversions", [-1])[0]
    if counted in by_hand or RESULTS not in names or counted != names.index(RESULTS):
        columns.positions.pop("result_kind", None)


def _choose(
    columns: Columns, target: str, found: Sequence[int], *, names: Sequence[str], currency: str
) -> list[int]:
    """The column or columns of one field, out of those whose name fits, the most fitting first."""
    if target == "segment":
        return list(found)
    header = columns.header.cells
    promised = {
        position: currency_in(header[position]) or columns.preset.currencies.get(names[position], "")
        for position in found
    }
    # The same amount may be there in two currencies.
    found = [position for position in found if promised[position] in {"", currency}] or found
    if target in MEASURES and promised[found[0]]:
        columns.currencies[target] = promised[found[0]]
    is_ambiguous = not columns.preset.is_ranked and target in MEASURES
    if len(found) > 1 and (is_ambiguous or names[found[0]] == names[found[1]]):
        candidates = _in_quotes([header[position] for position in found])
        columns.questions.append(
            FieldError(
                "ambiguous_column",
                _("Which column is {field}: {candidates}? Say it as COLUMN={target}.").format(
                    field=MEASURES[target].label if target in MEASURES else target.replace("_", " "),
                    candidates=candidates,
                    target=target,
                ),
                target,
            )
        )
    return [found[0]]


def _ask_what_is_doubtful(columns: Columns, names: Sequence[str], *, mapped: Mapping[str, str]) -> None:
    for name, target in columns.preset.doubtful.items():
        if name in names and not columns.has(target):
            header = columns.header.cells[names.index(name)]
            if header not in mapped:
                columns.questions.append(
                    FieldError(
                        "doubtful_column",
                        _(
                            "Is “{header}” what was spent, or what may be? For the first say "
                            "{header}={target}."
                        ).format(header=header, target=target),
                        target,
                    )
                )
