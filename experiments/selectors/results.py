"""What the results of a campaign consist of, and how REST spells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any

from experiments.choices import Metric, VerdictCode
from experiments.stats.analysis import ComparisonResult, Health


@dataclass(frozen=True, slots=True)
class ArmAnalysis:
    """One arm over the counted days; ``None`` is not known. Intervals bound ``value``.

    ``value`` allows for conversions that are still to come; ``numerator`` and ``denominator`` are what was
    reported so far.
    """

    arm: str
    is_control: bool
    numerator: int | float | None
    denominator: int | float | None
    value: float | None
    confidence_low: float | None
    confidence_high: float | None
    credible_low: float | None
    credible_high: float | None
    probability_best: float | None
    expected_loss: float | None


@dataclass(frozen=True, slots=True)
class CampaignVerdict:
    """``arm`` is the arm it speaks of, ``None`` where it speaks of none."""

    code: VerdictCode
    arm: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class DayMaturity:
    """One closed day. ``visible``: the share of its conversions that is usually visible by the last report.

    ``is_counted``: it takes part in the table; ``is_settled``: its conversions no longer move.
    """

    day: date
    visible: float
    is_settled: bool
    is_counted: bool


@dataclass(frozen=True, slots=True)
class SourceMaturity:
    """How a source's conversions arrive: the share by age in days, with its 95 % interval where learnt."""

    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    days_known: tuple[int, ...]

    @property
    def is_learnt(self) -> bool:
        return bool(self.days_known)


@dataclass(frozen=True, slots=True)
class Maturity:
    """How late conversions were allowed for. ``policy``: ``curve``, or ``settled_days``.

    ``sources``: by key, those whose numbers were used and arrive late. ``left_out``: keys of those that take
    no part, because they date an event by when it happened.
    """

    policy: str
    sources: Mapping[str, SourceMaturity]
    days: tuple[DayMaturity, ...]
    left_out: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        sources = {
            key: {**_told(source), "is_learnt": source.is_learnt} for key, source in self.sources.items()
        }
        days = [{**_told(day), "day": day.day.isoformat()} for day in self.days]
        return {"policy": self.policy, "sources": sources, "days": days, "left_out": list(self.left_out)}


@dataclass(frozen=True, slots=True)
class Adjusted:
    """How p-values were adjusted: the method of the workspace's policy, and over how many comparisons."""

    method: str
    comparisons: int


@dataclass(frozen=True, slots=True)
class Looks:
    """The planned looks, one after each planned day; all of it chances that a difference goes as it seems to.

    ``asked``: what a look after each planned day asks for. ``day``: closed days so far. ``standing``: of each
    treatment's comparison, by arm key; one of which nothing is known is missing. ``enough``: of which today's
    look may call a difference.
    """

    asked: tuple[float, ...]
    day: int
    standing: Mapping[str, float]
    enough: frozenset[str]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything the results of one campaign say about one metric.

    Arms, comparisons and the verdict count closed days, each for the share of its conversions that is visible
    (``maturity``). ``provisional`` says that some of them are not settled. Where the workspace wants settled
    days only, the arms still count every closed day, and the verdict waits. ``sources`` names, by measure,
    whose numbers were used. ``chance_to_meet_target``: of a single arm. ``looks``: of the days that the
    verdict goes by; ``None`` without a plan.
    """

    campaign: str
    metric: Metric
    first_day: date | None
    last_day: date | None
    settled_through: date | None
    days: int
    provisional: bool
    health: Health
    arms: tuple[ArmAnalysis, ...]
    comparisons: tuple[ComparisonResult, ...]
    adjusted: Adjusted
    looks: Looks | None
    verdict: CampaignVerdict
    sources: Mapping[str, Sequence[str]]
    chance_to_meet_target: float | None
    maturity: Maturity | None

    def as_dict(self) -> dict[str, Any]:
        """As REST answers."""
        return {
            "campaign": self.campaign,
            "metric": self.metric.key,
            "direction": self.metric.direction.value,
            "first_day": _iso(self.first_day),
            "last_day": _iso(self.last_day),
            "settled_through": _iso(self.settled_through),
            "days": self.days,
            "provisional": self.provisional,
            "health": {**_told(self.health), "warnings": list(self.health.warnings)},
            **self.compared(),
            "adjusted": _told(self.adjusted),
            "verdict": {**_told(self.verdict), "code": self.verdict.code.value},
            "sources": dict(self.sources),
            "maturity": None if self.maturity is None else self.maturity.as_dict(),
        }

    def compared(self) -> dict[str, Any]:
        """The part of it that is about the arms."""
        return {
            "arms": [_told(arm) for arm in self.arms],
            "comparisons": [_compared(comparison) for comparison in self.comparisons],
        }


def _told(result: Any) -> dict[str, Any]:
    """A dataclass by its fields. ``asdict`` would copy every number of it."""
    return {name: getattr(result, name) for name in _names(result.__class__)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _compared(comparison: ComparisonResult) -> dict[str, Any]:
    shown = _told(comparison)
    del shown["look_allows"], shown["two_sided_p"]
    return {"arm": shown.pop("key"), **shown}


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
