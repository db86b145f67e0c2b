"""The activity feed as the API tells it."""

from typing import Any

from django.db.models import QuerySet

from workspaces.models import Event, Workspace


def events_after(workspace: Workspace, sequence: int) -> QuerySet[Event]:
    """The published events after that number, the oldest first."""
    return Event.objects.of(workspace).after(sequence).order_by("sequence")


def event_as_json(event: Event) -> dict[str, Any]:
    """An event as the feed and the webhooks show it."""
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "actor": event.actor_label,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "data": event.data,
    }
