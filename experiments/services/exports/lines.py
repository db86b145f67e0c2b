"""A line of a table, and numbers about which nothing has to be agreed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One record and the number of the line on which it begins, counted from 1 as editors do."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(self.cells)


class Number(str):
    """A cell that holds a number, not digits that somebody wrote, whose marks are to be agreed on."""

    __slots__ = ()


class RoundedNumber(Number):
    """One with more digits than a spreadsheet keeps: as an id it is worth nothing."""

    __slots__ = ()
