"""Tables whose numbers are not in columns of their own: a platform's actions, and a CRM's deals."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from experiments.exceptions import Invalid
from experiments.services.exports.lines import Line, Number
from experiments.services.exports.presets import normal_name
from experiments.services.exports.tables import Table, first_lines
from experiments.services.values import in_quotes, listed, quoted

# Columns that hold a list of ``{"action_type": …, "value": …}``.
_LISTS = frozenset({"actions", "action values"})
# What begins the name of a column that an action's type becomes.
OF_ACTIONS = ("actions:", "action_values:")
# A platform has some hundred types.
_MOST_TYPES = 500
# Every line gets a cell for each type, however few its own list names.
_MOST_CELLS = 5_000_000
# So many places before and behind the mark tell a number that is too large from a text of a billion digits.
_MOST_PLACES = 40
_NOT_DONE = Number("0")
_STAGES = ("deal stage", "dealstage", "property dealstage", "deal pipeline stage id")
_AMOUNTS = ("amount", "property amount")
_IS_WON = ("is closed won", "hs is closed won", "property hs is closed won")
_DEALS = frozenset({"deal stage", "dealstage", "deal name", "deal id", "property dealname"})
_ANOTHER_ACTION = gettext_noop("an action that is not counted")
_NOT_WON = gettext_noop("a deal that is not won")


@dataclass(slots=True)
class Unfolded:
    """A table with columns beside its own; ``header`` is the line that names them.

    ``reason``: why a line may have nothing in any of them; "" where each has.
    """

    table: Table
    header: Line
    added: Sequence[str]
    cells: dict[int, tuple[str, ...]] = field(default_factory=dict)
    reason: str = ""
    # Whether a line is an action, so that whatever else it says is said by others as well.
    has_a_line_for_each_action: bool = False

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def is_grid(self) -> bool:
        return self.table.is_grid

    @property
    def is_cut_off(self) -> bool:
        return self.table.is_cut_off

    def lines(self) -> Iterator[Line]:
        width = len(self.header.cells)
        for line in self.table.lines():
            cells = line.cells
            if line.number == self.header.number:
                yield Line(line.number, (*cells, *self.added))
            elif line.number not in self.cells or any(cells[width:]):
                yield line
            else:
                filled = (*cells, *[""] * (width - len(cells)))[:width]
                yield Line(line.number, (*filled, *self.cells[line.number]))


def unfolded(table: Table) -> Table:
    """The table, with a column for each type of action, or for the deals that are won, where it has such."""
    for line in first_lines(table):
        names = [normal_name(cell) for cell in line.cells]
        lists = [position for position, name in enumerate(names) if name in _LISTS]
        if lists and _holds_lists(table, line, lists):
            return _with_lists(
                table, line, {position: names[position].replace(" ", "_") for position in lists}
            )
        if "action type" in names and "value" in names:
            return _with_lines_of_actions(table, line, names)
        if "amount" in " ".join(names) and _DEALS & set(names):
            return _with_deals(table, line, names)
    return table


def _below(table: Table, header: Line) -> Iterator[Line]:
    # A line that cannot be read is named when the whole table is.
    with suppress(Invalid):
        yield from (line for line in table.lines() if line.number > header.number and not line.is_blank)


def _holds_lists(table: Table, header: Line, positions: Sequence[int]) -> bool:
    """Whether it is lists that stand there, not numbers."""
    return any(
        _cell(line, position).startswith("[") for line in _below(table, header) for position in positions
    )


def _with_lists(table: Table, header: Line, places: Mapping[int, str]) -> Unfolded:
    found: dict[int, dict[str, Decimal]] = {}
    read: dict[int, set[str]] = {}
    for line in _below(table, header):
        for position, kind in places.items():
            if cell := _cell(line, position):
                counts = _actions_in(cell, line.number, header.cells[position])
                found.setdefault(line.number, {}).update(
                    {f"{kind}:{name}": value for name, value in counts.items()}
                )
                read.setdefault(line.number, set()).add(kind)
    types = _types({name for counts in found.values() for name in counts}, lines=len(found))
    unfolded = Unfolded(table, header, types)
    for number, counts in found.items():
        # A list names what was done: what it does not name was not.
        unfolded.cells[number] = tuple(
            [
                (Number(f"{counts[name]:f}") if name in counts else _NOT_DONE)
                if name.partition(":")[0] in read[number]
                else ""
                for name in types
            ]
        )
    return unfolded


def _actions_in(cell: str, number: int, header: str) -> dict[str, Decimal]:
    """The sums by type. Parts of a breakdown of the actions add up; the same said twice is refused."""
    try:
        told: dict[str, Decimal] = {}
        seen: set[str] = set()
        for action in json.loads(cell):
            name, value = str(action["action_type"]), Decimal(str(action["value"]))
            part = json.dumps({key: action[key] for key in action if key != "value"}, sort_keys=True)
            if part in seen or not _is_name(name) or not _is_plain(value):
                raise ValueError(name)  # noqa: TRY301 - one answer to all that is wrong with a list
            seen.add(part)
            told[name] = told.get(name, Decimal(0)) + value
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
        raise Invalid(
            "malformed_actions",
            _(
                "Line {line}: “{cell}” under “{header}” is no list of actions. It should read like "
                "{example}, each type once."
            ).format(
                line=number,
                cell=quoted(cell),
                header=header,
                example='[{"action_type": "lead", "value": "3"}]',
            ),
        ) from None
    return told


def _is_name(text: str) -> bool:
    """Whether it can be stored: JSON also spells NUL and halves of characters."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _is_plain(value: Decimal) -> bool:
    """Whether the number can be written out."""
    if not value.is_finite():
        return False
    return abs(value.adjusted()) <= _MOST_PLACES and int(value.as_tuple().exponent) >= -_MOST_PLACES


