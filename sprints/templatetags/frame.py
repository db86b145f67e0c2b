"""What stands around every page: the rail with its counts, and the strip that says which days count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from django import template
from django.db.models import Count, DateField, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.models import Breach, Campaign, Hypothesis, Observation, ZombieFlag
from experiments.models.hypothesis import SATURDAY
from sprints.choices import SprintStatus
from sprints.models import Commitment, Reallocation, Sprint
from sprints.selectors.first_steps import FirstStep, FirstSteps, read_first_steps
from sprints.selectors.today import waits_for
from workspaces.models import Source, Workspace
from workspaces.models.compiled import CompiledOnce
from workspaces.models.prepared import Given, Prepared
from workspaces.permissions import Actor, Permission

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

    @property
    def is_weekend(self) -> bool:
        return self.on.weekday() >= SATURDAY


@dataclass(frozen=True, slots=True)
class Strip:
    """Which sprint and which days count."""

    today: date
    sprint: Sprint | None
    day_number: int | None
    days: list[SprintDay]
    # What else runs at the same time, and the sprint of the page where that is another one.
    others: list[Sprint]
    data_through: date | None
    settled_through: date | None


@dataclass(frozen=True, slots=True)
class Frame:
    entries: list[Entry]
    strip: Strip

    @property
    def tabs(self) -> list[Entry]:
        """What a thumb reaches; everything else is behind "More"."""
        return [entry for entry in self.entries if entry.section in {"today", "sprint", "zombies", "money"}]


def _count_of(rows: QuerySet[Any], *, each: str = "pk") -> Coalesce:
    counted = Count(each, distinct=each != "pk")
    per_workspace = rows.order_by().values("workspace").annotate(number=counted).values("number")
    return Coalesce(CompiledOnce(per_workspace, output_field=IntegerField()), 0)


_MINE = OuterRef("pk")
_WORKSPACE = Given("workspace", IntegerField())
# All counts of the rail that are the same for everybody, the sprints that are not closed, and who brings
# numbers of what spends.
_FACTS = (
    Workspace.objects.annotate(
        breaches=_count_of(Breach.objects.filter(workspace=_MINE).open()),
        # Today says each campaign once, and one that has breached its rule among those.
        zombies_calling=_count_of(
            ZombieFlag.objects.filter(workspace=_MINE)
            .calling()
            .exclude(campaign__in=Breach.objects.open().values("campaign")),
            each="campaign",
        ),
        zombies=_count_of(ZombieFlag.objects.filter(workspace=_MINE).unresolved()),
        plans=_count_of(Reallocation.objects.filter(workspace=_MINE).waiting()),
    )
    .with_rows(
        "sources",
        # Not each source's own workspace, which would look through the campaigns for every one of them.
        Source.objects.filter(
            key__in=Campaign.objects.filter(workspace=_WORKSPACE).spending().values("channel")
        ),
        by="workspace",
    )
    .with_rows(
        "sprints_on",
        Sprint.objects.open()
        .order_by("ends_on", "number")
        .with_rows("commitments", Commitment.objects.active()),
        by="workspace",
    )
)


def _facts(workspace: Workspace, *, by: Actor, today: date) -> Any:
    """The workspace with all counts of the rail, the last reported day, its sprints that are not closed and
    who brings numbers, in one query.
    """
    prepared = _facts_for(may_approve=by.can(Permission.APPROVE), may_apply=by.can(Permission.APPLY))
    [facts] = prepared.read(workspace=workspace.pk, user=by.user.pk if by.user else None, today=today)
    return facts


@cache
def _facts_for(*, may_approve: bool, may_apply: bool) -> Prepared[Workspace]:
    own = waits_for(Given("user", IntegerField()), may_approve=may_approve, may_apply=may_apply)
    # A day that has begun elsewhere may be posted; here there is no such day yet.
    reported = Observation.objects.filter(workspace=_MINE, day__lte=Given("today", DateField()))
    return Prepared(
        lambda: _FACTS.filter(pk=_WORKSPACE).annotate(
            own_plans=_count_of(Reallocation.objects.filter(workspace=_MINE).filter(own)),
            data_through=Subquery(reported.order_by("-day").values("day")[:1]),
        )
    )


def _due(sprint: Sprint, today: date) -> int:
    """How many words a sprint waits for: a start, or decisions on what it tried."""
    if sprint.waits_for_decisions(today):
        return len(sprint.commitments.all())
    return int(sprint.waits_for_start(today))


def _entries(workspace: Workspace, facts: Any, *, by: Actor, today: date) -> list[Entry]:
    def url(name: str) -> str:
        return reverse(name, args=[workspace.slug])

    waiting = facts.own_plans
    if by.can(Permission.PLAN):
        waiting += facts.breaches + facts.zombies_calling
        waiting += sum(_due(sprint, today) for sprint in facts.sprints_on)
    return [
        Entry("today", _("Today"), "today", url("today"), waiting, is_calling=True),
        Entry("sprint", _("Sprint"), "sprint", url("sprints")),
        Entry("backlog", _("Backlog"), "backlog", url("backlog")),
        Entry("campaigns", _("Campaigns"), "campaigns", url("campaigns")),
        Entry("zombies", _("Zombies"), "zombie", url("zombies"), facts.zombies),
        Entry("money", _("Money"), "money", url("money"), facts.plans),
        Entry("learnings", _("Learnings"), "learnings", url("learnings")),
        Entry("activity", _("Activity"), "activity", url("activity")),
    ]


def _day(on: date, today: date, *, is_over: bool) -> SprintDay:
    """``is_over``: whether the sprint has ended, be it before its last day."""
    if on < today or (is_over and on == today):
        return SprintDay(on, "is-done", pgettext("a day of a sprint", "closed"))
    if is_over:
        return SprintDay(on, "", _("no longer part of it"))
    return SprintDay(on, "is-today", _("today")) if on == today else SprintDay(on, "", _("to come"))


def _settled_through(facts: Any, *, at: datetime) -> date | None:
    """The last day whose conversions no longer move, at every platform that spends now."""
    if facts.data_through is None:
        return None
    days = [source.settled_through(at) for source in facts.sources]
    return min([facts.data_through, *days]) if days else None


def _sprint_of_the_page(context: Context, running: Sequence[Sprint]) -> Sprint | None:
    """The sprint that a page is about: its own, or the one in which its campaign or hypothesis is."""
    sprint = context.get("sprint")
    if isinstance(sprint, Sprint):
        return sprint
    campaign, hypothesis_id = context.get("campaign"), None
    if isinstance(campaign, Campaign):
        hypothesis_id = campaign.hypothesis_id
    elif isinstance(hypothesis := context.get("hypothesis"), Hypothesis):
        hypothesis_id = hypothesis.pk
    if hypothesis_id is None:
        return None
    return next(
        (
            sprint
            for sprint in running
            if any(item.hypothesis_id == hypothesis_id for item in sprint.commitments.all())
        ),
        None,
    )


def _leading(own: Sprint | None, running: Sequence[Sprint]) -> tuple[Sprint | None, list[Sprint]]:
    """The sprint that the strip tells of, and those that it only names.

    What runs comes first, and of several the page's own; one that does not run leads where nothing does.
    """
    leading = own if own in running or not running else running[0]
    named = running if own is None or own in running else [*running, own]
    return leading, [other for other in named if other != leading]


@register.simple_tag(takes_context=True)
def frame(context: Context) -> Frame:
    """Everything around the page: ``{% frame as frame %}``."""
    workspace: Workspace = context["workspace"]
    actor: Actor = context["request"].actor
    today = workspace.local_day(context["at"])
    facts = _facts(workspace, by=actor, today=today)
    running = [sprint for sprint in facts.sprints_on if sprint.status == SprintStatus.RUNNING]
    # Where nothing runs, what is in review is what a team is about.
    reviewed = [sprint for sprint in facts.sprints_on if sprint.status == SprintStatus.IN_REVIEW]
    sprint, others = _leading(_sprint_of_the_page(context, running), running or reviewed)
    runs = sprint is not None and sprint.status == SprintStatus.RUNNING
    is_over = sprint is not None and sprint.status in {SprintStatus.IN_REVIEW, SprintStatus.CLOSED}
    strip = Strip(
        today=today,
        sprint=sprint,
        day_number=sprint.day_number(today) if sprint and runs else None,
        days=[_day(on, today, is_over=is_over) for on in sprint.days()] if sprint else [],
        others=others,
        data_through=facts.data_through,
        settled_through=_settled_through(facts, at=context["at"]),
    )
    return Frame(_entries(workspace, facts, by=actor, today=today), strip)


class NextStep(NamedTuple):
    """``is_here``: it is taken on the page that is being shown."""

    title: str
    url: str
    is_here: bool


@register.simple_tag(takes_context=True)
def next_step(context: Context) -> NextStep | None:
    """What comes next of the first steps, for whoever is led through them and has just done something.

    Pages that show the steps themselves need no way back to them, and one that says what went wrong, which
    has no workspace, leads nowhere.
    """
    if "workspace" not in context:
        return None
    request: Any = context["request"]
    membership = getattr(request, "membership", None)
    if membership is None or not membership.sees_first_steps:
        return None
    if context.get("section") == "today" or request.resolver_match.url_name == "first_steps":
        return None
    steps = read_first_steps(membership.workspace, by=request.actor)
    if steps.next is None:
        return None
    url = step_url(context, steps, steps.next)
    return NextStep(steps.next_title, url, is_here=url.partition("?")[0] == request.path)


@register.simple_tag(takes_context=True)
def step_url(context: Context, steps: FirstSteps, step: FirstStep) -> str:
    """The address at which a step is taken."""
    place = steps.place(step)
    given = [context["workspace"].slug, *([place.of] if place.of is not None else [])]
    return f"{reverse(place.page, args=given)}{place.query}"
