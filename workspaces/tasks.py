"""Work that outlives the request."""

import logging
from typing import Any

from celery import Task, shared_task

from workspaces.services import publish_all_events

logger = logging.getLogger(__name__)


def enqueue(task: "Task[Any, Any]", *args: Any) -> bool:
    """Hand work to the workers; a broken broker costs only time, because due work is a column.

    Call it after the commit. Returns whether the broker took it; if not, the next sweep does the work.
    """
    try:
        task.delay(*args)
    except Exception as error:  # noqa: BLE001 - each broker has its own; what is committed is answered as done
        logger.warning("The broker did not take %s; the next sweep will do it: %s", task.name, error)
        return False
    return True


@shared_task
def publish_events() -> int:
    """Number events that a process left unnumbered when it died after its commit."""
    return publish_all_events()
