"""The project around the apps: what it needs to start, whom it lets in, and that it leaves nothing behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.utils import ConnectionHandler
from django.test import Client
from kombu.exceptions import OperationalError
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from config.environment import broker, database, kept_secret_key, mail
from tests.conftest import ROOT

COMPLETE = {
    "SECRET_KEY": "a long enough text, though hardly a random one: 0123456789",
    "DATABASE_URL": "postgres://quickno:password@localhost:5432/quickno",
    "CELERY_BROKER_URL": "redis://localhost:6379/0",
    "ALLOWED_HOSTS": "quickno.example.com",
    "EMAIL_URL": "smtp+tls://quickno:password@mail.example.com:587",
}


def start_in_production(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Load the production settings with nothing else set, and print what keeps people safe."""
    program = (
        "from config.settings import production as p; "
        "print(p.DEBUG, p.SESSION_COOKIE_SECURE, p.CSRF_COOKIE_SECURE, p.SECURE_SSL_REDIRECT, p.SITE_ADDRESS)"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class TestProduction:
    def test_production__everything_said__starts_and_insists_on_https(self) -> None:
        started = start_in_production(COMPLETE)
        assert started.stderr == ""
        assert started.stdout.split() == ["False", "True", "True", "True", "https://quickno.example.com"]

    @pytest.mark.parametrize(
        ("said", "sender"),
        [
            ({}, "Quickno <quickno@harbour.example>"),
            ({"EMAIL_URL": "smtp://post%40harbour.example:x@mail"}, "Quickno <post@harbour.example>"),
            ({"EMAIL_FROM": "Us <us@harbour.example>"}, "Us <us@harbour.example>"),
        ],
    )
    def test_mail__sender__is_the_one_named_or_one_that_can_be(
        self, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], sender: str
    ) -> None:
        monkeypatch.delenv("EMAIL_URL", raising=False)
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        settings = mail(default="consolemail://", site="https://harbour.example")
        assert settings["DEFAULT_FROM_EMAIL"] == sender
        assert settings["MAIL_IS_SET_UP"] == ("EMAIL_URL" in said)
        assert settings["ACCOUNT_EMAIL_VERIFICATION"] == ("mandatory" if "EMAIL_URL" in said else "none")

    @pytest.mark.parametrize("name", COMPLETE)
    def test_production__one_thing_not_said__refuses_and_names_it(self, name: str) -> None:
        started = start_in_production({k: v for k, v in COMPLETE.items() if k != name})
        assert started.returncode == 1
        last_line = started.stderr.splitlines()[-1]
        assert "Quickno does not start in production." in last_line
        assert f"{name} is not set: give " in last_line
        assert last_line.count("is not set") == 1

    def test_production__nothing_said__names_all_of_it_at_once(self) -> None:
        last_line = start_in_production({}).stderr.splitlines()[-1]
        assert all(f"{name} is not set" in last_line for name in COMPLETE)

    @pytest.mark.parametrize(
        ("unsafe", "sentence"),
        [
            ({"DEBUG": "1"}, "DEBUG is on"),
            ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS lets every name in"),
            ({"SECRET_KEY": "secret"}, "SECRET_KEY has 6 characters"),
            ({"DATABASE_URL": "oracle://quickno@localhost/quickno"}, "DATABASE_URL names no database"),
        ],
    )
    def test_production__something_unsafe__refuses_and_says_why(
        self, unsafe: dict[str, str], sentence: str
    ) -> None:
        started = start_in_production(COMPLETE | unsafe)
        assert started.returncode == 1
        assert sentence in started.stderr.splitlines()[-1]
        assert COMPLETE["SECRET_KEY"] not in started.stderr

    def test_static_files__collected_for_production__refer_to_nothing_that_is_missing(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        settings.STATIC_ROOT = tmp_path
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
        }
        call_command("collectstatic", interactive=False, verbosity=0)
        assert (tmp_path / "staticfiles.json").exists()


class TestMemory:
    def test_web_process__everything_loaded__is_left_out_of_collections(self) -> None:
        program = "import config.wsgi, gc; print(gc.get_freeze_count())"
        told = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
        )
        assert int(told.stdout) > 100_000


