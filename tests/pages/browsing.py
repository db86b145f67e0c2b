"""A real browser that opens page after page and notes what is wrong with each."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Page, ViewportSize, sync_playwright

Scheme = Literal["light", "dark"]

# WCAG 2.2 A and AA, and what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what a test reads is brought back: all that axe has looked at is a hundred times as much.
AXE = """(options) => axe.run(options).then(({ violations }) => violations.map(({ id, help, nodes }) =>
    `${id}, ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join("; ")}`))"""
# A busy machine may take its time for a page.
PATIENCE_MS = 60_000
# By how much the page is wider than the screen, so that it must scroll sideways, and what reaches that far.
OVERFLOW = """() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const reaches = (one) => {
        const { left, right } = one.getBoundingClientRect();
        return Math.abs(Math.max(right, left + one.scrollWidth) - scrollWidth) < 1.5;
    };
    const widest = scrollWidth > clientWidth ? [...document.querySelectorAll("body *")].filter(reaches) : [];
    return [scrollWidth - clientWidth, widest.at(-1)?.outerHTML.slice(0, 200) ?? ""];
}"""
# What is folded away has to fit and be readable, too.
UNFOLD = "for (const folded of document.querySelectorAll('details')) folded.open = true"

# What sends the form of a page.
SENDS = "main form[method=post] button.btn-primary"
# Everything that is typed is taken away, and the form is sent all the same.
EMPTY_THE_FORM = """(sends) => {
    const button = [...document.querySelectorAll(sends)].at(-1);
    const { form } = button;
    const typed = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), textarea";
    for (const field of form.querySelectorAll(typed)) field.value = "";
    form.noValidate = true;
    form.requestSubmit(button);
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks with."""

    width: int
    scheme: Scheme

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"

    @property
    def screen(self) -> ViewportSize:
        return {"width": self.width, "height": 900}


# A theme is a matter of colours and a width of places, so two looks see all four of them.
LOOKS = [Look(1280, "light"), Look(390, "dark")]


@contextmanager
def served() -> Generator[str]:
    """The site on a port of its own, in a thread; the address of its root."""
    server = LiveServerThread("127.0.0.1", static_handler=StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    try:
        yield f"http://{server.host}:{server.port}"
    finally:
        server.terminate()


@contextmanager
def opened(
    chromium: str, address: str, look: Look, *, as_whom: Client, locale: str = "en-US"
) -> Generator[Page]:
    """A page of a browser in which that person has signed in.

    Until it is closed again this thread belongs to the browser: it can ask no database.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=address,
            viewport=look.screen,
            color_scheme=look.scheme,
            reduced_motion="reduce",
            locale=locale,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(
            [
                {"name": name, "value": cookie.value, "url": address}
                for name, cookie in as_whom.cookies.items()
            ]
        )
        yield context.new_page()
        browser.close()


def takes_a_form(page: Page) -> bool:
    """Whether who is signed in may do what the page is about; others only read there."""
    return page.locator(SENDS).count() > 0


def send_empty(page: Page) -> None:
    """Send the page's form without anything that it asks for, and wait for its refusal."""
    with page.expect_navigation():
        page.evaluate(EMPTY_THE_FORM, SENDS)


def said_on(page: Page) -> list[str]:
    """What the browser objects to on its console, as it comes."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(error.message))
    return said


def objections(page: Page) -> list[str]:
    """What is wrong with the page that is open: what axe finds, and whether it is too wide."""
    page.evaluate(UNFOLD)
    page.evaluate(Axe().axe_script)
    overflow, widest = page.evaluate(OVERFLOW)
    too_wide = [f"it is {overflow} px too wide: {widest}"] if overflow > 0 else []
    found: list[str] = page.evaluate(AXE, {"runOnly": RULES, "resultTypes": ["violations"]})
    return found + too_wide


def faults(
    page: Page,
    paths: Iterable[str],
    *,
    language: str = "en",
    sees_colours: bool = True,
    then: Callable[[Page], object] = lambda _page: None,
) -> list[str]:
    """Open each and say what is wrong: the answer, its language, the console, and at every look the width
    and what axe finds.

    A page is opened once for all looks: it has to stand a turned phone or a narrower window anyway. Where
    colours do not matter axe looks once, at the last look. ``then``: what is done once it stands.
    """
    found: list[str] = []
    said = said_on(page)
    page.add_init_script(Axe().axe_script)
    options: dict[str, Any] = {"runOnly": RULES, "resultTypes": ["violations"]}
    if not sees_colours:
        options["rules"] = {"color-contrast": {"enabled": False}}
    for path in paths:
        said.clear()
        answer = page.goto(path)
        wrong = [] if answer is not None and answer.status < 400 else ["it is not answered"]
        spoken = page.evaluate("document.documentElement.lang")
        if spoken != language:
            wrong.append(f"it says that it speaks {spoken!r}")
        then(page)
        page.evaluate(UNFOLD)
        for look in LOOKS:
            page.set_viewport_size(look.screen)
            page.emulate_media(color_scheme=look.scheme)
            overflow, widest = page.evaluate(OVERFLOW)
            if overflow > 0:
                wrong.append(f"it is {overflow} px too wide at {look}: {widest}")
            if sees_colours or look == LOOKS[-1]:
                wrong += [f"{violation} at {look}" for violation in page.evaluate(AXE, options)]
        # A form that is refused is answered so, which the browser notes like a fault.
        wrong += [word for word in said if "status of 422" not in word]
        found += [f"{path}: {fault}" for fault in wrong]
    return found
