"""A long table on a phone begins with its first rows and shows the others when asked to, without script."""

from datetime import datetime, timedelta

from django.urls import reverse

from tests.factories import fill_reserve, make_campaign
from tests.pages.browsing import Look, opened, served
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace


def test_ledger__more_than_a_phone_shows__unfolds_by_the_keyboard(
    shared_db: None, chromium: str, browse: Browse, workspace: Workspace, now: datetime
) -> None:
    for days_ago in range(5):
        fill_reserve(workspace, "100.00", at=now - timedelta(days=days_ago))
    client, path = browse(Role.VIEWER), reverse("money", args=["harbour"])
    shown = "section[aria-labelledby=ledger] tbody:visible"
    with served() as address, opened(chromium, address, Look(390, "light"), as_whom=client) as page:
        page.goto(path)
        assert page.locator(shown).count() == 2
        way = page.locator("section[aria-labelledby=ledger] .qn-rest > summary")
        assert way.inner_text() == "Show all 5"
        way.press("Enter")
        assert page.locator(shown).count() == 5
        assert way.inner_text() == "Show fewer"
        way.press("Enter")
        assert page.locator(shown).count() == 2
        page.set_viewport_size(Look(1280, "light").screen)
        assert page.locator(shown).count() == 5
        assert not way.is_visible()


def test_accounts__more_than_a_phone_shows__begin_with_three(
    shared_db: None, chromium: str, browse: Browse, workspace: Workspace
) -> None:
    for number in range(5):
        make_campaign(workspace, f"quiz-{number}", budget="500.00")
    client, path = browse(Role.VIEWER), reverse("money", args=["harbour"])
    shown = "section[aria-labelledby=accounts] tbody tr:visible"
    with served() as address, opened(chromium, address, Look(390, "light"), as_whom=client) as page:
        page.goto(path)
        assert page.locator(shown).count() == 3
        page.get_by_text("Show all 5").click()
        assert page.locator(shown).count() == 5
