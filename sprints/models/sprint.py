"""Four to seven days, one to three hypotheses, and what was decided about each."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from sprints.choices import (
    MAX_HYPOTHESES,
    MAX_SPRINT_DAYS,
    MIN_SPRINT_DAYS,
    SPRINT_TRANSITIONS,
    CommitmentState,
    DecisionKind,
    SprintStatus,
)
from sprints.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet


class DaysBetween(models.Func):
    """Whole days from the first date to the second, in plain SQL, so that a check constraint can hold it."""

    arity = 2
    output_field = models.IntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        first, second = (compiler.compile(item) for item in self.get_source_expressions())
        return f"({second[0]} - {first[0]})", (*second[1], *first[1])

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        first, second = (compiler.compile(item) for item in self.get_source_expressions())
        return f"(julianday({second[0]}) - julianday({first[0]}))", (*second[1], *first[1])


class SprintQuerySet(TenantQuerySet["Sprint"]):
    def open(self) -> Self:
        return self.filter(status__in=[SprintStatus.PLANNING, SprintStatus.RUNNING, SprintStatus.IN_REVIEW])

    def planning(self) -> Self:
        return self.filter(status=SprintStatus.PLANNING)

    def running(self) -> Self:
        return self.filter(status=SprintStatus.RUNNING)

    def in_review(self) -> Self:
        return self.filter(status=SprintStatus.IN_REVIEW)


class Sprint(TenantModel):
    """A short run with a goal; sprints of one workspace may overlap."""

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    goal = models.CharField(max_length=1000, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    status = models.CharField(max_length=10, choices=SprintStatus, default=SprintStatus.PLANNING)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    review_opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(SprintQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "number"], name="sprint_number_is_unique"),
            models.CheckConstraint(
                condition=Q(
                    GreaterThanOrEqual(DaysBetween(F("starts_on"), F("ends_on")), MIN_SPRINT_DAYS - 1)
                )
                & Q(LessThanOrEqual(DaysBetween(F("starts_on"), F("ends_on")), MAX_SPRINT_DAYS - 1)),
                name="sprint_takes_4_to_7_days",
            ),
            models.CheckConstraint(
                condition=Q(status__in=SprintStatus.values), name="sprint_status_is_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "status"], name="sprint_by_status")]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return _("Sprint {number}, {name}").format(number=self.number, name=self.name)

    @property
    def length_days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1

    def days(self) -> Iterator[date]:
        return (self.starts_on + timedelta(days=offset) for offset in range(self.length_days))

    def day_number(self, today: date) -> int | None:
        """1 on the first day; ``None`` before it and after the last."""
        number = (today - self.starts_on).days + 1
        return number if 1 <= number <= self.length_days else None

    def days_left(self, today: date) -> int:
        """How many of its days a campaign has that is launched today, or on the first if that is to come."""
        return max(0, (self.ends_on - max(self.starts_on, today)).days + 1)

    def waits_for_start(self, today: date) -> bool:
        """Whether its first day has come, and nobody has started it."""
        return self.status == SprintStatus.PLANNING and self.starts_on <= today

    def waits_for_decisions(self, today: date) -> bool:
        """Whether it is in review, or over without one."""
        is_over = self.status == SprintStatus.RUNNING and self.ends_on < today
        return is_over or self.status == SprintStatus.IN_REVIEW

    def move_to(self, status: SprintStatus) -> None:
        current = SprintStatus(self.status)
        if status not in SPRINT_TRANSITIONS[current]:
            raise InvalidTransition(
                _("Sprint {number} is {current}; from there it cannot become {wanted}.").format(
                    number=self.number, current=current.label, wanted=status.label
                )
            )
        self.status = status


class CommitmentQuerySet(TenantQuerySet["Commitment"]):
    def active(self) -> Self:
        return self.filter(state=CommitmentState.ACTIVE)

    def kept(self) -> Self:
        """All that the sprint took on and did not give back."""
        return self.exclude(state=CommitmentState.RELEASED)


class Commitment(TenantModel):
    """A hypothesis in a sprint. The database holds three places a sprint, and one sprint at a time."""

    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="commitments")
    hypothesis = models.ForeignKey(
        "experiments.Hypothesis", on_delete=models.PROTECT, related_name="commitments"
    )
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=CommitmentState, default=CommitmentState.ACTIVE)
    committed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(CommitmentQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "hypothesis"],
                condition=Q(state=CommitmentState.ACTIVE),
                name="commitment_in_one_sprint",
            ),
            models.UniqueConstraint(
                fields=["workspace", "sprint", "position"],
                condition=~Q(state=CommitmentState.RELEASED),
                name="commitment_place_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(position__range=(1, MAX_HYPOTHESES)), name="commitment_at_most_three"
            ),
            models.CheckConstraint(
                condition=Q(state=CommitmentState.ACTIVE, ended_at__isnull=True)
                | ~Q(state=CommitmentState.ACTIVE) & Q(ended_at__isnull=False),
                name="commitment_ended_has_a_time",
            ),
        ]
        ordering: ClassVar = [F("sprint").asc(), "position"]

    def __str__(self) -> str:
        return f"{self.hypothesis} in {self.sprint}"


class Decision(TenantModel):
    """What a person decided about a hypothesis, what Quickno had suggested, and what was learnt."""

    hypothesis = models.ForeignKey(
        "experiments.Hypothesis", on_delete=models.PROTECT, related_name="decisions"
    )
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=15, choices=DecisionKind)
    moved_the_business = models.BooleanField()
    learning = models.TextField(max_length=5000)
    # The verdict of each campaign at that moment, by campaign key.
    evidence = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    vanity_win = models.BooleanField(default=False)
    child = models.ForeignKey(
        "experiments.Hypothesis", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    carry_to = models.ForeignKey(
        Sprint, null=True, blank=True, on_delete=models.PROTECT, related_name="carried_decisions"
    )
    decided_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet["Decision"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "hypothesis", "sprint"], name="decision_once_per_sprint"
            ),
            models.CheckConstraint(condition=~Q(learning=""), name="decision_has_a_learning"),
            models.CheckConstraint(
                condition=Q(child__isnull=True) | Q(decision=DecisionKind.EVOLVE),
                name="decision_child_only_when_evolving",
            ),
            models.CheckConstraint(
                condition=Q(carry_to__isnull=True) | Q(decision=DecisionKind.INCONCLUSIVE),
                name="decision_carried_only_when_inconclusive",
            ),
        ]
        ordering: ClassVar = ["-decided_at"]

    def __str__(self) -> str:
        return f"{self.hypothesis}: {self.get_decision_display()}"
