"""How often and how fast a team was right: by driver, by persona, by channel."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import IntegerField, QuerySet
from django.utils.translation import gettext_lazy

from experiments.choices import Driver
from experiments.models import Campaign
from sprints.choices import DecisionKind
from sprints.models import Decision
from workspaces.choices import WELL_KNOWN_SOURCES
from workspaces.models import Workspace
from workspaces.models.prepared import Given, Prepared

UNNAMED = gettext_lazy("not named")
# More rows than this are a list, and the table below is one.
MOST_GROUPS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hypothesis, and on which day of its sprint."""

    decision: str
    day: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Hypotheses that have something in common."""

    name: str
    outcomes: Sequence[Outcome]

    def _of(self, kind: DecisionKind) -> int:
        return sum(outcome.decision == kind for outcome in self.outcomes)

    @property
    def tried(self) -> int:
        return len(self.outcomes)

    @property
    def won(self) -> int:
        return self._of(DecisionKind.SCALE)

    @property
    def evolved(self) -> int:
        return self._of(DecisionKind.EVOLVE)

    @property
    def killed(self) -> int:
        return self._of(DecisionKind.KILL)

    @property
    def win_rate(self) -> float | None:
        return self.won / self.tried if self.tried else None

    @property
    def by_day(self) -> list[Outcome]:
        """The quickest decision first."""
        return sorted(self.outcomes, key=lambda outcome: (outcome.day, outcome.decision))

    @property
    def days_to_a_decision(self) -> int | None:
        """The median day of its sprint on which one was decided."""
        return round(median(outcome.day for outcome in self.outcomes)) if self.outcomes else None

    @property
    def days_to_a_no(self) -> int | None:
        """The median day of its sprint on which one was killed."""
        days = [outcome.day for outcome in self.outcomes if outcome.decision == DecisionKind.KILL]
        return round(median(days)) if days else None


@dataclass(frozen=True, slots=True)
class Records:
    """All that was decided together, and in groups, the most tried first."""

    all: Record
    groups: Sequence[Record]

    @property
    def longest(self) -> int:
        """The latest day of a decision: the scale that all groups share."""
        return max((outcome.day for outcome in self.all.outcomes), default=1)


_WORKSPACE = Given("workspace", IntegerField())
_PERSONAS: Prepared[Any] = Prepared(
    lambda: (
        Decision.objects.filter(workspace=_WORKSPACE)
        .exclude(hypothesis__persona="")
        .order_by("hypothesis__persona")
        .values_list("hypothesis__persona", flat=True)
        .distinct()
    )
)
_CHANNELS: Prepared[Any] = Prepared(
    lambda: (
        Campaign.objects.filter(
            workspace=_WORKSPACE,
            hypothesis__in=Decision.objects.filter(workspace=_WORKSPACE).values("hypothesis"),
        )
        .order_by("channel")
        .values_list("channel", flat=True)
        .distinct()
    )
)


def personas_decided(workspace: Workspace) -> list[str]:
    """The personas of what was decided, to choose from."""
    return _PERSONAS.read(workspace=workspace.pk)


def channels_decided(workspace: Workspace) -> list[str]:
    """The channels on which something ran that was decided."""
    return _CHANNELS.read(workspace=workspace.pk)


def read_records(decisions: QuerySet[Decision], *, by: str, workspace: Workspace) -> Records:
    """The record of these decisions, by ``driver``, ``persona`` or ``channel``, in at most two queries.

    One that ran on two channels counts for both; one that was carried over counts once it is decided.
    """
    rows = list(
        decisions.filter(carry_to=None)
        .order_by()
        .values_list(
            "decision",
            "decided_at",
            "sprint__starts_on",
            "hypothesis",
            "hypothesis__driver",
            "hypothesis__persona",
        )
    )
    channels = _channels([row[3] for row in rows]) if by == "channel" else {}
    drivers = {str(driver): str(driver.label) for driver in Driver}
    outcomes = []
    for decision, decided_at, starts_on, hypothesis, driver, persona in rows:
        groups = {
            "channel": channels.get(hypothesis, ()),
            "persona": (persona,),
        }.get(by, (drivers.get(driver, ""),))
        day = (workspace.local_day(decided_at) - starts_on).days + 1
        outcomes.append(Outcome(decision, day, tuple(name for name in groups if name) or (str(UNNAMED),)))
    return Records(Record("all", outcomes), _grouped(outcomes))


def _grouped(outcomes: Iterable[Outcome]) -> list[Record]:
    together: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for name in outcome.groups:
            together[name].append(outcome)
    records = [Record(name, found) for name, found in together.items()]
    return sorted(records, key=lambda record: (-record.tried, -record.won, record.name))[:MOST_GROUPS]


def _channels(hypotheses: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    launched = Campaign.objects.launched().filter(hypothesis__among=list(hypotheses)).order_by()
    for hypothesis, channel in launched.values_list("hypothesis", "channel"):
        found[hypothesis].add(WELL_KNOWN_SOURCES[channel][0] if channel in WELL_KNOWN_SOURCES else channel)
    return {hypothesis: tuple(sorted(names)) for hypothesis, names in found.items()}
