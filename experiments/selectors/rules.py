"""The kill criteria of any number of campaigns with their watches: one query, and a model only where one is
wanted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Self

from experiments.choices import METRICS, Metric, WatchState
from experiments.models import Campaign, CriterionWatch, KillCriterion


class Rule(NamedTuple):
    """A criterion in force; fields as in ``KillCriterion``."""

    id: int
    workspace_id: int
    campaign_id: int
    position: int
    metric: str
    comparator: str
    threshold: Decimal
    level: str
    guards: dict[str, Any]
    evidence: str
    confidence: float
    action: str

    @property
    def metric_definition(self) -> Metric:
        return METRICS[self.metric]

    @classmethod
    def of(cls, criterion: KillCriterion) -> Self:
        return cls._make(getattr(criterion, name) for name in cls._fields)

    def model(self) -> KillCriterion:
        return KillCriterion.from_db(None, self._fields, self)


class Held(NamedTuple):
    """What a watch holds; fields as in ``CriterionWatch``."""

    id: int
    workspace_id: int
    criterion_id: int
    arm_id: int | None
    state: str
    guard_progress: dict[str, Any]
    value: float | None
    strength: float | None
    data_through: date | None
    judged_at: datetime | None
    overruled_until: date | None

    def model(self) -> CriterionWatch:
        return CriterionWatch.from_db(None, self._fields, self)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """``criteria``: those in force by campaign id, in their order. ``watches``: those that are stored, by
    criterion and arm.
    """

    criteria: Mapping[int, list[Rule]]
    watches: Mapping[tuple[int, int | None], Held]

    @property
    def has_breach(self) -> bool:
        """Whether any was breached. Nobody amends a breach away, so a rule replaced has none that is open."""
        return any(watch.state == WatchState.BREACHED for watch in self.watches.values())


# By the key of the campaign, as the campaign itself would be joined to be ordered.
_ROWS = (
    KillCriterion.objects.in_force()
    .order_by("campaign_id", "position", "pk")
    .values_list(*Rule._fields, *(f"watches__{name}" for name in Held._fields))
)


def read_rules(campaigns: Sequence[Campaign]) -> Rules:
    """Criteria in force with their watches. A criterion that nobody has judged yet may have none."""
    criteria: dict[int, list[Rule]] = {campaign.pk: [] for campaign in campaigns}
    watches: dict[tuple[int, int | None], Held] = {}
    width, last = len(Rule._fields), None
    for row in _ROWS.filter(campaign_id__among=criteria):
        if row[0] != last:
            last = row[0]
            rule = Rule._make(row[:width])
            criteria[rule.campaign_id].append(rule)
        if row[width] is not None:
            watch = Held._make(row[width:])
            watches[watch.criterion_id, watch.arm_id] = watch
    return Rules(criteria, watches)
