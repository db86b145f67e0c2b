"""Where events are delivered to, and how each delivery fared."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from api.models.delivery import Delivery, DeliveryQuerySet
from workspaces.models import TenantModel, TenantQuerySet


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


class WebhookDelivery(Delivery):
    """One event on its way to one endpoint."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey("workspaces.Event", on_delete=models.PROTECT, related_name="+")

    objects = models.Manager.from_queryset(DeliveryQuerySet["WebhookDelivery"])()

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
