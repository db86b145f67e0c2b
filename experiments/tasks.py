"""Judging that outlives the request. Ids go in; running twice changes nothing."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from experiments.services import judging
from experiments.services.exports import read_file, record_file, tidy_files, waiting_files
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


@shared_task
def read_import(import_id: int) -> None:
    read_file(import_id, clock=timezone.now)


@shared_task
def record_import(import_id: int) -> None:
    outcome = record_file(import_id, clock=timezone.now)
    if outcome is not None and outcome.result is not None:
        enqueue(judge_campaigns, outcome.result.campaign_ids)


# What no worker has begun by the next look is handed out then.
@shared_task(expires=20)
def take_up_imports() -> None:
    to_read, to_record = waiting_files(at=timezone.now())
    for import_id in to_read:
        enqueue(read_import, import_id)
    for import_id in to_record:
        enqueue(record_import, import_id)


@shared_task
def tidy_imports() -> int:
    return tidy_files(at=timezone.now())
