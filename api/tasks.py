"""Deliveries to webhook endpoints, and forgetting answers and forms that nobody asks for any more."""

from celery import shared_task
from django.utils import timezone

from api.models import WebhookDelivery
from api.services import deliver, forget_answers, plan_deliveries
from workspaces.services import forget_sent_forms
from workspaces.tasks import enqueue

MOST_AT_ONCE = 500


@shared_task
def deliver_webhooks() -> int:
    """Hand every delivery that is due to a worker; a broken broker leaves them due."""
    now = timezone.now()
    plan_deliveries(at=now)
    due = WebhookDelivery.objects.due(now).order_by("next_attempt_at", "id")
    delivery_ids = list(due.values_list("id", flat=True)[:MOST_AT_ONCE])
    return sum(enqueue(deliver_webhook, delivery_id) for delivery_id in delivery_ids)


@shared_task
def deliver_webhook(delivery_id: int) -> bool:
    return deliver(delivery_id, at=timezone.now())


@shared_task
def forget_old_answers() -> int:
    now = timezone.now()
    return forget_answers(at=now) + forget_sent_forms(at=now)
