"""What every test can use. Two rules of the house: nothing is skipped, and place says what is pure."""

import os
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import caches
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.beginnings import Begin, Beginnings, begins_by_itself, fixtures_of

ROOT = Path(__file__).resolve().parent.parent
PURE_FOLDERS = (ROOT / "tests" / "stats", ROOT / "experiments" / "stats")
# How the house is run, who may do what, and how pages look, move and read: the database has no say in it.
# Every page and every download is opened on both (tests/pages/test_queries.py).
ONCE = (
    ROOT / "tests" / "test_house.py",
    ROOT / "tests" / "test_messages.py",
    ROOT / "tests" / "access",
    ROOT / "tests" / "languages",
    # Only SQLite has one writer.
    ROOT / "tests" / "races" / "test_busy.py",
    # The same team goes the same way over REST, with both.
    ROOT / "tests" / "journeys" / "test_browser_journey.py",
    # How a file is taken apart, before anything is stored.
    ROOT / "tests" / "metrics" / "test_workbooks.py",
    # How people show who they are to a browser, and move between what is theirs.
    ROOT / "tests" / "people" / "test_company_sign_in.py",
    ROOT / "tests" / "people" / "test_second_step.py",
    ROOT / "tests" / "people" / "test_switching.py",
    *(
        ROOT / "tests" / "pages" / f"test_{name}.py"
        for name in (
            "accessibility",
            "amounts",
            "campaign_drafts",
            "choices",
            "days",
            "documents",
            "dragging",
            "drawings",
            "every_page",
            "first_steps",
            "graveyard",
            "house_keeping",
            "kept_today",
            "keyboard",
            "long_tables",
            "lost_and_found",
            "many_campaigns",
            "planning_forms",
            "previews",
            "reviewing",
            "rule_templates",
            "running",
            "scaled",
            "scores",
            "signed_out",
            "spelling",
            "sprint_days",
            "steady",
            "strip",
            "team_words",
            "two_editors",
            "what_happened",
        )
    ),
)
# What is thrown at a database server: crowds that SQLite would make queue, and requests of every odd shape,
# of which the server refuses more.
SERVER = (ROOT / "tests" / "races" / "test_crowds.py", ROOT / "tests" / "api" / "test_schema.py")
BEGINNINGS = pytest.StashKey[Beginnings]()
# Programs of their own that open a database wherever they start.
PROGRAMS = (ROOT / "tests" / "races" / "test_crashes.py",)
MARKS = {"pure": PURE_FOLDERS, "once": ONCE, "server": SERVER}
# What takes longest comes first, so that at the end no process waits for another one's last test.
LONG = [
    ROOT / "tests" / place
    for place in (
        "pages/test_accessibility.py",
        "races/test_crashes.py",
        "state_machine/test_state_machine.py",
        "journeys/test_browser_journey.py",
        "pages/test_keyboard.py",
        "test_house.py",
        "planning/test_demo.py",
    )
]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Mark what one run is enough for, before `-m` looks for the marks, and put the longest first.

    One run is also enough for whatever no database is open to.
    """
    for item in items:
        for mark, places in MARKS.items():
            if any(item.path.is_relative_to(place) for place in places):
                item.add_marker(mark)
        names = fixtures_of(item)
        if "begin" in names and "db" not in names:
            # By this it is known who needs a database to be set up.
            names.append("db")
        is_closed = (
            not {"db", "transactional_db"} & set(names) and item.get_closest_marker("django_db") is None
        )
        if is_closed and item.path not in (*SERVER, *PROGRAMS):
            item.add_marker("pure")
    yield
    items.sort(key=lambda item: LONG.index(item.path) if item.path in LONG else len(LONG))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Take away what the tests before began with, if this one begins otherwise."""
    kept = item.config.stash.get(BEGINNINGS, None)
    if kept is not None and ("begin" not in fixtures_of(item) or begins_by_itself(item)):
        kept.cut()


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure is reported as skipped, too; it was run.
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was not run, and a test that is not run proves nothing: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.fixture(scope="module")
def beginnings(
    pytestconfig: pytest.Config, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Generator[Beginnings]:
    """What the tests of a module begin with."""
    kept = pytestconfig.stash[BEGINNINGS] = Beginnings(django_db_blocker)
    yield kept
    kept.cut()


@pytest.fixture
def begin(request: pytest.FixtureRequest, beginnings: Beginnings) -> Begin:
    """For fixtures that build rows: they build them once, for all tests that begin with them."""
    if not begins_by_itself(request.node):
        return beginnings.build
    request.getfixturevalue("shared_db" if "shared_db" in request.fixturenames else "db")
    return lambda function, *args, **kwargs: function(*args, **kwargs)


@pytest.fixture(autouse=True)
def begun(request: pytest.FixtureRequest) -> None:
    """Build what the test begins with before its own transaction, which lies above it."""
    if "begin" in request.fixturenames and not begins_by_itself(request.node):
        request.getfixturevalue("beginnings").build_for(request)
        request.getfixturevalue("db")


@pytest.fixture(autouse=True)
def nothing_drawn(begun: None) -> None:
    """Parts of pages are kept for as long as a process has the same settings; tests change them."""
    caches["drawn"].clear()
    # Its models are there only once Django is set up.
    from workspaces.models.kept import forget_results  # noqa: PLC0415

    forget_results()


@pytest.fixture
def at() -> datetime:
    """A moment to do things at: Thursday 19 November 2026, 10:12 in UTC."""
    return datetime(2026, 11, 19, 10, 12, tzinfo=UTC)


def _from_services(name: str) -> str:
    if name not in os.environ:
        pytest.fail(f"{name} is not set. Run this test as `bin/services .venv/bin/pytest …`.", pytrace=False)
    return os.environ[name]


@pytest.fixture(scope="session")
def redis_url(worker_id: str) -> str:
    """A Redis database of this process's own."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    return urlsplit(_from_services("REDIS_URL"))._replace(path=f"/{number}").geturl()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    return _from_services("CHROMIUM")


@pytest.fixture
def _guards_return(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Generator[list[str]]:
    """Bring back what `shared_db` had to take away, once the tables are empty."""
    statements: list[str] = []
    yield statements
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def shared_db(_guards_return: list[str], transactional_db: None) -> Generator[None]:
    """A database for several threads: real commits, emptied at the end.

    SQLite empties a table by deleting its rows, which our triggers forbid: they step aside for that moment.
    """
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE%'"
            )
            guards = cursor.fetchall()
            for name, statement in guards:
                cursor.execute(f"DROP TRIGGER {name}")
                _guards_return.append(statement)
