"""The days that a sprint takes: which are of a weekend, and which other sprints take, too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from experiments.models.hypothesis import SATURDAY
from sprints.choices import MAX_SPRINT_DAYS, MIN_SPRINT_DAYS, SprintStatus
from sprints.models import Sprint

# More than these are drawn by nobody's calendar: somebody mistyped the year.
_MOST_DRAWN = 31


@dataclass(frozen=True, slots=True)
class ChosenDay:
    on: date

    @property
    def is_weekend(self) -> bool:
        return self.on.weekday() >= SATURDAY


@dataclass(frozen=True, slots=True)
class ChosenDays:
    """From a first to a last day, with the sprints that take some of them, too."""

    number: int
    days: Sequence[ChosenDay]
    others: Sequence[Sprint]

    @property
    def weekend(self) -> int:
        return sum(day.is_weekend for day in self.days)

    @property
    def is_allowed(self) -> bool:
        return MIN_SPRINT_DAYS <= self.number <= MAX_SPRINT_DAYS


def choose_days(first: date, last: date, *, among: Iterable[Sprint]) -> ChosenDays:
    """``among``: the other sprints at hand; those that are over take no days."""
    number = (last - first).days + 1
    drawn = [ChosenDay(first + timedelta(days=offset)) for offset in range(min(number, _MOST_DRAWN))]
    others = [
        sprint
        for sprint in among
        if sprint.status in {SprintStatus.PLANNING, SprintStatus.RUNNING}
        and sprint.starts_on <= last
        and first <= sprint.ends_on
    ]
    return ChosenDays(number, drawn, others)
