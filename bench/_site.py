"""A Quickno of several processes for the benchmarks, as `bin/run` starts it, to be killed part by part."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds that anything may take on a busy machine
PASSWORD = "a long word for the bench"  # noqa: S105 - of a database that is thrown away

WORKER = ["-m", "celery", "--app=config", "--quiet", "worker", "--loglevel=WARNING", "--beat"]
WORKER += ["--pool=threads", "--concurrency=2", "--without-gossip", "--without-mingle"]


class Site:
    """Web server and worker in sessions of their own, over the database and broker of ``environment``."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        outside = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment = outside | {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DEBUG": "0",
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def ask(self, program: str, *arguments: str) -> Any:
        """Run a program of the bench on this site's database; return what it says in its last line."""
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout.rstrip().rpartition("\n")[2])

    def start(self, name: str, *arguments: str) -> None:
        """Start ``web`` or ``worker``; by other arguments than the usual where some are given."""
        web = ["-m", "granian", "--interface=wsgi", f"--port={self.port}", "--blocking-threads=4"]
        web += ["--no-ws", "--log-level=warning", "config.wsgi:application"]
        usual = {"web": web, "worker": WORKER}[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *(arguments or usual)],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End it and all that it has started, without a word of warning."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError), build_opener().open(f"{self.address}/healthz", timeout=2):
                return
            time.sleep(0.02)
        sys.exit(f"The web server does not answer. {self.said()}")

    def check_alive(self) -> None:
        """Nothing ends by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                sys.exit(f"The {name} has ended by itself. {self.said()}")

    def said(self) -> str:
        """The last words of all."""
        return "\n".join(
            f"{path.stem}: {path.read_text(errors='replace')[-4000:]}" for path in self.folder.glob("*.log")
        )

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)


class Receiver(ThreadingHTTPServer):
    """Hears webhooks: for each event's number the ids under which it came and when it first did."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.lock = Lock()
        self.ids: defaultdict[int, set[str]] = defaultdict(set)
        self.kinds: dict[int, str] = {}
        self.came_at: dict[int, float] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Ear(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            sequence = told["data"]["sequence"]
            self.server.ids[sequence].add(self.headers["webhook-id"])
            self.server.kinds[sequence] = told["type"]
            self.server.came_at.setdefault(sequence, time.perf_counter())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Caller:
    """One who asks over HTTP: a program with a key, or a person with a session."""

    def __init__(self, site: Site, *, key: str | None = None) -> None:
        self._address = site.address
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))

    def sign_in(self, email: str) -> None:
        self._send("GET", "/accounts/login/")
        form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": self._token()}
        self._send("POST", "/accounts/login/", urlencode(form).encode())

    def get(self, path: str) -> tuple[int, Any]:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: Any = None, *, once: str | None = None) -> tuple[int, Any]:
        """Status and answer; an ``OSError`` where there is none."""
        headers = {"Idempotency-Key": once} if once else {}
        return self._ask("POST", path, json.dumps(body or {}).encode(), headers)

    def _ask(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._token(), **headers}
        status, text = self._send(method, f"/api/v1/{path}", content, headers)
        return status, json.loads(text)

    def _token(self) -> str:
        return next((str(cookie.value) for cookie in self._cookies if cookie.name == "csrftoken"), "")

    def _send(
        self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        all_headers = {**self._headers, **(headers or {})}
        request = Request(self._address + path, content, all_headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
