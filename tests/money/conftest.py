"""A team with money: Harbour Payroll, which counts in dollars and lives by Chicago's clock."""

from datetime import UTC, datetime

import pytest

from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def now() -> datetime:
    """Thursday 19 November 2026, 10:12 in Chicago."""
    return datetime(2026, 11, 19, 16, 12, tzinfo=UTC)


@pytest.fixture
def workspace(begin: Begin) -> Workspace:
    return begin(make_workspace, "harbour", timezone="America/Chicago")


@pytest.fixture
def mia(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace, Role.MARKETER, email="mia@harbour.example")


@pytest.fixture
def dana(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace, Role.MANAGER, email="dana@harbour.example")
