"""Something on its way to somebody outside: tried until it arrives or its time is over."""

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.db import models
from django.db.models import F

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

DeliveryT = TypeVar("DeliveryT", bound="Delivery")


class DeliveryQuerySet(TenantQuerySet[DeliveryT]):
    def due(self, at: datetime) -> Self:
        return self.filter(next_attempt_at__lte=at)


class Delivery(TenantModel):
    """A message on its way, under an id by which the receiver knows a repetition."""

    message_id = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Due work is a column; None when delivered or given up.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # What the last attempt met, in words.
    last_outcome = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.message_id

    def claim(self, *, at: datetime) -> bool:
        """Compare and set: of all workers that see it due, one gets ``True`` and sends."""
        claimed = (
            self._row()
            .filter(next_attempt_at__lte=at)
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

    def settle(self, outcome: str, *, arrived: bool, at: datetime) -> None:
        """Write down what an attempt came to."""
        # An update, because the receiver may have been removed, and this with it, while it was under way.
        mine = self._row()
        if not arrived:
            # Who was given up for dead and failed takes nothing back that another has delivered since.
            mine = mine.filter(next_attempt_at=self.next_attempt_at)
        self.last_outcome = outcome[:300]
        self.delivered_at = at if arrived else None
        self.next_attempt_at = None if arrived else self.next_attempt(at=at)
        mine.update(
            last_outcome=self.last_outcome,
            delivered_at=self.delivered_at,
            next_attempt_at=self.next_attempt_at,
        )

    def _row(self) -> "models.QuerySet[Self]":
        return type(self)._base_manager.filter(pk=self.pk)  # noqa: SLF001 - of whichever class it is
