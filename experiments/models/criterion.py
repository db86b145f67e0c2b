"""The rule that was agreed before the first dollar, and everything that ever came of it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from experiments.choices import (
    METRIC_CHOICES,
    METRICS,
    WATCH_TRANSITIONS,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    WatchState,
)
from experiments.exceptions import InvalidTransition
from experiments.models.sentences import sentence, unmarked
from workspaces.models import TenantModel, TenantQuerySet


class KillCriterionQuerySet(TenantQuerySet["KillCriterion"]):
    def in_force(self) -> Self:
        """Not replaced by an amendment."""
        return self.filter(retired_at__isnull=True)


class KillCriterion(TenantModel):
    """``metric comparator threshold`` at a level, with guards, and how sure it must be.

    Frozen at launch: from then on the database refuses any change of the rule; an amendment retires the row
    and writes another.
    """

    campaign = models.ForeignKey(
        "experiments.Campaign", on_delete=models.PROTECT, related_name="kill_criteria"
    )
    position = models.PositiveSmallIntegerField()
    metric = models.CharField(max_length=40, choices=METRIC_CHOICES)
    comparator = models.CharField(max_length=5, choices=Comparator)
    threshold = models.DecimalField(max_digits=18, decimal_places=6)
    level = models.CharField(max_length=10, choices=CriterionLevel, default=CriterionLevel.CAMPAIGN)
    # {"spend": "2000.00", "days": 2}: money as a decimal string, the rest as numbers.
    guards = models.JSONField(default=dict)
    evidence = models.CharField(max_length=20, choices=EvidenceKind, default=EvidenceKind.PROBABLE)
    confidence = models.FloatField(default=0.95)
    action = models.CharField(max_length=5, choices=CriterionAction, default=CriterionAction.PAUSE)
    frozen_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(KillCriterionQuerySet)()

    class Meta:
        verbose_name_plural = "kill criteria"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "campaign", "position"],
                condition=Q(retired_at__isnull=True),
                name="criterion_position_is_unique",
            ),
            models.CheckConstraint(condition=Q(threshold__gt=0), name="criterion_threshold_is_positive"),
            models.CheckConstraint(
                condition=Q(confidence__gt=0.5) & Q(confidence__lt=1), name="criterion_confidence_is_a_chance"
            ),
            models.CheckConstraint(
                condition=Q(frozen_at__isnull=True) | ~Q(guards={}), name="criterion_in_force_has_a_guard"
            ),
            models.CheckConstraint(condition=Q(metric__in=list(METRICS)), name="criterion_metric_is_known"),
        ]
        ordering: ClassVar = [F("campaign").asc(), "position"]

    def __str__(self) -> str:
        return self.rule_text

    @property
    def metric_definition(self) -> Metric:
        return METRICS[self.metric]

    @property
    def money_guard(self) -> Decimal | None:
        spend = self.guards.get(GuardKey.SPEND)
        return None if spend is None else Decimal(str(spend))

    @property
    def canonical(self) -> dict[str, Any]:
        return canonical_rule(self)

    @property
    def rule_text(self) -> str:
        """The rule as the one sentence that events, breaches and REST have, whoever looks.

        Pages say it in the language of their reader.
        """
        with override("en"):
            return unmarked(sentence(self, self.workspace.currency))


def canonical_number(value: Decimal | float | str) -> str:
    """Shortest plain spelling: 2000.00, 2000 and "2000.0" are all ``2000``."""
    number = Decimal(str(value)).normalize()
    return f"{number:f}"


class FrozenRule(Protocol):
    """Whatever has a criterion's fields."""

    @property
    def metric(self) -> str: ...
    @property
    def comparator(self) -> str: ...
    @property
    def threshold(self) -> Decimal: ...
    @property
    def level(self) -> str: ...
    @property
    def guards(self) -> dict[str, Any]: ...
    @property
    def evidence(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def action(self) -> str: ...


def canonical_rule(rule: FrozenRule) -> dict[str, Any]:
    """The rule in one spelling, whoever wrote its numbers; what the digest covers."""
    return {
        "metric": rule.metric,
        "comparator": rule.comparator,
        "threshold": canonical_number(rule.threshold),
        "level": rule.level,
        "guards": {key: canonical_number(value) for key, value in sorted(rule.guards.items())},
        "evidence": rule.evidence,
        "confidence": canonical_number(rule.confidence),
        "action": rule.action,
    }


_to_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def criteria_digest(rules: Iterable[FrozenRule]) -> str:
    """SHA-256 (hex) over the canonical rules in their order."""
    text = _to_text([canonical_rule(rule) for rule in rules])
    return hashlib.sha256(text.encode()).hexdigest()


class Amendment(TenantModel):
    """A change of a launched campaign's criteria: who, why, before and after, for ever."""

    campaign = models.ForeignKey("experiments.Campaign", on_delete=models.PROTECT, related_name="amendments")
    at = models.DateTimeField()
    by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    before = models.JSONField()
    after = models.JSONField()
    digest_before = models.CharField(max_length=64)
    digest_after = models.CharField(max_length=64)

    objects = models.Manager.from_queryset(TenantQuerySet["Amendment"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "campaign", "at"], name="amendment_once_at_a_time"),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_has_a_reason"),
        ]
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return self.reason


class CriterionWatchQuerySet(TenantQuerySet["CriterionWatch"]):
    def open(self) -> Self:
        return self.filter(state=WatchState.BREACHED)


