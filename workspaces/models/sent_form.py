"""Forms of pages that have done what they were sent for."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models

from workspaces.models.workspace import TenantModel, TenantQuerySet

# A tab may stay open for long, and a browser brings back its form with the token of then.
KEPT_FOR = timedelta(days=30)


class SentFormQuerySet(TenantQuerySet["SentForm"]):
    def expired(self, at: datetime) -> Self:
        return self.filter(sent_at__lte=at - KEPT_FOR)


class SentForm(TenantModel):
    """One form that was sent and did something, and the page on which that can be seen.

    It is written in the transaction of what the form did. Whoever sends the same form at the same time waits
    for the unique key, and finds the first one's page there.
    """

    user = models.ForeignKey("workspaces.User", on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=120)
    # SHA-256 (hex) of the address and of what was filled in.
    fingerprint = models.CharField(max_length=64)
    url = models.TextField(blank=True)
    sent_at = models.DateTimeField()

    objects = models.Manager.from_queryset(SentFormQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user", "token"], name="sent_form_is_one"),
        ]
        indexes: ClassVar = [models.Index(fields=["sent_at"], name="sent_form_by_age")]

    def __str__(self) -> str:
        return f"{self.user} {self.url}"
