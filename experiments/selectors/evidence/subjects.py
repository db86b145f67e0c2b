"""What is judged, and what was seen of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from experiments.choices import MEASURES, METRICS, CriterionLevel
from experiments.models import Arm
from experiments.selectors.measurements import measures_of
from experiments.selectors.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One criterion at one place of its level: the campaign at that index, or the arm at that index of it."""

    rule: Rule
    campaign: int
    arm: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a criterion sees.

    ``value``: the metric on its own scale, ``None`` where nothing stands below the line. ``strength``: the
    probability or the e-value, ``None`` where it is unknown or the number simply stands. ``data_through``:
    the last day that counted. ``numbers``: the totals behind it, with the ``mature_`` exposure where late
    conversions were allowed for; ``left_out`` names sources that take no part. ``is_breach``: the rule is
    broken, its guards being met.
    """

    guard_progress: dict[str, Any]
    guards_met: bool
    value: float | None
    strength: float | None
    is_breach: bool
    data_through: date | None
    numbers: dict[str, Any]


def measures_for(rules: Iterable[Rule]) -> set[str]:
    """Every measure that judging these criteria reads."""
    needed = {"spend"}
    for metric, guards in {(rule.metric, tuple(rule.guards)) for rule in rules}:
        needed |= measures_of(METRICS[metric])
        needed |= {guard for guard in guards if guard in MEASURES}
    return needed


def subjects_of(rule: Rule, campaign: int, arms: Sequence[Arm]) -> list[Subject]:
    """Where a criterion is watched: at its campaign, or at each of its arms."""
    if rule.level == CriterionLevel.CAMPAIGN:
        return [Subject(rule, campaign)]
    return [Subject(rule, campaign, index) for index, _ in enumerate(arms)]
