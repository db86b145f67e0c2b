"""What a workspace's own numbers have taught: how conversions arrive, and how much days and arms differ.

Worked out again once a day. What was judged, breached or told by an earlier estimate stays as it was.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from experiments.choices import SpreadKind
from experiments.stats.forms import FEWEST_CAMPAIGNS_TO_REFIT
from workspaces.models import TenantModel, TenantQuerySet


class MaturityEstimate(TenantModel):
    """Which share of a day's eventual conversions a source shows at age 0, 1, 2 … days."""

    source = models.ForeignKey("workspaces.Source", on_delete=models.PROTECT, related_name="+")
    # By age: the share, the ends of its 95 % interval; by step to the next age: from how many days.
    share = models.JSONField()
    low = models.JSONField()
    high = models.JSONField()
    days_known = models.JSONField()
    # How many days have a history that could be learnt from, and the last of them.
    days = models.PositiveIntegerField()
    last_day = models.DateField()
    learnt_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet["MaturityEstimate"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "source"], name="maturity_once_per_source"),
            models.CheckConstraint(condition=Q(days__gt=0), name="maturity_is_learnt_from_days"),
        ]
        ordering: ClassVar = [F("source").asc()]

    def __str__(self) -> str:
        return f"How conversions arrive at {self.source}"


class SpreadEstimate(TenantModel):
    """The prior on a spread: lognormal, ``None`` while fewer than 20 ended campaigns say anything of it."""

    kind = models.CharField(max_length=10, choices=SpreadKind)
    campaigns = models.PositiveIntegerField()
    # In log units: 0.17 is about 17 %.
    median = models.FloatField(null=True, blank=True)
    log_sd = models.FloatField(null=True, blank=True)
    learnt_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet["SpreadEstimate"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "kind"], name="spread_once_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=SpreadKind.values), name="spread_kind_is_known"),
            models.CheckConstraint(
                condition=Q(campaigns__lt=FEWEST_CAMPAIGNS_TO_REFIT, median__isnull=True, log_sd__isnull=True)
                | Q(
                    campaigns__gte=FEWEST_CAMPAIGNS_TO_REFIT,
                    median__isnull=False,
                    median__gt=0,
                    log_sd__isnull=False,
                    log_sd__gt=0,
                ),
                name="spread_is_known_from_enough",
            ),
        ]
        ordering: ClassVar = [F("workspace").asc(), "kind"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, from {self.campaigns} campaigns"
