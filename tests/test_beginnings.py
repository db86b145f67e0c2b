"""What tests begin with is there for each as it was built, whatever the one before has done with it."""

from itertools import count

import pytest
from django.db import connection

from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor

counted = count(1)
seen: set[str] = set()


def build_workspace(slug: str) -> Workspace:
    """A workspace whose name says how many there have been, of which most are gone."""
    workspace = make_workspace(slug)
    workspace.name = f"The {next(counted)}."
    workspace.save()
    return workspace


@pytest.fixture
def workspace(begin: Begin) -> Workspace:
    return begin(build_workspace, "pilots")


@pytest.fixture
def manager(begin: Begin, workspace: Workspace) -> Actor:
    return begin(make_actor, workspace, Role.MANAGER)


@pytest.mark.parametrize("turn", range(2))
def test_rows__changed_and_deleted_by_a_test__are_whole_for_the_next_and_built_once(
    workspace: Workspace, manager: Actor, turn: int
) -> None:
    seen.add(workspace.name)
    assert len(seen) == 1
    assert Workspace.objects.get().name == workspace.name
    assert Membership.objects.filter(role=Role.MANAGER).exists()
    workspace.name = "Somebody else's"
    workspace.save()
    Membership.objects.all().delete()


def test_rows__of_tests_that_begin_with_more__are_gone(workspace: Workspace) -> None:
    assert not User.objects.filter(email="manager@pilots.example").exists()


def test_rows__of_tests_with_a_beginning__are_gone_without_one(db: None) -> None:
    assert not Workspace.objects.exists()


def test_rows__for_several_threads__are_built_for_the_test_alone(
    shared_db: None, workspace: Workspace
) -> None:
    assert not connection.in_atomic_block
    assert Workspace.objects.get() == workspace
