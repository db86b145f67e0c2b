"""A person at a browser: finds things by what they are called, and notes whatever the browser objects to."""

import re

from playwright.sync_api import Browser, Locator, Page, ViewportSize

from tests.journeys.site import PATIENCE

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

# The browser reports what the content policy has stopped as an event, and most of it on the console, too.
_TELL_OF_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
    console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


# What can be seen and does nothing by itself: a button that sends no form, a link that leads nowhere, a field
# of a form that nothing sends.
_DEAD = """() => {
    const sends = "button:not([type=button], [type=reset]), input:is([type=submit], [type=image])";
    const isDead = (one) => one.matches("a") ? !one.href
        : one.matches("[role=button], [contenteditable], [type=button]") || !one.form
            || ![...one.form.elements].some((other) => other.matches(sends));
    const controls = "a, button, input, select, textarea, [role=button], [contenteditable]";
    return [...document.querySelectorAll(controls)]
        .filter((one) => one.checkVisibility() && !one.disabled && isDead(one))
        .map((one) => one.outerHTML.slice(0, 160));
}"""


class Visitor:
    """One person in a browser of their own, which may have its scripts switched off."""

    def __init__(
        self, browser: Browser, address: str, *, screen: ViewportSize, has_script: bool = True
    ) -> None:
        self.objections: list[str] = []
        self.has_script = has_script
        self._address = address
        context = browser.new_context(
            viewport=screen, base_url=address, locale="en-US", java_script_enabled=has_script
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(_TELL_OF_VIOLATIONS)
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", error.message))
        self.page.on("request", lambda request: self._note_stranger(request.url))

    def _note(self, kind: str, words: str) -> None:
        if kind in {"error", "warning"}:
            self.objections.append(f"{self.page.url}: {words}")

    def _note_stranger(self, url: str) -> None:
        if not url.startswith((self._address, "data:")):
            self.objections.append(f"{self.page.url}: asks {url}")

    def open(self, path: str) -> None:
        self.page.goto(path)
        self._measure()

    def sign_in(self, email: str, password: str) -> None:
        self.open("/")
        self.write("E-mail address", email)
        self.write("Password", password)
        self.press("Sign in")

    def go_to(self, name: str) -> None:
        """Click where the menu names it: at the side of a desk's screen, at the foot of a phone's."""
        self._leave_by(self.page.locator(".qn-rail, .qn-tabbar").get_by_role("link", name=_starting(name)))

    def follow(self, name: str, *, within: Locator | None = None) -> None:
        """Click a link that leads to another page."""
        self._leave_by((within or self.page.locator("main")).get_by_role("link", name=_starting(name)).first)

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Click a button that sends a form."""
        self._leave_by((within or self.page.locator("main")).get_by_role("button", name=_starting(name)).last)

    def _leave_by(self, way: Locator) -> None:
        with self.page.expect_navigation():
            way.click()
        self._measure()

    def write(self, label: str, text: str) -> None:
        self._field(label).fill(text)

    def choose(self, label: str, value: str) -> None:
        self._field(label).select_option(value)

    def pick(self, question: str, value: str) -> None:
        """One of the answers that stand below each other."""
        self.page.get_by_role("group", name=question).locator(f'input[value="{value}"]').check()

    def unfold(self, name: str) -> None:
        """Open what stands behind a word."""
        self.page.locator("main summary").filter(has_text=name).click()

    def tick(self, label: str) -> None:
        self.page.get_by_label(_starting(label)).check()

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( optional)?$"))

    def row(self, *texts: str) -> Locator:
        """The row of a table in which all of it stands."""
        found = self.page.get_by_role("row")
        for text in texts:
            found = found.filter(has_text=text)
        return found

    def table(self, heading: str) -> list[list[str]]:
        """The table under that heading, row by row as it reads."""
        rows = self.page.get_by_role("region", name=heading).locator("tbody tr").all()
        return [[plain(cell) for cell in row.locator("th, td").all_inner_texts()] for row in rows]

    def reads(self) -> str:
        """What stands on the page."""
        return plain(self.page.locator("main").inner_text())

    def _measure(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.objections.append(f"{self.page.url}: {wide} pixels wider than the screen")
        if not self.has_script:
            self.objections += [f"{self.page.url}: dead: {one}" for one in self.page.evaluate(_DEAD)]


def _starting(name: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(name)}\b" if name[-1].isalnum() else rf"^{re.escape(name)}")


def plain(text: str) -> str:
    return " ".join(text.split())
