"""A campaign that goes on spending although its evidence or its plan says stop."""

from typing import ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from experiments.choices import (
    ZOMBIE_TRANSITIONS,
    ZombieResolution,
    ZombieSignal,
    ZombieState,
)
from experiments.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet


class ZombieFlagQuerySet(TenantQuerySet["ZombieFlag"]):
    def unresolved(self) -> Self:
        return self.exclude(state=ZombieState.RESOLVED)

    def calling(self) -> Self:
        """Nobody has said a word about it yet."""
        return self.filter(state=ZombieState.OPEN)

    def by_money(self) -> Self:
        """The costliest first."""
        return self.order_by(
            F("money_per_day").desc(nulls_last=True), F("money_since").desc(nulls_last=True), "id"
        )


class ZombieFlag(TenantModel):
    """One signal of one campaign: since when, and what it has cost since."""

    campaign = models.ForeignKey(
        "experiments.Campaign", on_delete=models.PROTECT, related_name="zombie_flags"
    )
    signal = models.CharField(max_length=10, choices=ZombieSignal)
    state = models.CharField(max_length=12, choices=ZombieState, default=ZombieState.OPEN)
    since = models.DateTimeField()
    # None where the signal is that nothing is reported: what a blind campaign spends is not known.
    # Sums of many days, each of which may be as large as an observation can say.
    money_since = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    money_per_day = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    evidence = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    flagged_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    resolution = models.CharField(max_length=10, blank=True, choices=ZombieResolution)
    reason = models.CharField(max_length=1000, blank=True)
    kept_until = models.DateField(null=True, blank=True)

    objects = models.Manager.from_queryset(ZombieFlagQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "campaign", "signal"],
                condition=~Q(state=ZombieState.RESOLVED),
                name="zombie_one_open_per_signal",
            ),
            models.CheckConstraint(
                condition=Q(state=ZombieState.RESOLVED, resolved_at__isnull=False) & ~Q(resolution="")
                | ~Q(state=ZombieState.RESOLVED) & Q(resolved_at__isnull=True, resolution=""),
                name="zombie_resolved_one_way",
            ),
            models.CheckConstraint(
                condition=~Q(resolution=ZombieResolution.KEPT)
                | (Q(kept_until__isnull=False) & ~Q(reason="") & Q(resolved_by__isnull=False)),
                name="zombie_kept_has_reason_person_and_end",
            ),
            models.CheckConstraint(
                condition=Q(signal__in=ZombieSignal.values), name="zombie_signal_is_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "state"], name="zombie_by_state")]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_signal_display()}"

    def move_to(self, state: ZombieState) -> None:
        current = ZombieState(self.state)
        if state not in ZOMBIE_TRANSITIONS[current]:
            raise InvalidTransition(
                _("This flag is {current}; it cannot become {state}.").format(
                    current=current.label, state=state.label
                )
            )
        self.state = state
