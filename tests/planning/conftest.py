"""A workspace with the people who plan in it."""

from datetime import datetime

import pytest

from tests.factories import make_actor, make_workspace
from tests.planning.rows import World, build_rows
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def marketer(workspace: Workspace) -> Actor:
    return make_actor(workspace)


@pytest.fixture
def manager(workspace: Workspace) -> Actor:
    return make_actor(workspace, Role.MANAGER)


@pytest.fixture
def viewer(workspace: Workspace) -> Actor:
    return make_actor(workspace, Role.VIEWER)


@pytest.fixture
def stranger(db: None) -> Actor:
    """A marketer of another workspace."""
    return make_actor(make_workspace("others"))


@pytest.fixture
def world(marketer: Actor, manager: Actor, at: datetime) -> World:
    """One row of everything that the database keeps a rule about."""
    return build_rows(marketer, manager, at=at)
