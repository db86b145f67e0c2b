"""A person without a mouse: comes to everything by keys, and notes each stop that cannot be seen."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page

# More stops than any page has: who has come past as many goes round in circles.
MOST_STOPS = 200

# Where the focus is: whether that is the goal, and what is wrong with how it shows. The stop before has to
# look different now that the focus has left it, and something of this one must lie open to the eye.
_STOP = """async (goal) => {
    const looks = (element) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
        const outline = outlineStyle === "none" ? [] : [outlineStyle, outlineWidth, outlineColor];
        return [...outline, boxShadow].join(" ");
    };
    const named = (element) => element.outerHTML.slice(0, 160);
    const isOpenAt = (element, x, y) => {
        const hit = document.elementFromPoint(x, y);
        return hit && (element.contains(hit) || element.labels?.length && hit.contains(element));
    };
    const isOpen = (element) => [...element.getClientRects()].some(({ left, top, width, height }) =>
        [0.1, 0.5, 0.9].some((along) => [0.2, 0.5, 0.8].some((down) =>
            isOpenAt(element, left + width * along, top + height * down))));
    const here = document.activeElement;
    const before = window.lastStop;
    const wrong = [];
    if (before?.element.isConnected && before.element !== here && looks(before.element) === before.looks)
        wrong.push(`looks the same with and without the focus: ${named(before.element)}`);
    const isSomewhere = here && here !== document.body;
    // The page may scroll there in the frames that follow.
    for (let frame = 0; isSomewhere && !isOpen(here) && frame < 30; frame += 1)
        await new Promise(requestAnimationFrame);
    if (isSomewhere && !isOpen(here)) wrong.push(`is covered or out of sight: ${named(here)}`);
    window.lastStop = isSomewhere ? { element: here, looks: looks(here) } : null;
    return { isThere: here === goal, where: here ? named(here) : "", wrong };
}"""


class Typist:
    """What they do on a page, how many keys it took, and what was wrong on the way."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0
        self.wrong: list[str] = []

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.presses += 1

    def reach(self, goal: Locator, *, key: str = "Tab") -> None:
        """Go on from stop to stop until the focus is there."""
        element = goal.element_handle()
        was = ""
        for _ in range(MOST_STOPS):
            stop = self.page.evaluate(_STOP, element)
            self.wrong += [f"{self.page.url}: {fault}" for fault in stop["wrong"]]
            if stop["isThere"]:
                return
            was = stop["where"]
            self.press(key)
        pytest.fail(f"No key leads to {goal} on {self.page.url}; the last stop was {was}")

    @contextmanager
    def leaving(self) -> Generator[None]:
        with self.page.expect_navigation():
            yield

    def skip(self, name: str = "Skip to content") -> None:
        """Past everything that stands on every page."""
        self.reach(self.page.get_by_role("link", name=name))
        self.press("Enter")

    def follow(self, name: str, *, within: str = "main") -> None:
        """A link: the nearest of that name behind where the focus is."""
        self._leave_by(self.page.locator(within).get_by_role("link", name=name).first)

    def send(self, name: str, *, within: str = "main") -> None:
        """A button that sends a form."""
        self._leave_by(self.page.locator(within).get_by_role("button", name=name).last)

    def _leave_by(self, way: Locator) -> None:
        self.reach(way)
        with self.leaving():
            self.press("Enter")

    def write(self, field: str, text: str) -> None:
        place = self.page.locator(f"#id_{field}")
        self.reach(place)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        assert place.input_value() == text

    def choose(self, field: str, option: str) -> None:
        """An entry of a list, by typing how it begins."""
        place = self.page.locator(f"#id_{field}")
        self.reach(place)
        self.page.keyboard.type(option)
        chosen = place.evaluate("(list) => list.selectedOptions[0].text")
        assert chosen.startswith(option), chosen

    def pick(self, field: str, value: str) -> None:
        """One of several answers: Tab comes to the one that is chosen, arrows choose another."""
        answers = self.page.locator(f'[name="{field}"]')
        self.reach(self.page.locator(f'[name="{field}"]:checked'))
        for _ in range(answers.count()):
            if self.page.locator(f'[name="{field}"][value="{value}"]').is_checked():
                return
            self.press("ArrowDown")
        pytest.fail(f"The arrows do not come to {value} of {field}.")

    def unfold(self, name: str) -> None:
        """What stands behind a word that opens it."""
        self.reach(self.page.locator("main summary", has_text=name))
        self.press("Enter")

    def tick(self, field: str) -> None:
        place = self.page.locator(f"#id_{field}")
        self.reach(place)
        self.press("Space")
        assert place.is_checked()

    def says(self) -> str:
        return " ".join(self.page.locator("main").inner_text().split())
