"""The world of the table, and a way to try something in it that leaves nothing behind."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.access.world import World, build_world


@pytest.fixture
def world(db: None, settings: Settings, tmp_path: Path) -> World:
    """Pages and REST have the server's clock, so this has it, too."""
    settings.IMPORTS_DIR = tmp_path
    return build_world(timezone.now())


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
