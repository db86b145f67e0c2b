"""Which report of each measure is the newest: a day of an arm, told by a source, of an entity."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Value = Decimal | int | None
# Where two sources report the same, the first of these speaks.
PRECEDENCE = ("crm", "meta", "analytics")


class Key(NamedTuple):
    campaign: str
    arm: str
    day: date
    source: str
    entity: str


@dataclass(frozen=True)
class Report:
    """A row that says nothing impossible. ``fault``: the code of what is wrong with it otherwise."""

    key: Key
    reported_at: datetime
    measures: dict[str, Value]
    fault: str = ""


@dataclass
class Told:
    """What is known of a key: when at last, and of each measure the value and when it was said."""

    reported_at: datetime
    measures: dict[str, tuple[Value, datetime]] = field(default_factory=dict)

    def values(self) -> dict[str, Value]:
        return {name: value for name, (value, _) in self.measures.items() if value is not None}


@dataclass
class Outcome:
    """What becomes of a batch."""

    faults: dict[int, set[str]]
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    # Days that were over, by campaign.
    restated: dict[str, set[date]] = field(default_factory=dict)
    campaigns: set[str] = field(default_factory=set)


class Reports:
    """Every key of which anything was ever said."""

    def __init__(self) -> None:
        self.told: dict[Key, Told] = {}

    def faults_of(self, reports: Sequence[Report]) -> dict[int, set[str]]:
        """Codes by row: what is wrong with the row itself, and what two rows or an earlier one make wrong."""
        faults = {row: {report.fault} for row, report in enumerate(reports) if report.fault}
        placed = [(row, report.key) for row, report in enumerate(reports) if report.fault not in NEVER_PLACED]
        number = Counter(key for _, key in placed)
        for row, key in placed:
            if number[key] > 1:
                faults.setdefault(row, set()).add("duplicate_key")
            grains = {bool(other.entity) for _, other in placed if other[:4] == key[:4]}
            if len(grains) > 1:
                faults.setdefault(row, set()).add("mixed_grain")
        for row, key in placed:
            if row in faults:
                continue
            stored = {bool(other.entity) for other in self.told if other[:4] == key[:4]}
            if stored - {bool(key.entity)}:
                faults[row] = {"mixed_grain"}
        return faults

    def take(self, reports: Sequence[Report], *, today: date) -> Outcome:
        """Remember what the good rows say that nothing newer has said."""
        outcome = Outcome(self.faults_of(reports))
        for row, report in enumerate(reports):
            if row not in outcome.faults:
                outcome.campaigns.add(report.key.campaign)
                self._take(report, outcome, today=today)
        return outcome

    def _take(self, report: Report, outcome: Outcome, *, today: date) -> None:
        told = self.told.get(report.key)
        if told is None:
            if not report.measures:
                outcome.unchanged += 1
                return
            outcome.inserted += 1
            said = {name: (value, report.reported_at) for name, value in report.measures.items()}
            self.told[report.key] = Told(report.reported_at, said)
            return
        newer = {
            name: value
            for name, value in report.measures.items()
            if name not in told.measures or told.measures[name][1] <= report.reported_at
        }
        if not newer:
            outcome.unchanged += 1
            return
        if any(told.measures.get(name, (None, None))[0] != value for name, value in newer.items()):
            outcome.updated += 1
            if report.key.day < today:
                outcome.restated.setdefault(report.key.campaign, set()).add(report.key.day)
        else:
            outcome.unchanged += 1
        told.reported_at = max(told.reported_at, report.reported_at)
        told.measures |= {name: (value, report.reported_at) for name, value in newer.items()}

    def spend(self, campaign: str) -> dict[date, Decimal]:
        """Spend by day, whenever that was: of each arm's day, what the source says that speaks."""
        by_arm: dict[tuple[str, date], dict[str, Decimal]] = {}
        for key, told in self.told.items():
            spent = told.values().get("spend")
            if key.campaign == campaign and spent is not None:
                sources = by_arm.setdefault((key.arm, key.day), {})
                sources[key.source] = sources.get(key.source, Decimal(0)) + spent
        days: dict[date, Decimal] = {}
        for (_, day), sources in by_arm.items():
            speaks = min(sources, key=PRECEDENCE.index)
            days[day] = days.get(day, Decimal(0)) + sources[speaks]
        return days


# Of such a row nobody can say which key it means.
NEVER_PLACED = frozenset(
    {
        "unknown_campaign",
        "campaign_discarded",
        "unknown_arm",
        "unknown_source",
        "day_in_future",
        "reported_in_future",
    }
)
