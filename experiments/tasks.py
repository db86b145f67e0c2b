"""Judging that outlives the request. Ids go in; running twice changes nothing."""

from celery import shared_task
from django.utils import timezone

from experiments.services import judging
from experiments.services.learning import learn_what_is_due


@shared_task
def judge_campaigns(campaign_ids: list[int]) -> None:
    judging.judge_campaigns(campaign_ids, at=timezone.now())


@shared_task
def judge_what_is_due() -> None:
    judging.judge_what_is_due(at=timezone.now())


@shared_task
def sweep() -> None:
    judging.sweep(at=timezone.now())


@shared_task
def learn() -> None:
    learn_what_is_due(at=timezone.now())
