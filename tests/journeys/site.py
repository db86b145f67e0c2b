"""A whole Quickno beside the test: server, worker, Redis and database, each in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import pytest
import time_machine
from django.db import connection
from redis import Redis

from tests.conftest import ROOT

PATIENCE = 60  # seconds that anything may take on a busy machine


class Site:
    """Where it is reached, what time it has, and whether its worker has something to do."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._redis = Redis.from_url(redis_url)
        self._redis.flushdb()
        self._ahead = 0.0
        self._turn()
        environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": redis_url,
            "JOURNEY_CLOCK": str(self._clock),
        }
        self._processes = {
            name: self._start(name, *arguments, environment=environment)
            for name, arguments in (("server", [str(self.port)]), ("worker", []))
        }

    def _start(self, name: str, *arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.clockwork", name, *arguments],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _turn(self) -> None:
        """Tell the processes how far ahead they are; they never see half of a number."""
        draft = self.folder / "clock.draft"
        draft.write_text(str(self._ahead))
        draft.replace(self._clock)

    def go_to(self, day: date, hour: int) -> None:
        """Let it be that hour (UTC) of that day: for the server and the worker, not for this process."""
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        self._ahead = (moment - datetime.now(tz=UTC)).total_seconds()
        self._turn()

    @contextmanager
    def same_time_here(self) -> Iterator[None]:
        """Let this process see the site's clock, too."""
        with time_machine.travel(time.time() + self._ahead):
            yield

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Look again and again until there is something to see; return it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := look():
                return found
            for name, process in self._processes.items():
                if process.poll() is not None:
                    pytest.fail(f"The {name} has ended while we waited for this: {what}.")
            time.sleep(0.05)
        return pytest.fail(f"In {PATIENCE} seconds this did not come: {what}.")

    def until_it_answers(self) -> None:
        def answers() -> bool:
            url = f"{self.address}/healthz"
            with suppress(OSError), urlopen(url, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
            return False

        self.until(answers, "the server's first answer")

    def until_the_worker_rests(self) -> None:
        """Wait for all that was handed to the worker: before that, its clock must not be touched."""

        def rests() -> bool:
            # A task is in the queue until it is taken and among the unacknowledged until it is done. In
            # between it is in neither, so both must be empty twice.
            for _ in range(2):
                if self._redis.llen("celery") or self._redis.hlen("unacked"):
                    return False
                time.sleep(0.02)
            return True

        self.until(rests, "a worker that has done all its work")

    @contextmanager
    def without_worker(self) -> Iterator[None]:
        """What happens while no worker works."""
        worker = self._processes["worker"]
        worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            worker.send_signal(signal.SIGCONT)

    def said(self) -> str:
        """What the processes have written, for whoever looks for the reason of a failure."""
        return "\n".join(
            f"The {name} said:\n{self._log(name).read_text(errors='replace')}" for name in self._processes
        )

    def close(self) -> None:
        """End both, gently first, with all that they have started."""
        for process in self._processes.values():
            if process.stdin is not None:
                process.stdin.close()
        deadline = time.monotonic() + PATIENCE
        for process in self._processes.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                pass
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._redis.close()


def database_url() -> str:
    """The address of this process's test database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(name)}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
