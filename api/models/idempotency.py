"""What was answered to a request that a client may send again."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from api.choices import RequestState
from workspaces.models import TenantModel, TenantQuerySet

KEPT_FOR = timedelta(hours=24)
# Hardly a request takes so long: whoever had it is most likely dead, and the next to ask does the work. If it
# lives, it finds that out before it commits, and takes back what it did.
STALE_AFTER = timedelta(minutes=1)


class IdempotentRequestQuerySet(TenantQuerySet["IdempotentRequest"]):
    def expired(self, at: datetime) -> Self:
        return self.filter(created_at__lte=at - KEPT_FOR)


class IdempotentRequest(TenantModel):
    """One POST under the client's ``Idempotency-Key``, with its first answer once there is one."""

    # Who sent it: "key:12" or "user:7". Two clients may use the same word without meeting.
    actor = models.CharField(max_length=30)
    key = models.CharField(max_length=255)
    # SHA-256 (hex) of method, path, content type and body.
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.UNDER_WAY)
    created_at = models.DateTimeField()
    # Who works on it: each claim has a time of its own, so that one who was given up on cannot answer late.
    claimed_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)

    objects = models.Manager.from_queryset(IdempotentRequestQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "actor", "key"], name="idempotent_request_is_one"),
            models.CheckConstraint(
                condition=~Q(state=RequestState.ANSWERED) | Q(status__isnull=False),
                name="idempotent_request_answered_has_a_status",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotent_request_by_age")]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"
