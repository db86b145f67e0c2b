"""One pass over everything, as the scheduler does it every five minutes; or a look at what it would find."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from experiments.choices import ZombieState
from experiments.models import Breach, Campaign, DayTotal, ZombieFlag
from experiments.services.judging.case import build_case
from experiments.services.judging.flagging import FlagChanges
from experiments.services.judging.judge import JudgingResult, chunks, judge_where_changed
from experiments.services.judging.watching import as_shown
from workspaces.services import publish_all_events

# By then conversions have usually arrived; later ones come with a post, and a post is judged.
_SECOND_LOOK = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """A judging of everything, and how many events were given their number."""

    judging: JudgingResult
    published: int

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self.judging), "published": self.published}

    def lines(self) -> list[str]:
        """The same for a terminal."""
        judging = self.judging
        summary = (
            f"{judging.judged} campaigns judged: {len(judging.breaches)} new breaches, "
            f"{len(judging.flagged)} zombies flagged, {len(judging.cleared)} cleared."
        )
        failed = [f"{key}: could not be judged, see the log." for key in judging.failed]
        return [summary, *map(_tampered, judging.tampered), *failed]


@dataclass(frozen=True, slots=True)
class SweepPreview:
    """What a sweep at ``at`` would judge and find."""

    at: datetime
    campaigns: int
    criteria: tuple[dict[str, Any], ...]
    zombies: tuple[dict[str, Any], ...]
    tampered: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """The same for a terminal."""
        criteria = [
            f"{rule['campaign']}{_in_arm(rule['arm'])}: {rule['sentence']} "
            f"({rule['state']} → {rule['becomes']}, data through {rule['data_through'] or 'no day yet'})"
            for rule in self.criteria
        ]
        zombies = [f"{flag['campaign']}: {flag['becomes']} {flag['signal']}" for flag in self.zombies]
        summary = f"At {self.at.isoformat()} a sweep would judge {self.campaigns} campaigns."
        return [summary, *criteria, *zombies, *map(_tampered, self.tampered)]


def _tampered(key: str) -> str:
    return f"{key}: its kill criteria are not those that were frozen, so it is not judged."


def _in_arm(arm: str | None) -> str:
    return f", arm {arm}" if arm else ""


def campaigns_to_judge(at: datetime) -> QuerySet[Campaign]:
    """What is launched and not over, and what is over but still spends, is flagged, has news or was stopped
    by a rule a few days ago, when its last conversions were still to come.
    """
    spent_later = DayTotal.objects.filter(
        arm__campaign=OuterRef("pk"),
        spend__gt=0,
        day__gt=TruncDate("arm__campaign__ended_at", tzinfo=UTC),
    )
    flagged = ZombieFlag.objects.filter(campaign=OuterRef("pk")).exclude(state=ZombieState.RESOLVED)
    breached = Breach.objects.filter(campaign=OuterRef("pk"))
    return (
        Campaign.objects.launched()
        .filter(launched_at__lte=at)
        .filter(
            Q(ended_at=None)
            | Q(Exists(breached), ended_at__gt=at - _SECOND_LOOK)
            | Q(judge_due_at__isnull=False)
            | Exists(flagged)
            | Exists(spent_later)
        )
        .order_by(F("pk"))
    )


def _ids(at: datetime) -> list[int]:
    return list(campaigns_to_judge(at).values_list("pk", flat=True))


def sweep_chunks(*, at: datetime) -> list[list[int]]:
    """Ids of all that a sweep judges, in parts that several workers can take."""
    return list(chunks(_ids(at)))


def sweep(*, at: datetime) -> SweepResult:
    """Judge all that is launched, and number whatever events wait."""
    judging = judge_where_changed(_ids(at), at=at)
    return SweepResult(judging=judging, published=publish_all_events())


def preview_sweep(*, at: datetime) -> SweepPreview:
    """What a sweep at ``at`` would do, with the numbers known today; writes nothing."""
    criteria: list[dict[str, Any]] = []
    zombies: list[dict[str, Any]] = []
    tampered: list[str] = []
    ids = _ids(at)
    for chunk in chunks(ids):
        case = build_case(Campaign.objects.filter(pk__among=chunk), at=at)
        criteria += map(as_shown, case.look.all())
        zombies += _flags_as_shown(case.flags(at=at))
        tampered += [campaign.key for campaign in case.tampered]
    return SweepPreview(at, len(ids) - len(tampered), tuple(criteria), tuple(zombies), tuple(tampered))


def _flags_as_shown(changes: Sequence[FlagChanges]) -> list[dict[str, Any]]:
    shown = []
    for change in changes:
        key = change.campaign.key
        signals = [(signal, "flag") for signal in change.raised]
        signals += [(signal, "reopen") for _, signal in change.reopened]
        shown += [
            {
                "campaign": key,
                "signal": signal.kind.value,
                "becomes": deed,
                "since": signal.since,
                "money_since": signal.money_since,
                "money_per_day": signal.money_per_day,
                "evidence": signal.evidence,
            }
            for signal, deed in signals
        ]
        shown += [{"campaign": key, "signal": flag.signal, "becomes": "clear"} for flag in change.cleared]
    return shown
