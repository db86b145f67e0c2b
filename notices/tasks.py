"""Making notices and sending them; whatever dies on the way, the next turn finds what is due."""

from celery import shared_task
from django.utils import timezone

from notices.services import plan_digests as make_digests
from notices.services import plan_notices, send_letters
from notices.services import send_to_channel as say_in_channel
from notices.services.sending import channels_due, due_letters
from workspaces.tasks import enqueue


@shared_task
def plan() -> int:
    """Make notices of what happened, and hand what is due to the workers."""
    now = timezone.now()
    made = plan_notices(at=now)
    if due_letters(now).exists():
        enqueue(send)
    for channel_id in channels_due(now):
        enqueue(send_to_channel, channel_id)
    return made


@shared_task
def plan_digests() -> int:
    return make_digests(at=timezone.now())


@shared_task
def send() -> int:
    return send_letters(at=timezone.now())


@shared_task
def send_to_channel(channel_id: int) -> int:
    return say_in_channel(channel_id, at=timezone.now())
