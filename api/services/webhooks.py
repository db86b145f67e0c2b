"""Registering, testing and removing webhook endpoints."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from api.exceptions import FieldError, Invalid, NotFound, Refused
from api.models import WebhookDelivery, WebhookEndpoint
from api.services.outbound import check_url
from workspaces.choices import EventKind
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services import publish_events, record_event

MOST_ENDPOINTS = 20
SECRET_BYTES = 32


def _known_kinds(kinds: Iterable[str]) -> list[str]:
    asked = list(dict.fromkeys(kinds))
    unknown = [
        FieldError(code="unknown_kind", message=f"There is no event kind “{kind}”.", field="kinds")
        for kind in asked
        if kind not in EventKind.values
    ]
    if unknown:
        raise Invalid("unknown_kind", " ".join(error.message for error in unknown), errors=unknown)
    return asked


@transaction.atomic
def register_endpoint(*, url: str, kinds: Iterable[str] = (), by: Actor, at: datetime) -> WebhookEndpoint:
    """Deliver events to that address from now on: those of ``kinds``, or all."""
    by.require(Permission.MANAGE_WEBHOOKS)
    check_url(url)
    wanted = _known_kinds(kinds)
    # The lock makes the count true.
    workspace = Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    if WebhookEndpoint.objects.of(workspace).count() >= MOST_ENDPOINTS:
        raise Refused(
            "too_many_endpoints", f"There are {MOST_ENDPOINTS} endpoints already. Delete one first."
        )
    endpoint = WebhookEndpoint.objects.create(
        workspace=workspace,
        url=url,
        kinds=wanted,
        secret=f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}",
        created_at=at,
        created_by=by.person,
        after_sequence=0,
    )
    record_event(
        EventKind.WEBHOOK_REGISTERED,
        by=by,
        at=at,
        subject=("webhook_endpoint", endpoint.pk),
        data={"url": url, "kinds": wanted},
    )
    # It hears of what comes after its own registration: numbering what has happened draws the line.
    publish_events(workspace.pk)
    workspace.refresh_from_db(fields=["last_event_sequence"])
    endpoint.after_sequence = workspace.last_event_sequence
    endpoint.save(update_fields=["after_sequence"])
    return endpoint


def _find(endpoint_id: int, *, by: Actor) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.of(by.workspace).select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound("There is no such webhook endpoint here.")
    return endpoint


@transaction.atomic
def remove_endpoint(endpoint_id: int, *, by: Actor, at: datetime) -> None:
    """Deliver nothing more to it; what is on its way is dropped."""
    by.require(Permission.MANAGE_WEBHOOKS)
    endpoint = _find(endpoint_id, by=by)
    record_event(
        EventKind.WEBHOOK_REMOVED,
        by=by,
        at=at,
        subject=("webhook_endpoint", endpoint.pk),
        data={"url": endpoint.url},
    )
    endpoint.delete()


@transaction.atomic
def test_endpoint(endpoint_id: int, *, by: Actor, at: datetime) -> WebhookDelivery:
    """Send it an event of its own, whatever kinds it wants to hear of."""
    by.require(Permission.MANAGE_WEBHOOKS)
    endpoint = _find(endpoint_id, by=by)
    event = record_event(
        EventKind.WEBHOOK_TESTED,
        by=by,
        at=at,
        subject=("webhook_endpoint", endpoint.pk),
        data={"url": endpoint.url},
    )
    return WebhookDelivery.objects.create(
        workspace=by.workspace,
        endpoint=endpoint,
        event=event,
        message_id=new_message_id(),
        created_at=at,
        next_attempt_at=at,
    )


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(16)}"
