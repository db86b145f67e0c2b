"""Who gets in, and that what is elsewhere does not exist."""

import pytest
from django.urls import reverse

from tests.factories import make_workspace
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Membership, Workspace


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_page__number_beyond_any_database__does_not_exist(browse: Browse, number: int) -> None:
    assert browse(Role.OWNER).get(reverse("hypothesis", args=["harbour", number])).status_code == 404


def test_home__one_workspace__leads_to_its_today(browse: Browse) -> None:
    assert browse(Role.VIEWER).get("/")["Location"] == reverse("today", args=["harbour"])


def test_home__no_workspace__says_whom_to_ask(browse: Browse, workspace: Workspace) -> None:
    client = browse(Role.VIEWER)
    Membership.objects.filter(role=Role.VIEWER).delete()
    response = client.get("/")
    assert "in no workspace yet" in response.content.decode()
    assert "viewer@harbour.example" in response.content.decode()


def test_home__two_workspaces__lets_choose(browse: Browse, workspace: Workspace) -> None:
    client = browse(Role.VIEWER)
    other = make_workspace("second")
    user = Membership.objects.get(workspace=workspace, role=Role.VIEWER).user
    Membership.objects.create(workspace=other, user=user, role=Role.OWNER, joined_at=workspace.created_at)
    page = client.get("/").content.decode()
    assert reverse("today", args=["harbour"]) in page
    assert reverse("today", args=["second"]) in page


@pytest.mark.parametrize("wanted", ["//elsewhere.example/", "elsewhere", "today"])
def test_action__next_that_is_no_page_of_ours__is_not_followed(
    browse: Browse, week: Week, wanted: str
) -> None:
    url = reverse("campaign_pause", args=["harbour", "brand-search"])
    response = browse(Role.MARKETER).post(url, {"next": wanted})
    assert response["Location"] == reverse("campaign", args=["harbour", "brand-search"])