class TestEmbedded:
    def test_embedded_database__opened__never_blocks_readers_and_queues_writers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
    ) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        connections = ConnectionHandler({"default": database(embedded=tmp_path / "q.sqlite3")})
        connection: Any = connections["default"]
        try:
            with django_db_blocker.unblock(), connection.cursor() as cursor:
                answers = {}
                for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
                    cursor.execute(f"PRAGMA {pragma}")
                    answers[pragma] = cursor.fetchone()[0]
            assert connection.transaction_mode == "IMMEDIATE"
        finally:
            connection.close()
        # https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL.
        assert answers == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 20_000}

    def test_database__address_of_something_else__is_refused_without_repeating_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "mysql://quickno:hush@localhost/quickno")
        with pytest.raises(ImproperlyConfigured, match="such as postgres://") as refusal:
            database(embedded=tmp_path / "q.sqlite3")
        assert "hush" not in str(refusal.value)

    def test_secret_key__second_start__is_the_first_ones_and_nobody_elses(self, tmp_path: Path) -> None:
        path = tmp_path / "var" / "secret_key"
        first = kept_secret_key(path)
        assert len(first) >= 50
        assert kept_secret_key(path) == first
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(path.parent.iterdir()) == [path]


class TestBroker:
    @pytest.fixture
    def silent_port(self) -> Iterator[int]:
        """A port at which somebody picks up and never says a word."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    def refuse_at(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Publish to a broker that does not take it; a publisher that tried for ever would never return."""
        monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")
        url, options = broker(embedded=Path("unused"))
        app = Celery("quickno")
        app.config_from_object(settings, namespace="CELERY")
        app.conf.update(broker_url=url, broker_transport_options=options)
        with pytest.raises(OperationalError):
            app.send_task("experiments.tasks.sweep")

    def test_publish__broker_is_gone__gives_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuse_at(free_port(), monkeypatch)

    def test_publish__broker_is_silent__gives_up(
        self, silent_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.refuse_at(silent_port, monkeypatch)


class TestDoors:
    @pytest.mark.django_db
    def test_healthz__database_within_reach__is_ok(self, client: Client) -> None:
        answer = client.get("/healthz")
        assert (answer.status_code, answer.content) == (200, b"ok\n")
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.django_db
    def test_every_answer__any_page__carries_the_content_policy(self, client: Client) -> None:
        answer = client.get("/healthz")
        assert sorted(answer["Content-Security-Policy"].split("; ")) == [
            "base-uri 'none'",
            "connect-src 'self'",
            "default-src 'none'",
            "font-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "img-src 'self' data:",
            "script-src 'self'",
            "style-src 'self'",
        ]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"

    @pytest.mark.django_db
    def test_signing_up__by_a_stranger__is_closed(self, client: Client) -> None:
        password = "a password that nobody guesses"
        form = {"email": "stranger@example.com", "password1": password, "password2": password}
        client.post("/accounts/signup/", form)
        assert not get_user_model().objects.exists()


class TestSuite:
    def test_skipped_test__in_any_way__fails_the_run(self, tmp_path: Path) -> None:
        (tmp_path / "test_skips.py").write_text(
            "import pytest\n"
            "@pytest.mark.skip(reason='too slow')\n"
            "def test_marked(): pass\n"
            "def test_called(): pytest.skip('no server')\n"
            "@pytest.mark.xfail(reason='known')\n"
            "def test_expected_to_fail(): assert False\n"
        )
        (tmp_path / "test_imports.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
        options = ["--config-file=pyproject.toml", "-p", "tests.conftest", "--continue-on-collection-errors"]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options, str(tmp_path)],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 1
        assert "1 failed, 1 xfailed, 2 errors" in ran.stdout.splitlines()[-1]
        assert "proves nothing: Skipped: too slow" in ran.stdout


class TestCommands:
    def test_services__command_ends__keep_its_exit_code_and_leave_nothing_behind(self) -> None:
        ran = subprocess.run(
            [ROOT / "bin" / "services", "sh", "-c", "echo $DATABASE_URL_POSTGRES; echo $REDIS_URL; exit 7"],
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert ran.returncode == 7
        addresses = [urlsplit(line) for line in ran.stdout.split()]
        assert [address.scheme for address in addresses] == ["postgres", "redis"]
        for address in addresses:
            with socket.socket() as probe:
                assert probe.connect_ex((address.hostname, address.port)) != 0

    def test_run__port_is_taken__says_so_and_names_another(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = subprocess.run(
                [sys.executable, ROOT / "bin" / "run", str(port)], check=False, capture_output=True, text=True
            )
        assert ran.returncode == 1
        assert ran.stderr == (
            f"Port {port} is taken by another program. Choose another: make run PORT={port + 1}\n"
        )


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for several starts, of which one is the first."""
    return tmp_path_factory.mktemp("var")


class TestRun:
    def run_until_told_to_stop(
        self, var_dir: Path, *, ending: signal.Signals = signal.SIGINT
    ) -> tuple[str, int]:
        """All that a start says, and its exit code."""
        port = free_port()
        running = subprocess.Popen(
            [sys.executable, ROOT / "bin" / "run", str(port)],
            env=embedded(var_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            has_answered = answers(f"http://127.0.0.1:{port}/healthz", running, within=180)
        finally:
            running.send_signal(ending)
            # The pipe is at its end only when nobody is left who could write to it.
            said, _ = running.communicate(timeout=60)
        assert has_answered, said
        assert f"Quickno runs on http://127.0.0.1:{port}\n" in said
        return said, running.returncode

    @pytest.mark.parametrize(
        ("ending", "exit_code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_run__told_to_stop__ends_every_process(
        self, ending: signal.Signals, exit_code: int, var_dir: Path
    ) -> None:
        said, ended_with = self.run_until_told_to_stop(var_dir, ending=ending)
        assert ended_with == exit_code, said

    def test_run__again__keeps_the_data_and_lets_in_as_before(self, var_dir: Path) -> None:
        first, _ = self.run_until_told_to_stop(var_dir)
        second, _ = self.run_until_told_to_stop(var_dir)
        ways_in = [line for line in first.splitlines() if "@" in line or "API key" in line]
        assert len(ways_in) == 3
        assert [line for line in second.splitlines() if "@" in line or "API key" in line] == ways_in
        assert "Filling" not in second

    def test_run__database_cannot_be_brought_up_to_date__serves_no_page(self, tmp_path: Path) -> None:
        (tmp_path / "quickno.sqlite3").write_bytes(b"not a database at all, " * 100)
        port = free_port()
        ran = subprocess.run(
            [sys.executable, ROOT / "bin" / "run", str(port)],
            env=embedded(tmp_path),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 1
        assert "The web server has ended by itself, so everything stops." in ran.stdout
        assert "file is not a database" in ran.stderr
        assert "Quickno runs on" not in ran.stdout

    def test_preparing__database_is_ready__loads_no_statistics(self, var_dir: Path) -> None:
        program = (
            "import sys, django; from django.core.management import call_command; django.setup(); "
            "call_command('migrate', verbosity=0); call_command('seed_demo'); print('scipy' in sys.modules)"
        )
        prepare = partial(
            subprocess.run, [sys.executable, "-c", program], cwd=ROOT, env=embedded(var_dir), check=True
        )
        prepare(stdout=subprocess.DEVNULL)
        again = prepare(stdout=subprocess.PIPE, text=True)
        assert again.stdout.splitlines()[-1] == "False"


def embedded(var_dir: Path) -> dict[str, str]:
    """The environment of a person who has set nothing, with a folder of its own."""
    nothing_set = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return nothing_set | {"VAR_DIR": str(var_dir), "DJANGO_SETTINGS_MODULE": "config.settings.dev"}


def answers(url: str, server: subprocess.Popen[str], *, within: float) -> bool:
    """Whether the server answers 200 there before it ends and before so many seconds are over."""
    deadline = time.monotonic() + within
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False
