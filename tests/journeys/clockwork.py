"""The server and the worker of the journeys: the real ones, by a clock that the test puts forward.

A journey takes ten days and a test has seconds. Nothing but the clock brings a day closer: a launch is now,
days before it are not judged, and a day that has not begun is refused. So both processes see a clock that
ticks like the real one and is ahead of it by the seconds in a file, which each request and each task read
first. The rest is what `bin/run` starts: granian, and a worker with a pool of threads.

Usage: python -m tests.journeys.clockwork server PORT | worker
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import time_machine
from celery.signals import task_prerun
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from config.celery import app as worker
from config.wsgi import application as quickno

AHEAD = Path(os.environ["JOURNEY_CLOCK"])


class Clock:
    """What this process takes for the time."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = Lock()
        self._traveller = time_machine.travel(datetime.now(tz=UTC)).start()
        time.time()  # It begins to tick when it is first looked at.

    def read(self) -> None:
        with self._lock:
            ahead = float(AHEAD.read_text())
            self._traveller.shift(ahead - self._ahead)
            self._ahead = ahead


clock = Clock()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    clock.read()
    return quickno(environ, start_response)


@task_prerun.connect
def read_clock(**kwargs: Any) -> None:
    clock.read()


def end_with_the_test() -> None:
    """Stop when the test's end of standard input is closed, which it is however the test ends."""
    # Not by sys.stdin, whose lock a server that forks would take along, held.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    Thread(target=end_with_the_test, daemon=True).start()
    match sys.argv[1:]:
        case ["server", port]:
            Granian(
                "tests.journeys.clockwork:application",
                port=int(port),
                interface=Interfaces.WSGI,
                websockets=False,
                blocking_threads=4,
                log_level=LogLevels.warning,
            ).serve()
        case ["worker"]:
            alone = ["--without-gossip", "--without-mingle"]
            worker.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=INFO", *alone])
