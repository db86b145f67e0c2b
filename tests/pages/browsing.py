"""A real browser that opens page after page and notes what is wrong with each."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Page, sync_playwright

Scheme = Literal["light", "dark"]

# WCAG 2.2 A and AA, and what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"runOnly": RULES, "resultTypes": ["violations"]}
# A busy machine may take its time for a page.
PATIENCE_MS = 60_000
# Wider than the screen: what must scroll sideways.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What is folded away has to fit and be readable, too.
UNFOLD = "for (const folded of document.querySelectorAll('details')) folded.open = true"


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks with."""

    width: int
    scheme: Scheme


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
def opened(chromium: str, address: str, look: Look, *, as_whom: Client) -> Generator[Page]:
    """A page of a browser in which that person has signed in.

    Until it is closed again this thread belongs to the browser: it can ask no database.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=address,
            viewport={"width": look.width, "height": 900},
            color_scheme=look.scheme,
            reduced_motion="reduce",
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


def faults(page: Page, paths: Iterable[str]) -> list[str]:
    """Open each and say what is wrong: the answer, the console, the width, what axe finds."""
    found: list[str] = []
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(error.message))
    axe = Axe()
    for path in paths:
        said.clear()
        answer = page.goto(path)
        wrong = [] if answer is not None and answer.status < 400 else ["it is not answered"]
        page.evaluate(UNFOLD)
        overflow = page.evaluate(OVERFLOW)
        if overflow > 0:
            wrong.append(f"it is {overflow} px too wide")
        for violation in axe.run(page, options=AXE).response["violations"]:
            where = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
            wrong.append(f"{violation['id']}, {violation['help']}: {where}")
        wrong += said
        found += [f"{path}: {fault}" for fault in wrong]
    return found
