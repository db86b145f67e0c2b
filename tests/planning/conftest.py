"""A workspace with the people who plan in it."""

from datetime import datetime

import pytest

from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace
from tests.planning.rows import World, build_rows
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def workspace(begin: Begin) -> Workspace:
    return begin(make_workspace)


@pytest.fixture
def marketer(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace)


@pytest.fixture
def manager(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace, Role.MANAGER)


@pytest.fixture
def viewer(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace, Role.VIEWER)


@pytest.fixture
def stranger(begin: Begin) -> Actor:
    """A marketer of another workspace."""
    return begin(make_actor, begin(make_workspace, "others"))


@pytest.fixture
def world(begin: Begin, marketer: Actor, manager: Actor, at: datetime) -> World:
    """One row of everything that the database keeps a rule about."""
    return begin(build_rows, marketer, manager, at=at)
