"""A sprint is planned and a plan is approved by nothing but keys, and one always sees where one is."""

from datetime import datetime

import pytest

from experiments.models import Campaign
from sprints.services.reallocations import create_reallocation
from tests.factories import fill_reserve
from tests.pages.browsing import LOOKS, Look, opened, served
from tests.pages.conftest import Browse, Week
from tests.pages.keyboard import Typist
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

TITLE = "Prices on the first page"
# From Today, past what every page has, to the third decision; on its plan, past the evidence to the button.
FEW = 20


def go_to(typist: Typist, name: str) -> None:
    """Where the menu names it: the first thing on a desk's page, the last on a phone's."""
    on_desk = typist.page.locator(".qn-rail").is_visible()
    if on_desk:
        typist.follow(name, within=".qn-rail nav")
        return
    named = typist.page.locator(".qn-tabbar").get_by_role("link", name=name)
    typist.reach(named if named.count() else typist.page.locator(".qn-tabbar a").last, key="Shift+Tab")
    with typist.leaving():
        typist.press("Enter")
    if not named.count():
        typist.skip()
        typist.follow(name)


def plan_a_sprint(typist: Typist) -> None:
    go_to(typist, "Backlog")
    typist.skip()
    typist.follow("Write a hypothesis")
    typist.skip()
    typist.write("change", "prices on the first page")
    typist.write("audience", "visitors from search")
    typist.write("expected_effect", "raise the conversion rate")
    typist.write("because", "they ask for prices first")
    typist.write("title", TITLE)
    typist.choose("owner", "marketer")
    typist.choose("kind", "landing page")
    typist.choose("buyer_stage", "intent")
    typist.choose("driver", "convenience")
    typist.choose("primary_metric", "cost per conversion")
    typist.write("target", "40")
    typist.send("Save the hypothesis")
    assert TITLE in typist.says()

    go_to(typist, "Sprint")
    typist.skip()
    typist.follow("Plan a sprint")
    typist.skip()
    typist.write("name", "Say it at once")
    typist.write("goal", "More demos")
    typist.write("starts_on", "today")
    typist.write("ends_on", "in 4 days")
    typist.send("Plan the sprint")
    typist.skip()
    typist.send(f"Commit {TITLE}")
    typist.skip()
    typist.follow("Plan its campaign")


def draft_its_campaign(typist: Typist) -> None:
    typist.skip()
    typist.write("name", "Prices")
    typist.choose("channel", "Google")
    typist.write("budget", "1000")
    typist.unfold("What it takes, and its key")
    typist.write("key", "prices")
    for arm, name in enumerate(("Without", "With")):
        typist.write(f"arm-{arm}-name", name)
        typist.write(f"arm-{arm}-planned_share", "50%")
    typist.unfold("Keys of the arms")
    for arm, name in enumerate(("Without", "With")):
        typist.write(f"arm-{arm}-key", name.lower())
    typist.choose("criterion-0-action", "Pause")
    typist.choose("criterion-0-metric", "conversion rate")
    typist.choose("criterion-0-comparator", "below")
    typist.write("criterion-0-threshold", "2%")
    typist.write("criterion-0-guard_0", "300")
    typist.choose("criterion-0-guard_0_of", "spend")
    typist.unfold("What counts as sure?")
    typist.pick("criterion-0-evidence", "observed")
    typist.send("Save the draft")
    assert "Ready. Nothing is missing, and nothing is spent yet." in typist.says()


def start(typist: Typist) -> None:
    go_to(typist, "Sprint")
    typist.skip()
    typist.follow("Sprint 2")
    typist.skip()
    typist.follow("Start the sprint")
    typist.skip()
    typist.send("Start Sprint 2")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_sprint__by_keys_alone__is_planned_drafted_and_started(
    shared_db: None, chromium: str, browse: Browse, week: Week, workspace: Workspace, look: Look
) -> None:
    fill_reserve(workspace, "4000")
    marketer = browse(Role.MARKETER)
    with served() as address, opened(chromium, address, look, as_whom=marketer) as page:
        page.goto("/w/harbour/")
        typist = Typist(page)
        plan_a_sprint(typist)
        draft_its_campaign(typist)
        start(typist)
        assert typist.wrong == []
    assert Campaign.objects.get(key="prices").status == "live"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_plan__by_keys_alone__is_approved_in_few_of_them(
    shared_db: None,
    chromium: str,
    browse: Browse,
    week: Week,
    workspace: Workspace,
    team: dict[Role, Actor],
    now: datetime,
    look: Look,
) -> None:
    fill_reserve(workspace, "4000")
    line = {"from": "reserve", "to": week.paused.key, "amount": "250.00"}
    plan = create_reallocation(lines=[line], by=team[Role.MARKETER], at=now)
    manager = browse(Role.MANAGER)
    with served() as address, opened(chromium, address, look, as_whom=manager) as page:
        page.goto("/w/harbour/")
        typist = Typist(page)
        typist.skip()
        typist.follow("Review the plan")
        typist.skip("Skip to the decision")
        typist.send("Approve, move $250.00")
        assert typist.wrong == []
        assert typist.presses <= FEW
    plan.refresh_from_db()
    assert plan.state == "approved"
