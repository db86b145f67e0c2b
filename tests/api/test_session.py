"""A signed-in person uses the API from the browser, in one workspace at a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import BASE, HYPOTHESIS
from tests.factories import LONG_AGO, make_workspace
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace

SPRINT = {"name": "Hooks", "starts_on": "2026-11-23", "ends_on": "2026-11-27"}


@pytest.fixture
def traveller(workspace: Workspace, elsewhere: Workspace) -> User:
    """A marketer here, who joined first, and a viewer there."""
    user = User.objects.create_user("mia@example.com")
    Membership.objects.create(workspace=workspace, user=user, role=Role.MARKETER, joined_at=LONG_AGO)
    Membership.objects.create(
        workspace=elsewhere, user=user, role=Role.VIEWER, joined_at=LONG_AGO + timedelta(days=1)
    )
    return user


def titles(client: APIClient, **headers: str) -> list[str]:
    answer = client.get(f"{BASE}hypotheses/", headers=headers)
    return [item["title"] for item in answer.json()["results"]]


def test_session__without_the_csrf_token__may_read_and_not_write(
    session: Callable[[Role], APIClient], member: Callable[[Role], Membership]
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(member(Role.MARKETER).user)
    assert client.get(f"{BASE}sprints/").status_code == 200
    answer = client.post(f"{BASE}sprints/", SPRINT)
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_session__nothing_chosen__acts_in_the_workspace_joined_first(traveller: User) -> None:
    client = APIClient()
    client.force_login(traveller)
    assert client.post(f"{BASE}hypotheses/", HYPOTHESIS).status_code == 201
    assert titles(client) == [HYPOTHESIS["title"]]


def test_session__workspace_by_header__acts_there_with_the_role_of_there(traveller: User) -> None:
    client = APIClient()
    client.force_login(traveller)
    client.post(f"{BASE}hypotheses/", HYPOTHESIS)
    assert titles(client, **{"Quickno-Workspace": "others"}) == []
    answer = client.post(f"{BASE}hypotheses/", HYPOTHESIS, headers={"Quickno-Workspace": "others"})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_role")


def test_session__workspace_visited_last__acts_there(traveller: User) -> None:
    client = APIClient()
    client.force_login(traveller)
    client.post(f"{BASE}hypotheses/", HYPOTHESIS)
    browser = client.session
    browser["workspace"] = "others"
    browser.save()
    assert titles(client) == []


@pytest.mark.parametrize("slug", ["nowhere", "strangers", "a b", "x" * 500])
def test_session__workspace_of_others_by_header__does_not_exist(traveller: User, slug: str) -> None:
    make_workspace("strangers")
    client = APIClient()
    client.force_login(traveller)
    answer = client.get(f"{BASE}sprints/", headers={"Quickno-Workspace": slug})
    assert answer.status_code == 404


def test_session__member_of_nothing__is_told_so(db: None) -> None:
    client = APIClient()
    client.force_login(User.objects.create_user("eve@example.com"))
    answer = client.get(f"{BASE}sprints/")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_workspace")


def test_session__person_not_active__is_401(traveller: User) -> None:
    client = APIClient()
    client.force_login(traveller)
    traveller.is_active = False
    traveller.save()
    assert client.get(f"{BASE}sprints/").status_code == 401


def test_key__workspace_by_header__stays_in_its_own(planner: APIClient, elsewhere: Workspace) -> None:
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    assert titles(planner, **{"Quickno-Workspace": "others"}) == [HYPOTHESIS["title"]]
