"""Where events are delivered to, and how each delivery fared."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from workspaces.models import TenantModel, TenantQuerySet

# When a delivery is tried, counted from its creation; the last is the end of it.
ATTEMPTS_AFTER = (
    timedelta(0),
    timedelta(seconds=10),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=17),
    timedelta(hours=24),
)
# A worker that took a delivery and was not heard of for so long is dead; the next sweep tries again.
LEASE = timedelta(minutes=2)


class WebhookEndpoint(TenantModel):
    """An address that hears of a workspace's events."""

    url = models.CharField(max_length=500)
    # The event kinds it wants; empty means all.
    kinds = models.JSONField(default=list, blank=True)
    # Kept as it is: signing takes the secret itself. Shown once, when the endpoint is registered.
    secret = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    # The last event that deliveries were made of; what happened before it was registered is not told.
    after_sequence = models.PositiveBigIntegerField()

    objects = models.Manager.from_queryset(TenantQuerySet["WebhookEndpoint"])()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.url

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


class WebhookDeliveryQuerySet(TenantQuerySet["WebhookDelivery"]):
    def due(self, at: datetime) -> Self:
        return self.filter(next_attempt_at__lte=at)


class WebhookDelivery(TenantModel):
    """One event on its way to one endpoint, under an id by which the receiver knows a repetition."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey("workspaces.Event", on_delete=models.PROTECT, related_name="+")
    message_id = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Due work is a column; None when delivered or given up.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # What the last attempt met, in words.
    last_outcome = models.CharField(max_length=300, blank=True)

    objects = models.Manager.from_queryset(WebhookDeliveryQuerySet)()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "endpoint", "event"], name="delivery_once_per_event"
            ),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(next_attempt_at__isnull=True),
                name="delivery_ends_when_delivered",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="delivery_due",
            ),
        ]
        ordering: ClassVar = [F("endpoint").asc(), "id"]

    def __str__(self) -> str:
        return self.message_id

    def claim(self, *, at: datetime) -> bool:
        """Compare and set: of all workers that see it due, one gets ``True`` and sends."""
        claimed = (
            WebhookDelivery.objects.due(at)
            .filter(pk=self.pk)
            .update(next_attempt_at=at + LEASE, attempts=F("attempts") + 1)
        )
        if claimed:
            self.refresh_from_db(fields=["attempts", "next_attempt_at"])
        return bool(claimed)

    def next_attempt(self, *, at: datetime) -> datetime | None:
        """When to try again after the attempts so far; ``None`` when it has been tried for 24 hours."""
        if self.attempts >= len(ATTEMPTS_AFTER):
            return None
        return max(self.created_at + ATTEMPTS_AFTER[self.attempts], at)
