"""Nothing jumps while a page loads, however late its fonts come, and nothing is said on the console."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.pages.browsing import LOOKS, Look, opened, said_on, served
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role

# What a person would hardly notice; 0.1 is what is commonly called good.
STEADY = 0.02

_COLLECT = """
window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((shift) => ({
    much: shift.value,
    what: shift.sources.map((source) => source.node?.outerHTML?.slice(0, 120) ?? source.node?.textContent),
})))).observe({ type: "layout-shift", buffered: true });
"""
_PAINTED = """() => new Promise((painted) => new PerformanceObserver((list) => {
    if (list.getEntriesByName("first-contentful-paint").length) painted();
}).observe({ type: "paint", buffered: true }))"""
_SETTLED = """async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    return window.shifts;
}"""

PATHS = [
    "",
    "backlog/",
    "sprints/1/",
    "sprints/1/review/",
    "campaigns/",
    "campaigns/founder-video/",
    "campaigns/new/",
    "zombies/",
    "graveyard/",
    "money/",
    "learnings/",
    "activity/",
    "settings/",
]


class LateFonts:
    """Keeps the fonts of a page until it is told to give them."""

    def __init__(self, page: Page) -> None:
        self._held: list[Route] = []
        self._is_late = True
        page.route("**/*.woff2", self._take)

    def _take(self, route: Route) -> None:
        if self._is_late:
            self._held.append(route)
        else:
            route.continue_()

    def hold(self) -> None:
        self._is_late = True

    def give(self) -> None:
        self._is_late = False
        while self._held:
            self._held.pop().continue_()


def shifts(page: Page, path: str, fonts: LateFonts) -> list[dict[str, Any]]:
    """What has moved on that page after it was first painted; the fonts arrive after that."""
    fonts.hold()
    page.goto(path, wait_until="domcontentloaded")
    page.evaluate(_PAINTED)
    fonts.give()
    page.wait_for_load_state()
    found: list[dict[str, Any]] = page.evaluate(_SETTLED)
    return found


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_page__fonts_come_late__moves_nothing_and_says_nothing(
    shared_db: None, chromium: str, browse: Browse, week: Week, look: Look
) -> None:
    marketer = browse(Role.MARKETER)
    wrong = []
    with served() as address, opened(chromium, address, look, as_whom=marketer) as page:
        said = said_on(page)
        fonts = LateFonts(page)
        page.add_init_script(_COLLECT)
        for path in PATHS:
            found = shifts(page, f"/w/harbour/{path}", fonts)
            if (much := sum(shift["much"] for shift in found)) > STEADY:
                wrong.append(f"/{path} shifts by {much:.3f}: {found}")
        wrong += said
    assert wrong == []
