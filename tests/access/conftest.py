"""The world of the table, and a way to try something in it that leaves nothing behind."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.access.world import World, build_world
from tests.beginnings import Begin


@pytest.fixture(scope="module")
def now() -> datetime:
    """Pages and REST have the server's clock, so the world has it, too."""
    return timezone.now()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world's files lie."""
    return tmp_path_factory.mktemp("imports")


@pytest.fixture
def world(begin: Begin, settings: Settings, folder: Path, now: datetime) -> World:
    settings.IMPORTS_DIR = folder
    return begin(build_world, now)


@contextmanager
def undone() -> Generator[None]:
    """Take back what is done in the block, and let what waits for its commit never happen."""
    waiting = list(connection.run_on_commit)
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)
        connection.run_on_commit = waiting
