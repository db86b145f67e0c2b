"""The machine's own picture of a workspace: plain values, no database."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tests.state_machine.reports import Reports

# A criterion that waits for its guards or judges: which of both, the days decide.
WATCHING = "watching"


@dataclass
class Sprint:
    id: int
    starts_on: date
    ends_on: date
    status: str = "planning"
    # By hypothesis: active, released, decided or carried. A released place is free again.
    places: dict[int, str] = field(default_factory=dict)

    @property
    def active(self) -> list[int]:
        return [hypothesis for hypothesis, state in self.places.items() if state == "active"]

    @property
    def is_full(self) -> bool:
        return sum(state != "released" for state in self.places.values()) >= 3

    def days_left(self, today: date) -> int:
        """From today or its first day, whichever is later, to its last."""
        return max(0, (self.ends_on - max(self.starts_on, today)).days + 1)


@dataclass
class Hypothesis:
    id: int
    # By name; "" for nobody.
    owner: str
    has_target: bool
    status: str = "backlog"
    decide_by: date | None = None


@dataclass(frozen=True, eq=False)
class Rule:
    """A kill criterion, all said."""

    metric: str
    comparator: str
    threshold: Decimal
    guards: Mapping[str, Any]
    level: str = "campaign"
    evidence: str = "probable"
    action: str = "pause"

    def values(self) -> dict[str, Any]:
        """As REST takes it."""
        return {
            "metric": self.metric,
            "comparator": self.comparator,
            "threshold": str(self.threshold),
            "level": self.level,
            "guards": dict(self.guards),
            "evidence": self.evidence,
            "action": self.action,
        }

    def canonical(self) -> dict[str, Any]:
        guards = {key: _plain(value) for key, value in self.guards.items()}
        threshold = _plain(self.threshold)
        return self.values() | {"threshold": threshold, "guards": guards, "confidence": "0.95"}


def _plain(number: Any) -> str:
    """2000.00, 2000 and "2000.0" are one number."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def digest_of(content: Any) -> str:
    """SHA-256 of JSON in its one spelling."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_rules(rules: Iterable[Rule]) -> str:
    return digest_of([rule.canonical() for rule in rules])


@dataclass
class Arm:
    is_control: bool
    is_running: bool = True


@dataclass
class Campaign:
    key: str
    arms: dict[str, Arm]
    hypothesis: int | None = None
    planned: Decimal | None = None
    rules: list[Rule] = field(default_factory=list)
    status: str = "draft"
    budget: Decimal = Decimal(0)
    digest: str = ""
    # Before and after, as digests.
    amendments: list[tuple[str, str]] = field(default_factory=list)
    amended_at: datetime | None = None
    # Ids of the rules in force, in their order, once they are frozen.
    rule_ids: list[int] = field(default_factory=list)
    # By criterion and arm; of what an amendment retired, too.
    watches: dict[tuple[int, str | None], str] = field(default_factory=dict)
    launched_at: datetime | None = None
    starts_on: date | None = None
    runs_until: date | None = None
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    has_scaled: bool = False
    # A report came, or new rules, and nobody has judged since.
    is_due: bool = False

    @property
    def is_unfinished(self) -> bool:
        return self.status in {"live", "paused", "scaled"}

    @property
    def is_spending(self) -> bool:
        return self.status in {"live", "scaled"}

    @property
    def is_launched(self) -> bool:
        return self.status not in {"draft", "discarded"}

    @property
    def stopped_at(self) -> datetime | None:
        return None if not self.is_launched or self.is_spending else self.paused_at or self.ended_at

    @property
    def days(self) -> int | None:
        """From its first to its last, as far as they are known."""
        if self.starts_on is None or self.runs_until is None:
            return None
        return (self.runs_until - self.starts_on).days + 1

    @property
    def breaches(self) -> list[tuple[int, str | None]]:
        return [watch for watch, state in self.watches.items() if state == "breached"]

    def settle(self, arm: str | None = None) -> None:
        for watch in self.breaches:
            if arm is None or watch[1] == arm:
                self.watches[watch] = "settled"


Line = tuple[str, str, Decimal]


@dataclass
class Plan:
    id: int
    lines: list[Line]
    proposer: int
    key_maker: int | None
    expires_at: datetime
    digest: str
    state: str = "proposed"
    approver: int | None = None
    undoes: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state in {"proposed", "approved"}


@dataclass
class Flag:
    id: int
    campaign: str
    signal: str
    state: str = "open"


@dataclass
class Key:
    """An API key: its secret, what it may do, and who made it."""

    id: int
    secret: str
    scopes: frozenset[str]
    maker: int
    is_revoked: bool = False


@dataclass
class Person:
    user_id: int
    email: str
    role: str
    keys: list[Key] = field(default_factory=list)


@dataclass(frozen=True)
class Who:
    """Somebody who acts: a person, or a key for one."""

    person: Person
    key: Key | None = None

    def __str__(self) -> str:
        return f"{self.person.email} (key {self.key.id})" if self.key else self.person.email


@dataclass
class Team:
    """A workspace."""

    id: int
    slug: str
    unit: Decimal
    people: dict[str, Person]
    timezone: str
    policy: dict[str, Any]
    reserve: Decimal = Decimal(0)
    outside: Decimal = Decimal(0)
    transfers: int = 0
    sprints: dict[int, Sprint] = field(default_factory=dict)
    hypotheses: dict[int, Hypothesis] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)
    flags: dict[int, Flag] = field(default_factory=dict)
    reports: Reports = field(default_factory=Reports)
    # What this world's events have said of the state of each thing.
    told: dict[tuple[str, str], str] = field(default_factory=dict)

    def day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.timezone)).date()

    def can_own(self, owner: str) -> bool:
        return owner in self.people and self.people[owner].role != "viewer"

    def campaigns_of(self, hypothesis: int) -> list[Campaign]:
        return [campaign for campaign in self.campaigns.values() if campaign.hypothesis == hypothesis]

    def sprint_of(self, hypothesis: int) -> Sprint | None:
        return next((one for one in self.sprints.values() if hypothesis in one.active), None)


Kind = Literal["sprints", "hypotheses", "campaigns", "plans", "flags"]
