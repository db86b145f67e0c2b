"""Events on their way to webhook endpoints: at least once, in the Standard Webhooks scheme."""

import json
from datetime import UTC, datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from standardwebhooks import Webhook

from api.models import WebhookDelivery, WebhookEndpoint
from api.selectors import event_as_json
from api.services.outbound import NotDelivered, post
from api.services.webhooks import new_message_id
from workspaces.models import Event

# Events that one endpoint's deliveries are made of in one go.
MOST_EVENTS = 1000
SUCCESS = range(200, 300)


def plan_deliveries(*, at: datetime) -> int:
    """Make a delivery of every published event that an endpoint wants and has not got; return how many."""
    return sum(
        _plan_for(endpoint_id, at=at)
        for endpoint_id in list(WebhookEndpoint.objects.order_by("id").values_list("id", flat=True))
    )


@transaction.atomic
def _plan_for(endpoint_id: int, *, at: datetime) -> int:
    # The lock makes one planner at a time of each endpoint; the unique key would catch a second.
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        return 0
    waiting = Event.objects.of(endpoint.workspace_id).after(endpoint.after_sequence).order_by("sequence")
    events = list(waiting[:MOST_EVENTS].values_list("id", "kind", "sequence"))
    if not events:
        return 0
    made = WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                workspace_id=endpoint.workspace_id,
                endpoint=endpoint,
                event_id=event_id,
                message_id=new_message_id(),
                created_at=at,
                next_attempt_at=at,
            )
            for event_id, kind, _ in events
            if endpoint.wants(kind)
        ],
        # A test's event has its delivery from the beginning.
        ignore_conflicts=True,
    )
    endpoint.after_sequence = events[-1][2] or endpoint.after_sequence
    endpoint.save(update_fields=["after_sequence"])
    return len(made)


def deliver(delivery_id: int, *, at: datetime) -> bool:
    """Try a delivery that is due; return whether it arrived. Survives being called twice."""
    delivery = (
        WebhookDelivery.objects.due(at).select_related("endpoint", "event").filter(pk=delivery_id).first()
    )
    if delivery is None or not delivery.claim(at=at):
        return False
    endpoint, event = delivery.endpoint, delivery.event
    body = json.dumps(
        {"type": event.kind, "timestamp": event.at.isoformat(), "data": event_as_json(event)},
        cls=DjangoJSONEncoder,
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Quickno",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(endpoint.secret).sign(delivery.message_id, at.astimezone(UTC), body),
    }
    try:
        status = post(endpoint.url, body=body.encode(), headers=headers)
    except NotDelivered as error:
        outcome, arrived = str(error), False
    else:
        outcome, arrived = f"Answered {status}.", status in SUCCESS
    delivery.settle(outcome, arrived=arrived, at=at)
    return arrived