def _with_lines_of_actions(table: Table, header: Line, names: Sequence[str]) -> Unfolded:
    kind, value = names.index("action type"), names.index("value")
    lines = [line for line in _below(table, header) if len(line.cells) > max(kind, value)]
    types = _types({f"actions:{line.cells[kind]}" for line in lines}, lines=len(lines))
    unfolded = Unfolded(table, header, types, reason=_ANOTHER_ACTION, has_a_line_for_each_action=True)
    for line in lines:
        mine = f"actions:{line.cells[kind]}"
        unfolded.cells[line.number] = tuple([line.cells[value] if name == mine else "" for name in types])
    return unfolded


def _types(found: set[str], *, lines: int) -> list[str]:
    if len(found) > _MOST_TYPES:
        raise Invalid(
            "too_many_actions",
            _("The file names {count} types of actions; at most {most} are read.").format(
                count=len(found), most=_MOST_TYPES
            ),
        )
    if len(found) * lines > _MOST_CELLS:
        raise Invalid(
            "too_many_actions",
            _(
                "The file has {lines} lines and names {count} types of actions: that is more than can be "
                "read here. Export fewer days at once."
            ).format(lines=lines, count=len(found)),
        )
    return sorted(found)


def _with_deals(table: Table, header: Line, names: Sequence[str]) -> Unfolded:
    """Deals that are won, each with 1 for a customer and its amount for the revenue."""
    stage, amount, is_won = (_first(names, wanted) for wanted in (_STAGES, _AMOUNTS, _IS_WON))
    unfolded = Unfolded(table, header, ("won deals", "amount of won deals"), reason=_NOT_WON)
    stages: dict[str, None] = {}
    for line in _below(table, header):
        said, flag = _cell(line, stage), _cell(line, is_won).lower()
        stages[said] = None
        won = flag in {"true", "yes", "1"} if is_won is not None else _is_won(said)
        unfolded.cells[line.number] = ("1", _cell(line, amount)) if won else ("", "")
    if not any(won for won, _amount in unfolded.cells.values()):
        raise Invalid(
            "no_won_deals",
            _(
                "No deal of the file is won, so it has no customers and no revenue. Deals count whose stage "
                "is “Closed Won”; here are {stages}. If yours is called otherwise, add the property “Is "
                "Closed Won” to the export."
            ).format(
                stages=listed([in_quotes(quoted(name)) for name in list(stages)[:12] if name]) or _("none")
            ),
        )
    return unfolded


def _is_won(stage: str) -> bool:
    return stage.lower().replace(" ", "").startswith("closedwon")


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _cell(line: Line, position: int | None) -> str:
    return line.cells[position] if position is not None and position < len(line.cells) else ""


def note_on_actions(header: Sequence[str], read: dict[str, Any]) -> str:
    """What of the actions is counted; "" where there are none."""
    types = [name for name in header if name.startswith(OF_ACTIONS)]
    counted = [f"{in_quotes(name)} ({read[name]})" for name in types if name in read]
    others = [name for name in types if name not in read]
    if not others:
        return ""
    example = next((name for name in others if name.startswith("actions:")), others[0])
    return _(
        "The same action may stand under several types, so one type counts for each measure, and no two are "
        "added up. Counted: {counted}. Not counted: {others}. If another is meant, say it under Columns, for "
        "example {example}."
    ).format(
        counted=listed(counted) or _("none"),
        others=listed([in_quotes(name) for name in others[:12]]),
        example=f"{example}={'conversions' if example.startswith('actions:') else 'revenue'}",
    )
