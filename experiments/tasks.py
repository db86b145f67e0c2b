"""Judging that outlives the request. Ids go in; running twice changes nothing."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from experiments.services import judging
from experiments.services.learning import learn_what_is_due
from workspaces.tasks import enqueue

# Seconds from one sweep to the next. What no worker has begun by then is left to the next sweep, so that
# tasks never pile up.
SWEEP_PERIOD = int(timedelta(minutes=5).total_seconds())


@shared_task
def judge_campaigns(campaign_ids: list[int]) -> None:
    judging.judge_campaigns(campaign_ids, at=timezone.now())


@shared_task
def judge_what_is_due() -> None:
    judging.judge_what_is_due(at=timezone.now())


@shared_task(expires=SWEEP_PERIOD)
def sweep() -> None:
    """Hand out all that is launched, one task a chunk: the more workers, the more campaigns."""
    at = timezone.now()
    chunks = judging.sweep_chunks(at=at)
    # Each sweep begins elsewhere, so that too few workers leave nobody out for ever.
    turn = int(at.timestamp()) // SWEEP_PERIOD % max(len(chunks), 1)
    for chunk in chunks[turn:] + chunks[:turn]:
        enqueue(sweep_chunk, chunk)


@shared_task(expires=SWEEP_PERIOD)
def sweep_chunk(campaign_ids: list[int]) -> None:
    judging.judge_where_changed(campaign_ids, at=timezone.now())


@shared_task
def learn() -> None:
    learn_what_is_due(at=timezone.now())
