"""Several people at once: each deed in its own thread and on its own connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from experiments.exceptions import DomainError


def race(*deeds: Callable[[], Any]) -> list[str]:
    """Do all of them at once; return, sorted, "done" or the refusal's code of each. Takes ``shared_db``.

    What is no refusal is raised: a deadlock, a lock that never came, a constraint that spoke for a service.
    """
    start = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> str:
        start.wait(timeout=30)
        try:
            deed()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(deeds)) as threads:
        return sorted(threads.map(run, deeds))
