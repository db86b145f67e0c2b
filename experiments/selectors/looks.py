"""How sure each planned day asks one to be before a difference is called, and how sure today is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from experiments.models import Arm
from experiments.selectors.results import Looks

# A plan for longer shows every second look, or every third.
MOST_SHOWN: Final = 14


@dataclass(frozen=True, slots=True)
class Standing:
    """How sure the days so far are of a treatment's difference, and whether that is enough today."""

    name: str
    chance: float
    is_enough: bool


@dataclass(frozen=True, slots=True)
class LookRow:
    """The look after one planned day; ``standing`` only of today's."""

    day: int
    asks: float
    is_today: bool
    standing: tuple[Standing, ...]


def look_rows(looks: Looks | None, arms: Sequence[Arm]) -> list[LookRow]:
    """The planned looks in their order; none where none are planned."""
    if looks is None:
        return []
    planned = len(looks.asked)
    step = math.ceil(planned / MOST_SHOWN)
    shown = {*range(step, planned + 1, step), planned}
    if 1 <= looks.day <= planned:
        shown.add(looks.day)
    names = {arm.key: arm.name for arm in arms}
    return [
        LookRow(
            day=day,
            asks=asks,
            is_today=day == looks.day,
            standing=tuple(
                Standing(names[key], chance, key in looks.enough) for key, chance in looks.standing.items()
            )
            if day == looks.day
            else (),
        )
        for day, asks in enumerate(looks.asked, start=1)
        if day in shown
    ]
