"""Work of the scheduler on sprints and money."""

from celery import shared_task
from django.utils import timezone

from sprints import services


@shared_task
def expire_reallocations() -> int:
    """Close proposals that nobody approved in time."""
    return services.expire_reallocations(at=timezone.now())


@shared_task
def outdate_reallocations() -> int:
    """Close open plans that can no longer move what they say."""
    return services.outdate_reallocations(at=timezone.now())
