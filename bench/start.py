"""The second start of `make run`, from the command to the first page that answers.

The reference is a bare process that loads the project and asks its test client for the same page: no server,
no migration that is looked for, no demo. Both have their code compiled already, as a second start has.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = "/accounts/login/"
ROUNDS = 3
PATIENCE = 180
BARE = (
    "import django; django.setup(); from django.test import Client; "
    f"assert Client().get({PAGE!r}).status_code == 200"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(environment: dict[str, str]) -> float:
    """Seconds until the page is there; then everything is stopped."""
    port = free_port()
    began = time.perf_counter()
    running = subprocess.Popen(
        [sys.executable, ROOT / "bin" / "run", str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}{PAGE}", running)
        return time.perf_counter() - began
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310
                return
        except OSError:
            time.sleep(0.02)
    sys.exit("The web server does not answer.")


def load(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="quickno-bench-") as folder:
        nothing_set = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment = nothing_set | {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "DEBUG": "0",
            "VAR_DIR": folder,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode"),
        }
        first = start(environment)
        load(environment)
        # In turns, so that another program's load falls on both.
        rounds = [(start(environment), load(environment)) for _ in range(ROUNDS)]
    second, bare = (min(times) for times in zip(*rounds, strict=True))
    result = {
        "benchmark": "second start of `make run` to its first page",
        "ratio": bare / second,
        "reference": "loading the project in a bare process and rendering that page",
        "seconds": round(second, 2),
        "reference_seconds": round(bare, 2),
        "first_start_seconds": round(first, 2),
    }
    print(json.dumps(result))
