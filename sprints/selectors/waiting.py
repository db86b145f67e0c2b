"""What waits for a person on Today, and what goes on beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from experiments.choices import EvidenceKind, ZombieSignal
from experiments.models import Breach, Campaign, ZombieFlag
from sprints.choices import ReallocationState
from sprints.models import Commitment, Reallocation, Sprint
from sprints.selectors.graveyard import Noes
from sprints.selectors.standing import Board

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenBreach:
    """A rule that has fired and that nobody has answered yet."""

    breach: Breach
    campaign: Campaign
    money_per_day: Decimal | None
    decide_by: datetime
    # What else calls about its campaign, said here and not among the zombies.
    flags: Sequence[ZombieFlag]
    goes_on_spending: bool

    @property
    def strengths(self) -> list[float]:
        """How sure the rule was, day by day; empty for a kind of evidence that has no chance."""
        watch = self.breach.watch
        if watch.criterion.evidence != EvidenceKind.PROBABLE:
            return []
        return [item.strength for item in watch.judgements.all() if item.strength is not None]

    @property
    def has_moved(self) -> bool:
        """Whether later numbers have made the rule surer, or less sure, than when it fired."""
        watch = self.breach.watch
        return (
            watch.strength is not None
            and watch.data_through is not None
            and watch.data_through > self.breach.data_through
        )

    @property
    def other_flags(self) -> list[ZombieFlag]:
        """Without the one that says no more than that nobody has answered in time."""
        return [flag for flag in self.flags if flag.signal != ZombieSignal.BREACHED]


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A reallocation for a manager's yes or no, or an approved one that is still to be applied."""

    plan: Reallocation
    amount: Decimal
    # What happens otherwise, as the plan's evidence says it.
    do_nothing: Mapping[str, str]
    # Whether the person who looks is one who may say the word that it waits for.
    is_mine: bool

    @property
    def money_per_day(self) -> Decimal:
        """What goes on being spent meanwhile, as the plan says."""
        return Decimal(self.do_nothing.get("spend_per_day") or NOTHING)

    @property
    def is_approved(self) -> bool:
        return self.plan.state == ReallocationState.APPROVED


@dataclass(frozen=True, slots=True)
class BurningZombie:
    """A campaign about which flags call: the costliest, and what was burnt on each day that it counts."""

    flag: ZombieFlag
    other_flags: Sequence[ZombieFlag]
    by_day: Mapping[date, Decimal]
    # The day on which the drawings of all zombies end, and their highest bar.
    last: date
    most: Decimal

    @property
    def is_unplanned(self) -> bool:
        return any(one.signal == ZombieSignal.UNPLANNED for one in (self.flag, *self.other_flags))


@dataclass(frozen=True, slots=True)
class ScaledCampaign:
    """A campaign that got its yes and goes on beyond its sprint, with what it spends on a day."""

    campaign: Campaign
    money_per_day: Decimal | None


@dataclass(frozen=True, slots=True)
class Today:
    """Everything that waits for a person."""

    KEPT_PARTS: ClassVar = ("breaches", "plans", "zombies", "scaled", "boards")

    breaches: Sequence[OpenBreach]
    plans: Sequence[WaitingPlan]
    # Without what stands among the breaches already.
    zombies: Sequence[BurningZombie]
    zombies_calling: int
    zombie_money_per_day: Decimal
    undecided: Sequence[Commitment]
    unstarted: Sequence[Sprint]
    # Nobody needs to decide about these.
    scaled: Sequence[ScaledCampaign]
    # What was killed in the last quarter; counted, not told.
    noes: Noes
    # How the sprints that run stand, without a comparison of the arms.
    boards: Sequence[Board]
    # All that it speaks of, with their hypotheses; those of its boards and events with their rules.
    campaigns: Sequence[Campaign]
    # Whether the person who looks may decide about campaigns and sprints.
    may_plan: bool

    @property
    def decisions(self) -> int:
        """How many wait for the person who looks."""
        others = len(self.breaches) + self.zombies_calling + len(self.undecided) + len(self.unstarted)
        return sum(item.is_mine for item in self.plans) + (others if self.may_plan else 0)

    @property
    def groups(self) -> list[str]:
        """The kinds of what waits, the costliest a day first."""
        by_kind = {
            "breaches": (len(self.breaches), self._breached_per_day),
            "plans": (len(self.plans), sum((item.money_per_day for item in self.plans), NOTHING)),
            "zombies": (len(self.zombies), self.zombie_money_per_day),
            "undecided": (len(self.undecided), NOTHING),
            "unstarted": (len(self.unstarted), NOTHING),
        }
        shown = {kind: per_day for kind, (number, per_day) in by_kind.items() if number}
        return sorted(shown, key=lambda kind: -shown[kind])

    @property
    def decide_by(self) -> datetime | None:
        """The first deadline of a breach."""
        return min((item.decide_by for item in self.breaches), default=None)

    @property
    def _breached_per_day(self) -> Decimal:
        """Each campaign once, however many of its rules have fired."""
        spending = (item for item in self.breaches if item.goes_on_spending)
        return sum({item.campaign.pk: item.money_per_day or NOTHING for item in spending}.values(), NOTHING)

    @property
    def money_per_day(self) -> Decimal:
        """What is spent each day until somebody decides; each campaign once."""
        return self.zombie_money_per_day + self._breached_per_day
