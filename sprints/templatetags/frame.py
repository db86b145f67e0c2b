"""What stands around every page: the rail with its counts, and the strip that says which days count."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import template
from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.template import Context
from django.urls import reverse

from experiments.models import Breach, Campaign, Observation, ZombieFlag
from sprints.models import Reallocation, Sprint
from workspaces.models import Source, Workspace

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the rail."""

    section: str
    label: str
    icon: str
    url: str
    count: int = 0
    is_calling: bool = False


@dataclass(frozen=True, slots=True)
class SprintDay:
    on: date
    # "is-done", "is-today" or nothing.
    look: str
    word: str


@dataclass(frozen=True, slots=True)
class Frame:
    entries: list[Entry]
    today: date
    sprint: Sprint | None
    day_number: int | None
    days: list[SprintDay]
    data_through: date | None
    settled_through: date | None

    @property
    def tabs(self) -> list[Entry]:
        """What a thumb reaches; everything else is behind "More"."""
        return [entry for entry in self.entries if entry.section in {"today", "sprint", "zombies", "money"}]


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    per_workspace = rows.order_by().values("workspace").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(per_workspace, output_field=IntegerField()), 0)


def _facts(workspace: Workspace) -> dict[str, Any]:
    """All counts of the rail and the last reported day, in one query."""
    mine = OuterRef("pk")
    latest = (
        Observation.objects.filter(workspace=mine).order_by().values("workspace").annotate(last=Max("day"))
    )
    facts: dict[str, Any] = dict(
        Workspace.objects.filter(pk=workspace.pk)
        .annotate(
            breaches=_count_of(Breach.objects.filter(workspace=mine).open()),
            zombies_calling=_count_of(ZombieFlag.objects.filter(workspace=mine).calling()),
            zombies=_count_of(ZombieFlag.objects.filter(workspace=mine).unresolved()),
            plans=_count_of(Reallocation.objects.filter(workspace=mine).waiting()),
            data_through=Subquery(latest.values("last")),
        )
        .values("breaches", "zombies_calling", "zombies", "plans", "data_through")
        .get()
    )
    return facts


def _entries(workspace: Workspace, facts: dict[str, Any]) -> list[Entry]:
    def url(name: str) -> str:
        return reverse(name, args=[workspace.slug])

    waiting = facts["breaches"] + facts["zombies_calling"] + facts["plans"]
    return [
        Entry("today", "Today", "today", url("today"), waiting, is_calling=True),
        Entry("sprint", "Sprint", "sprint", url("sprints")),
        Entry("backlog", "Backlog", "backlog", url("backlog")),
        Entry("campaigns", "Campaigns", "campaigns", url("campaigns")),
        Entry("zombies", "Zombies", "zombie", url("zombies"), facts["zombies"]),
        Entry("money", "Money", "money", url("money"), facts["plans"]),
        Entry("learnings", "Learnings", "learnings", url("learnings")),
        Entry("activity", "Activity", "activity", url("activity")),
    ]


def _day(on: date, today: date) -> SprintDay:
    if on < today:
        return SprintDay(on, "is-done", "closed")
    return SprintDay(on, "is-today", "today") if on == today else SprintDay(on, "", "to come")


def _settled_through(workspace: Workspace, context: Context, data_through: date | None) -> date | None:
    """The last day whose conversions no longer move, at every platform that spends now."""
    if data_through is None:
        return None
    spending = Campaign.objects.of(workspace).spending().values("channel")
    sources = Source.objects.of(workspace).filter(key__in=spending)
    days = []
    for source in sources:
        source.workspace = workspace
        days.append(source.settled_through(context["at"]))
    return min([data_through, *days]) if days else None


@register.simple_tag(takes_context=True)
def frame(context: Context) -> Frame:
    """Everything around the page: ``{% frame as frame %}``."""
    workspace: Workspace = context["workspace"]
    facts = _facts(workspace)
    today = workspace.local_day(context["at"])
    sprint = Sprint.objects.of(workspace).running().order_by("ends_on", "number").first()
    return Frame(
        entries=_entries(workspace, facts),
        today=today,
        sprint=sprint,
        day_number=sprint.day_number(today) if sprint else None,
        days=[_day(on, today) for on in sprint.days()] if sprint else [],
        data_through=facts["data_through"],
        settled_through=_settled_through(workspace, context, facts["data_through"]),
    )
