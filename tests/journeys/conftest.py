"""A Quickno of several processes, and the team that works with it."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command

from tests.journeys.site import Site
from tests.journeys.story import FRIDAY, PASSWORD

# It is a program of its own: wherever it is imported, it sets the clock.
collect_ignore = ["clockwork.py"]


@pytest.fixture(scope="session")
def processes(
    django_db_setup: None, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Server and worker over this process's test database and Redis database; started once."""
    site = Site(tmp_path_factory.mktemp("site"), redis_url)
    try:
        site.until_it_answers()
        yield site
    finally:
        print(site.said())  # noqa: T201 - pytest shows it where something has failed
        site.close()


@pytest.fixture
def site(processes: Site, shared_db: None) -> Iterator[Site]:
    """The site on the Friday before the sprint, with a marketer and a manager in an empty workspace."""
    processes.go_to(FRIDAY, 8)
    quiet = {"stdout": StringIO()}
    with processes.same_time_here():
        call_command(
            "create_workspace",
            "Pilots",
            *("--slug", "pilots", "--timezone", "UTC", "--currency", "USD"),
            *("--owner", "olga@example.com", "--password", PASSWORD),
            **quiet,
        )
        for email, role in (("mia@example.com", "marketer"), ("max@example.com", "manager")):
            call_command("add_member", "pilots", email, "--role", role, "--password", PASSWORD, **quiet)
    yield processes
    print(processes.said())  # noqa: T201 - as above
    processes.until_the_worker_rests()
