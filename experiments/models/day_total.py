"""Days added up, so that nobody has to add up their entities again."""

from typing import Any, ClassVar

from django.db import models

from workspaces.models import TenantModel, TenantQuerySet


def _sum() -> Any:
    # More digits than any number of entities can add up to.
    return models.DecimalField(max_digits=24, decimal_places=4, null=True, blank=True)


class DayTotal(TenantModel):
    """What one source says of an arm's day: its observations, summed over their entities.

    Written by what records observations, in the same transaction, and by nothing else. ``None`` is *not
    reported*, never zero. The columns of measures are those of ``choices.MEASURES``, in its order.
    """

    arm = models.ForeignKey("experiments.Arm", on_delete=models.PROTECT, related_name="day_totals")
    day = models.DateField()
    source = models.ForeignKey("workspaces.Source", on_delete=models.PROTECT, related_name="+")
    # The latest report of any of its entities.
    reported_at = models.DateTimeField()

    impressions = _sum()
    reach = _sum()
    clicks = _sum()
    engagements = _sum()
    video_views = _sum()
    sends = _sum()
    opens = _sum()
    visits = _sum()
    conversions = _sum()
    leads = _sum()
    marketing_qualified_leads = _sum()
    sales_accepted_leads = _sum()
    sales_qualified_leads = _sum()
    opportunities = _sum()
    customers = _sum()
    spend = _sum()
    revenue = _sum()
    pipeline_value = _sum()

    objects = models.Manager.from_queryset(TenantQuerySet["DayTotal"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "arm", "day", "source"], name="day_total_once_per_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arm} {self.day} in all"