class CriterionWatch(TenantModel):
    """Where one criterion stands at its level: one row for the campaign, or one for each arm."""

    criterion = models.ForeignKey(KillCriterion, on_delete=models.PROTECT, related_name="watches")
    arm = models.ForeignKey(
        "experiments.Arm", null=True, blank=True, on_delete=models.PROTECT, related_name="watches"
    )
    state = models.CharField(max_length=10, choices=WatchState, default=WatchState.WAITING)
    # {"spend": {"have": "1200.00", "need": "2000.00"}}
    guard_progress = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # On the metric's own scale; None where there is no data or nothing below the line.
    value = models.FloatField(null=True, blank=True)
    # The posterior probability, or the e-value; None where the number simply stands or nothing is known.
    strength = models.FloatField(null=True, blank=True)
    data_through = models.DateField(null=True, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    overruled_until = models.DateField(null=True, blank=True)

    objects = models.Manager.from_queryset(CriterionWatchQuerySet)()

    class Meta:
        verbose_name_plural = "criterion watches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "criterion"],
                condition=Q(arm__isnull=True),
                name="watch_once_per_campaign",
            ),
            models.UniqueConstraint(
                fields=["workspace", "criterion", "arm"],
                condition=Q(arm__isnull=False),
                name="watch_once_per_arm",
            ),
            models.CheckConstraint(
                condition=~Q(state=WatchState.BREACHED) | Q(breached_at__isnull=False),
                name="watch_breached_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=WatchState.OVERRULED) | Q(overruled_until__isnull=False),
                name="watch_overruled_has_an_end",
            ),
        ]
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.get_state_display()}"

    @property
    def evidence(self) -> dict[str, Any]:
        """As REST shows it: the kind, and the probability or the e-value."""
        kind = EvidenceKind(self.criterion.evidence)
        name = {EvidenceKind.PROBABLE: "probability", EvidenceKind.ALWAYS_VALID: "e_value"}.get(kind)
        return {"kind": kind.value, **({name: self.strength} if name else {})}

    def is_overruled_on(self, day: date) -> bool:
        return (
            self.state == WatchState.OVERRULED
            and self.overruled_until is not None
            and day <= self.overruled_until
        )

    def move_to(self, state: WatchState) -> None:
        current = WatchState(self.state)
        if state not in WATCH_TRANSITIONS[current]:
            raise InvalidTransition(
                _("The criterion is {current}; it cannot become {state}.").format(
                    current=current.label, state=state.label
                )
            )
        self.state = state

    def claim_breach(self, *, at: datetime) -> bool:
        """Compare and set: of all who judge at once, one gets ``True`` and acts."""
        claimed = (
            CriterionWatch.objects.filter(pk=self.pk)
            .exclude(state__in=[WatchState.BREACHED, WatchState.SETTLED])
            .update(state=WatchState.BREACHED, breached_at=at, overruled_until=None)
        )
        if claimed:
            self.state, self.breached_at, self.overruled_until = WatchState.BREACHED, at, None
        return bool(claimed)


class Judgement(TenantModel):
    """What a watch saw with the data through one day; how the evidence grew toward its line."""

    watch = models.ForeignKey(CriterionWatch, on_delete=models.PROTECT, related_name="judgements")
    data_through = models.DateField()
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=WatchState)
    value = models.FloatField(null=True, blank=True)
    strength = models.FloatField(null=True, blank=True)
    guard_progress = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    objects = models.Manager.from_queryset(TenantQuerySet["Judgement"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "watch", "data_through"], name="judgement_once_per_day"
            ),
        ]
        ordering: ClassVar = [F("watch").asc(), "data_through"]

    def __str__(self) -> str:
        return f"{self.data_through}: {self.get_state_display()}"


class BreachQuerySet(TenantQuerySet["Breach"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)


class Breach(TenantModel):
    """The moment a criterion fired: rule, numbers and data-through day *as they were then*."""

    watch = models.ForeignKey(CriterionWatch, on_delete=models.PROTECT, related_name="breaches")
    campaign = models.ForeignKey("experiments.Campaign", on_delete=models.PROTECT, related_name="breaches")
    at = models.DateTimeField()
    rule = models.CharField(max_length=500)
    criteria_digest = models.CharField(max_length=64)
    action = models.CharField(max_length=5, choices=CriterionAction)
    value = models.FloatField(null=True, blank=True)
    strength = models.FloatField(null=True, blank=True)
    data_through = models.DateField()
    # Totals of the measures behind it: {"impressions": 161230, "clicks": 612, "spend": "2014.20"}
    numbers = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(
        max_length=10,
        blank=True,
        choices=[
            (WatchState.SETTLED.value, WatchState.SETTLED.label),
            (WatchState.OVERRULED.value, WatchState.OVERRULED.label),
        ],
    )
    closed_by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=1000, blank=True)

    objects = models.Manager.from_queryset(BreachQuerySet)()

    class Meta:
        verbose_name_plural = "breaches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "watch"], condition=Q(closed_at__isnull=True), name="breach_one_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_as="")
                | Q(closed_at__isnull=False, closed_as__in=[WatchState.SETTLED, WatchState.OVERRULED]),
                name="breach_closed_one_way",
            ),
            models.CheckConstraint(
                condition=~Q(closed_as=WatchState.OVERRULED) | (~Q(reason="") & Q(closed_by__isnull=False)),
                name="breach_overruled_has_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "campaign"], condition=Q(closed_at__isnull=True), name="breach_open"
            )
        ]
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return self.rule
