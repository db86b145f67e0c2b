"""Several people at once: each deed in its own thread and on its own connection."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

from django.db import connection

from experiments.exceptions import DomainError

PATIENCE = 30  # seconds that anything may take on a busy machine


def race(*deeds: Callable[[], Any]) -> list[str]:
    """Do all of them at once; return, sorted, "done" or the refusal's code of each. Takes ``shared_db``."""
    return sorted(outcomes(*deeds))


def outcomes(*deeds: Callable[[], Any]) -> list[str]:
    """The same, in the order of the deeds.

    What is no refusal is raised: a deadlock, a lock that never came, a constraint that spoke for a service.
    """
    start = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> str:
        start.wait(timeout=PATIENCE)
        return attempt(deed)

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(run, deeds))


def attempt(deed: Callable[[], Any]) -> str:
    """Do it in this thread, which needs its connection no more."""
    try:
        deed()
    except DomainError as refusal:
        return refusal.code
    finally:
        connection.close()
    return "done"


class Rival:
    """Who comes in the middle of another's deed and gets as far as the locks allow. Takes ``shared_db``.

    SQLite has one writer: there a rival waits until the deed is over, whatever it is.
    """

    def __init__(self, deed: Callable[[], Any]) -> None:
        self._deed = deed
        self._is_connected = Event()
        self._backend: int | None = None
        self._threads = ThreadPoolExecutor(1)
        self._outcome: Future[str] | None = None

    def come(self) -> None:
        """Begin, and return when it is over or waits for a lock. Coming twice is coming once."""
        if self._outcome is not None:
            return
        self._outcome = self._threads.submit(self._run)
        assert self._is_connected.wait(timeout=PATIENCE)
        while self._backend is not None and not self.is_over and not self._waits():
            pass

    def _run(self) -> str:
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            self._backend = connection.connection.info.backend_pid
        self._is_connected.set()
        return attempt(self._deed)

    def _waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [self._backend])
            return bool(cursor.fetchone() == ("Lock",))

    @property
    def is_over(self) -> bool:
        return self._outcome is not None and self._outcome.done()

    def outcome(self) -> str:
        """Wait for its end; "done" or the refusal's code."""
        assert self._outcome is not None, "It never came: the deed went another way."
        try:
            return self._outcome.result(timeout=PATIENCE)
        finally:
            self._threads.shutdown()
