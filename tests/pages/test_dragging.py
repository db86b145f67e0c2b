"""Dragging between the backlog and a sprint, in a real browser: it presses the button that stands there."""

from datetime import datetime

from django.urls import reverse

from experiments.services.hypotheses import create_hypothesis
from tests.factories import hypothesis_values, make_sprint
from tests.pages.browsing import Look, opened, served
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.permissions import Actor


def test_hypothesis__dragged_onto_the_sprint_and_back__is_committed_and_released(
    shared_db: None, chromium: str, browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    for title in ("Quotes", "Prices"):
        create_hypothesis(values=hypothesis_values(title=title, owner=mia.user), by=mia, at=now)
    path = reverse("sprint", args=["harbour", make_sprint(mia, at=now).number])
    look, marketer = Look(1280, "light"), browse(Role.MARKETER)
    with served() as address, opened(chromium, address, look, as_whom=marketer) as page:
        page.goto(path)
        page.drag_and_drop(".qn-picks li:first-child .qn-quiet", "#room")
        page.wait_for_selector("article.qn-hyp")
        assert "Committed to" in page.inner_text(".qn-messages")
        assert page.locator(".qn-picks li").count() == 1
        page.drag_and_drop("article.qn-hyp .qn-spread", ".qn-picks")
        page.wait_for_selector("article.qn-hyp", state="detached")
        assert "it is in the backlog again" in page.inner_text(".qn-messages")
