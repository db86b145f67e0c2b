"""Writing events with the change they tell of, and numbering them once they are committed."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from workspaces.choices import EventKind
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

# A kind of thing and its id, as the REST resources name them.
Subject = tuple[str, str | int]


def record_event(
    kind: EventKind,
    *,
    by: Actor,
    at: datetime,
    subject: Subject,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write an event beside the change it tells of; it gets its number as soon as both are committed.

    Must run inside the transaction of the change.
    """
    return record_events(kind, by=by, at=at, told={subject: data or {}})[0]


def record_events(
    kind: EventKind, *, by: Actor, at: datetime, told: Mapping[Subject, Mapping[str, Any]]
) -> list[Event]:
    """Write one event for each subject with its data, in one go; see ``record_event``."""
    events = Event.objects.bulk_create(
        Event(
            workspace=by.workspace,
            kind=kind,
            at=at,
            actor=by.user,
            actor_label=by.label[:200],
            subject_type=subject_type,
            subject_id=str(subject_id),
            data=dict(data),
        )
        for (subject_type, subject_id), data in told.items()
    )
    if events:
        transaction.on_commit(partial(publish_events, by.workspace.pk), robust=True)
    return events


@transaction.atomic
def publish_events(workspace_id: int) -> int:
    """Number this workspace's committed events that have no number yet; return how many there were.

    The lock on the workspace's row makes the caller the only publisher, so numbers are given in one order
    and a smaller one never appears after a larger one was read. Anybody may call it at any time: after a
    commit it is done at once, and the sweep catches up with what a killed process left. The lock leaves the
    row's key alone: whoever commits a row of the tenant and a publisher do not wait for one another.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    waiting = list(Event.objects.of(workspace).unpublished().order_by("id"))
    for sequence, event in enumerate(waiting, start=workspace.last_event_sequence + 1):
        event.sequence = sequence
    if waiting:
        Event.objects.bulk_update(waiting, ["sequence"], batch_size=200)
        workspace.last_event_sequence += len(waiting)
        workspace.save(update_fields=["last_event_sequence"])
    return len(waiting)


def publish_all_events() -> int:
    """Number whatever waits in any workspace; what a process that died after its commit left behind."""
    workspace_ids = Event.objects.unpublished().values_list("workspace", flat=True).order_by().distinct()
    return sum(publish_events(workspace_id) for workspace_id in list(workspace_ids))
