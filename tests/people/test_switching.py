"""Several workspaces: each page leads to the others, by keyboard and on a phone, and to no foreign one."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_member, make_workspace
from tests.pages.browsing import Look, opened, served
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace


@pytest.fixture
def several(browse: Browse, workspace: Workspace) -> Client:
    for slug in ("oslo", "bergen"):
        make_member(make_workspace(slug), Role.VIEWER, email="manager@harbour.example")
    make_workspace("foreign")
    return browse(Role.MANAGER)


@pytest.mark.parametrize("page", ["settings", "more"])
def test_page__of_somebody_with_several__offers_the_others_in_their_order(several: Client, page: str) -> None:
    html = several.get(reverse(page, args=["harbour"])).content.decode()
    bergen, oslo = (html.index(f'href="{reverse("today", args=[slug])}"') for slug in ("bergen", "oslo"))
    assert bergen < oslo
    assert "foreign" not in html.lower()


def test_page__of_somebody_with_one__offers_nothing_to_switch(browse: Browse, workspace: Workspace) -> None:
    html = browse(Role.VIEWER).get(reverse("more", args=["harbour"])).content.decode()
    assert "qn-switch" not in html


@pytest.mark.parametrize("page", ["today", "settings", "notices", "settings_channels", "more"])
def test_page__of_a_foreign_workspace__does_not_exist(several: Client, page: str) -> None:
    assert several.get(reverse(page, args=["foreign"])).status_code == 404


def test_switcher__by_keyboard_and_by_thumb__leads_to_another_workspace(
    shared_db: None, chromium: str, several: Client, now: datetime
) -> None:
    with served() as address:
        with opened(chromium, address, Look(1280, "light"), as_whom=several) as page:
            page.goto("/w/harbour/settings/")
            page.locator(".qn-switch > summary").focus()
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            page.wait_for_url("**/w/bergen/")
        with opened(chromium, address, Look(390, "dark"), as_whom=several) as page:
            page.goto("/w/harbour/settings/")
            page.locator(".qn-tabbar").get_by_role("link", name="More").click()
            page.get_by_role("main").get_by_role("link", name="Oslo").click()
            page.wait_for_url("**/w/oslo/")
