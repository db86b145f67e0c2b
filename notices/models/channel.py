"""Where a team talks: a room of Slack, Teams or another service that hears of notices."""

from typing import ClassVar

from django.db import models

from workspaces.models import TenantModel, TenantQuerySet


class Channel(TenantModel):
    """One room, by the address that the service gives out for it."""

    name = models.CharField(max_length=80)
    # As apprise writes it. It holds the service's secret, so it is never shown: ``shown_url`` is.
    url = models.CharField(max_length=500)
    shown_url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    has_digest = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")

    objects = models.Manager.from_queryset(TenantQuerySet["Channel"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="channel_name_is_unique"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
