"""What was counted, and what was said before it was restated."""

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from experiments.choices import MEASURES
from workspaces.models import TenantModel, TenantQuerySet

# How a batch came in that somebody imported.
IMPORT_CHANNEL = "import"


class ObservationBatchQuerySet(TenantQuerySet["ObservationBatch"]):
    def imported(self) -> Self:
        return self.filter(channel=IMPORT_CHANNEL)


class ObservationBatch(TenantModel):
    """One accepted post or import."""

    at = models.DateTimeField()
    by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    by_label = models.CharField(max_length=200)
    # Where it came in: api, import, simulator; with the file's name where there is one.
    channel = models.CharField(max_length=20)
    file_name = models.CharField(max_length=300, blank=True)
    received = models.PositiveIntegerField(default=0)
    inserted = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)

    objects = models.Manager.from_queryset(ObservationBatchQuerySet)()

    class Meta:
        verbose_name_plural = "observation batches"
        indexes: ClassVar = [models.Index(fields=["workspace", "-at"], name="batch_by_time")]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"Batch {self.pk}"


def _whole() -> Any:
    return models.BigIntegerField(null=True, blank=True)


def _count() -> Any:
    return models.DecimalField(max_digits=15, decimal_places=4, null=True, blank=True)


def _money() -> Any:
    # Platforms bill in micros; four places and eleven digits are what SQLite keeps exactly.
    return models.DecimalField(max_digits=15, decimal_places=4, null=True, blank=True)


class Observation(TenantModel):
    """One arm's measures of one day from one source and entity. ``None`` is *not reported*, never zero.

    The columns of measures are those of ``choices.MEASURES``, in its order.
    """

    arm = models.ForeignKey("experiments.Arm", on_delete=models.PROTECT, related_name="observations")
    day = models.DateField()
    source = models.ForeignKey("workspaces.Source", on_delete=models.PROTECT, related_name="+")
    # The platform's id of the ad or ad set; "" where the arm is one thing.
    entity = models.CharField(max_length=120, blank=True, default="")
    # Orders the reports of one day: of each measure, an older one never overwrites a newer one.
    reported_at = models.DateTimeField()
    # What was said first is what the maturity curve starts from; unknown of days that were stored without it.
    first_reported_at = models.DateTimeField(null=True, blank=True)
    # By measure: when it was said, where that was not at ``reported_at``, or where it was cleared. A measure
    # that is null and not in here was never said. Usually there is none, because reports repeat themselves.
    said_at = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    batch = models.ForeignKey(ObservationBatch, on_delete=models.PROTECT, related_name="observations")

    impressions = _whole()
    reach = _whole()
    clicks = _whole()
    engagements = _whole()
    video_views = _whole()
    sends = _whole()
    opens = _whole()
    visits = _whole()
    conversions = _count()
    leads = _count()
    marketing_qualified_leads = _count()
    sales_accepted_leads = _count()
    sales_qualified_leads = _count()
    opportunities = _count()
    customers = _count()
    spend = _money()
    revenue = _money()
    pipeline_value = _money()

    objects = models.Manager.from_queryset(TenantQuerySet["Observation"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "arm", "day", "source", "entity"], name="observation_once_per_key"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{key}__isnull": True}) | Q(**{f"{key}__gte": 0}),
                    name=f"observation_{key}_not_negative",
                )
                for key in MEASURES
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["arm", "day"], name="observation_by_arm_and_day"),
            models.Index(fields=["workspace", "day"], name="observation_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.arm} {self.day}"

    def measures(self) -> dict[str, int | Decimal]:
        """What was reported, by measure key."""
        return {key: value for key in MEASURES if (value := getattr(self, key)) is not None}


class Restatement(TenantModel):
    """What a day said before a later batch said otherwise; the raw material of the maturity curve."""

    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="restatements")
    # The batch that replaced the values, and the report time of the values that it replaced.
    batch = models.ForeignKey(ObservationBatch, on_delete=models.PROTECT, related_name="restatements")
    reported_at = models.DateTimeField()
    # Only measures that changed, as they were: {"conversions": "9.0000", "spend": null}
    before = models.JSONField(encoder=DjangoJSONEncoder)

    objects = models.Manager.from_queryset(TenantQuerySet["Restatement"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "observation", "batch"], name="restatement_once_per_batch"
            ),
        ]
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.observation} restated"
