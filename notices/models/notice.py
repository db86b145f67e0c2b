"""What is on its way to people and channels."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from api.models.delivery import Delivery, DeliveryQuerySet
from notices.models.channel import Channel
from workspaces.models import Workspace


class NoticeCursor(models.Model):
    """How far notices have been made of a workspace's events, and of its mornings."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="+")
    after_sequence = models.PositiveBigIntegerField(default=0)
    digest_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.workspace}: {self.after_sequence}"


class Notice(Delivery):
    """One letter, or one message to a channel: about events, about a morning, or with an invitation.

    What it says is made when it is sent, of what is true then; what happened stands in its events.
    """

    user = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    invitation = models.ForeignKey(
        "workspaces.Invitation", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    # Events of one moment come in one letter: the first of them, and all of their ids.
    event = models.ForeignKey(
        "workspaces.Event", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    event_ids = models.JSONField(default=list, blank=True)
    # The morning of a digest.
    day = models.DateField(null=True, blank=True)

    objects = models.Manager.from_queryset(DeliveryQuerySet["Notice"])()

    class Meta:
        constraints: ClassVar = [
            *(
                models.UniqueConstraint(fields=["workspace", to, about], name=f"notice_once_{to}_{about}")
                for to, about in (
                    ("user", "event"),
                    ("user", "day"),
                    ("channel", "event"),
                    ("channel", "day"),
                    ("invitation", "event"),
                )
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, channel__isnull=True, invitation__isnull=True)
                | Q(user__isnull=True, channel__isnull=False, invitation__isnull=True)
                | Q(user__isnull=True, channel__isnull=True, invitation__isnull=False),
                name="notice_has_one_receiver",
            ),
            models.CheckConstraint(
                condition=Q(event__isnull=False, day__isnull=True) | Q(event__isnull=True, day__isnull=False),
                name="notice_is_of_events_or_a_morning",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(next_attempt_at__isnull=True),
                name="notice_ends_when_delivered",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="notice_due"
            ),
        ]
        ordering: ClassVar = [F("created_at").asc(), "id"]
