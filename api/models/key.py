"""The key by which a program acts for a person."""

import hashlib
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from workspaces.choices import Scope
from workspaces.models import TenantModel, TenantQuerySet

# How often a key in steady use writes that it was used.
LAST_USE_PRECISION = timedelta(minutes=1)


def hash_of(secret: str) -> str:
    """SHA-256 (hex). A random secret of 256 bits needs no salt and no slow hash.

    A key is looked up by it, which takes the same time however much of a guess is right.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(TenantQuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class ApiKey(TenantModel):
    """What is kept of a key: enough to recognise it, never enough to use it."""

    name = models.CharField(max_length=100)
    # The person for whom it acts, with that person's role of the moment.
    user = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="api_keys")
    # The first characters of the secret, by which people tell keys apart.
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(ApiKeyQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="api_key_has_a_name"),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def scope_labels(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]

    def note_use(self, *, at: datetime) -> None:
        """Write when it was last used, to the minute: a busy key must not cost a write with every request."""
        if self.last_used_at is None or at - self.last_used_at >= LAST_USE_PRECISION:
            ApiKey.objects.filter(pk=self.pk).update(last_used_at=at)
            self.last_used_at = at
