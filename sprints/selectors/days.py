"""The days that a sprint takes: which are of a weekend, which other sprints take, and which a draft has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from experiments.models import Campaign
from experiments.models.hypothesis import SATURDAY
from sprints.choices import MAX_SPRINT_DAYS, MIN_SPRINT_DAYS, SprintStatus
from sprints.models import Commitment, Sprint

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


def days_of_drafts(campaigns: Iterable[Campaign], *, today: date) -> dict[int, int]:
    """How many days each draft has from its launch to its sprint's end, by id, where its sprint is known."""
    return {key: sprint.days_left(today) for key, sprint in sprints_of_drafts(campaigns).items()}


def sprints_of_drafts(campaigns: Iterable[Campaign]) -> dict[int, Sprint]:
    """The sprint that launches each draft, by the draft's id, where one has taken on its hypothesis."""
    drafts = [campaign for campaign in campaigns if campaign.is_draft and campaign.hypothesis_id]
    if not drafts:
        return {}
    commitments = (
        Commitment.objects.kept()
        .filter(
            hypothesis__in=[draft.hypothesis_id for draft in drafts],
            sprint__status__in=[SprintStatus.PLANNING, SprintStatus.RUNNING],
        )
        .select_related("sprint")
        .order_by("sprint__number")
    )
    sprints = {one.hypothesis_id: one.sprint for one in commitments}
    return {draft.pk: sprints[draft.hypothesis_id] for draft in drafts if draft.hypothesis_id in sprints}
