"""What happened: one table for the feed, the webhooks and the audit."""

import json
from datetime import datetime
from typing import ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from workspaces.choices import EventKind
from workspaces.models.workspace import TenantModel, TenantQuerySet


class EventQuerySet(TenantQuerySet["Event"]):
    def published(self) -> Self:
        return self.filter(sequence__isnull=False)

    def unpublished(self) -> Self:
        return self.filter(sequence__isnull=True)

    def after(self, sequence: int) -> Self:
        return self.filter(sequence__gt=sequence)

    def about(self, subject_type: str, subject_id: str | int) -> Self:
        return self.filter(subject_type=subject_type, subject_id=str(subject_id))

    def posts_naming(self, campaign_key: str) -> Self:
        """Numbers that came in, by a program or a file, of this campaign among others."""
        return self.filter(_posted(campaign_key))


def happened_to(campaign_key: str) -> Q:
    """Whatever happened to the campaign: to itself, its rules, its zombies, its numbers and its money."""
    return (
        Q(subject_type="campaign", subject_id=campaign_key)
        | Q(data__campaign=campaign_key)
        | _posted(campaign_key)
        | Q(subject_type="reallocation") & _moved(campaign_key)
    )


def _moved(campaign_key: str) -> Q:
    """A line from it or to it, in the text of both databases: one has a blank after a colon."""
    key, moved = json.dumps(campaign_key), Q()
    for side in ('"from":', '"to":'):
        moved |= Q(data__lines__icontains=f"{side}{key}") | Q(data__lines__icontains=f"{side} {key}")
    return moved


def _posted(campaign_key: str) -> Q:
    # One of a list, as both databases find it: as the list's text has it, in quotes.
    return Q(subject_type="batch", data__campaigns__icontains=json.dumps(campaign_key))


class Event(TenantModel):
    """One change of state, written in the transaction that made it.

    ``sequence`` is given by one publisher after the commit, so that numbers appear in order and a reader who
    asks for everything after the last one it saw misses nothing.
    """

    kind = models.CharField(max_length=40, choices=EventKind)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Who the feed names: the person, the person by way of a key, or Quickno itself.
    actor_label = models.CharField(max_length=200)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=120)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    sequence = models.PositiveBigIntegerField(null=True, blank=True, editable=False)

    objects = models.Manager.from_queryset(EventQuerySet)()

    # Of how many alike in a row it stands for all, and the moment of the first; only where somebody folds.
    times = 1
    first_at: datetime | None = None

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "sequence"], name="event_sequence_is_unique"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "id"],
                condition=Q(sequence__isnull=True),
                name="event_waits_for_sequence",
            ),
            models.Index(fields=["workspace", "subject_type", "subject_id"], name="event_by_subject"),
        ]
        ordering: ClassVar = [F("sequence").asc(nulls_last=True), "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type} {self.subject_id}"

    @property
    def campaign_key(self) -> str:
        """The key of the campaign that it is about or names; "" where there is none."""
        named = self.data.get("campaign") if isinstance(self.data, dict) else None
        return str(named or (self.subject_id if self.subject_type == "campaign" else ""))
