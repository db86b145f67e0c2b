"""Every page in a real browser: nothing that axe objects to, nothing on the console, nothing too wide."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from experiments.services.exports import Said, Spelled, cancel_file, confirm_file, record_file
from experiments.services.exports.names import remember_names
from experiments.services.hypotheses import create_hypothesis
from notices.choices import NoticeKind
from notices.services import add_channel
from notices.services.wishes import EVENTS, stop_token
from sprints.services.reallocations import create_reallocation
from tests.factories import (
    fill_reserve,
    give_file,
    hypothesis_values,
    make_draft,
    make_member,
    make_sprint,
    make_workspace,
)
from tests.pages.addresses import LOST, Subjects, doors, empty_pages, every_page, refused_forms
from tests.pages.browsing import LOOKS, Look, faults, objections, opened, send_empty, served
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services import invite

# The walk is long, so that several processes share it.
PARTS = 3

# The pages that everybody comes to, and the longest forms.
MAIN = {
    "today",
    "backlog",
    "hypothesis",
    "hypothesis_new",
    "sprint",
    "sprint_new",
    "sprint_review",
    "decide",
    "campaigns",
    "campaign",
    "campaign_new",
    "import_numbers",
    "import_file",
    "zombies",
    "graveyard",
    "money",
    "plan",
    "learnings",
    "activity",
    "settings",
    "settings_policy",
    "notices",
    "help",
    "account",
}


@dataclass(frozen=True, slots=True)
class Scenery:
    """What there is to look at: the pages of the workspace, and two that letters lead to."""

    subjects: Subjects
    by_letter: tuple[str, ...]
    invitation: str


def given_files(mia: Actor, now: datetime) -> list[int]:
    """A file in each of the states that look different, and a name that is remembered."""
    day = mia.workspace.local_day(now) - timedelta(days=1)
    head = "Campaign name,Ad set name,Ad name,Day,Link clicks,Amount spent (USD)\n"
    long = "Donaudampfschifffahrtsgesellschaftskapitäne_prospecting_de_de_2026_11 " * 3
    asks = f"{head},,,{day},9,9\n" + "".join(
        f"{campaign},{part} {long},{part},{day},{number},{number}00.50\n"
        for number, campaign in enumerate(("Founder video", long, "Brand search"), start=1)
        for part in ("Cold", "Warm")
    )
    one = f"day,clicks,spend\n{day},801,1140.00\n{day - timedelta(days=9)},1,2.00\n"
    asked: dict[str, Any] = {"campaign": "founder-video/a", "source": "meta"}
    states = {
        "asks": give_file(asks, by=mia, at=now),
        "ready": give_file(one, by=mia, at=now, **asked),
        "waits": give_file(one, by=mia, at=now, is_read=False, **asked),
        "failed": give_file("a picture", by=mia, at=now),
        "cancelled": give_file(one, by=mia, at=now, **asked),
        "done": give_file(one, by=mia, at=now, **asked),
    }
    cancel_file(states["cancelled"].pk, by=mia, at=now)
    confirm_file(states["done"].pk, reading=1, by=mia, at=now)
    record_file(states["done"].pk, clock=lambda: now)
    remember_names("meta", [Said(Spelled("", long), "founder-video")], by=mia, at=now)
    return [file.pk for file in states.values()]


@pytest.fixture
def scenery(
    shared_db: None, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> Scenery:
    mia = team[Role.MARKETER]
    hypothesis = create_hypothesis(
        values=hypothesis_values(title="Donaudampfschifffahrtsgesellschaftskapitäne " * 2, owner=mia.user),
        by=mia,
        at=now,
    )
    make_draft(mia, hypothesis, "captains", at=now)
    sprint = make_sprint(mia, hypothesis, at=now + timedelta(days=2))
    fill_reserve(workspace, "4000")
    line = {"from": "reserve", "to": week.paused.key, "amount": "250.00"}
    plan = create_reallocation(lines=[line], by=mia, at=now)
    channel = add_channel(
        name="#growth",
        url="slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        kinds=list(NoticeKind),
        has_digest=True,
        by=team[Role.MANAGER],
        at=now,
    )
    invitation = invite(email="nora@harbour.example", role=Role.MARKETER, by=team[Role.OWNER], at=now)
    make_member(make_workspace("oslo"), Role.VIEWER, email="owner@harbour.example")
    letter_to = Membership.objects.get(workspace=workspace, role=Role.OWNER)
    # So that there is something to ask at "Is it you?".
    letter_to.user.set_password("a password of Olga's own")
    letter_to.user.save()
    team[Role.OWNER].person.refresh_from_db()
    subjects = Subjects(
        paused=week.paused.key,
        killed=week.killed.key,
        unplanned=week.unplanned.key,
        draft=week.draft.key,
        backlog=week.backlog.pk,
        asked=week.paused.hypothesis_id or 0,
        about=week.killed.hypothesis_id or 0,
        zombie=week.zombie.pk,
        breached=week.breached.pk,
        arm="b",
        running=1,
        ready=sprint.number,
        plan=plan.pk,
        channel=channel.pk,
        member=Membership.objects.get(workspace=workspace, role=Role.VIEWER).pk,
        files=tuple(given_files(mia, now)),
    )
    letters = (
        reverse("join", args=[invitation.token(by_letter=True)]),
        reverse("notices_stop", args=[stop_token(letter_to, EVENTS)]),
    )
    return Scenery(subjects, letters, invitation.token(by_letter=True))


@pytest.mark.parametrize("part", range(PARTS))
def test_page__real_browser__has_nothing_to_object_to(
    scenery: Scenery, chromium: str, browse: Browse, part: int
) -> None:
    pages = [page.path("harbour") for page in every_page(scenery.subjects)]
    paths = [*pages, *scenery.by_letter][part::PARTS]
    owner = browse(Role.OWNER)
    with served() as address, opened(chromium, address, LOOKS[0], as_whom=owner) as page:
        assert faults(page, paths) == []


def test_page__in_german__says_so_and_has_nothing_to_object_to_either(
    scenery: Scenery, chromium: str, browse: Browse
) -> None:
    paths = [page.path("harbour") for page in every_page(scenery.subjects) if page.name in MAIN]
    owner = browse(Role.OWNER)
    with (
        served() as address,
        opened(chromium, address, LOOKS[0], as_whom=owner, locale="de-DE") as page,
    ):
        # Its words are other ones, its colours are the same.
        assert faults(page, paths, language="de", sees_colours=False) == []


def test_page__nothing_there_yet__has_nothing_to_object_to(
    shared_db: None, team: dict[Role, Actor], chromium: str, browse: Browse
) -> None:
    paths = [page.path("harbour") for page in empty_pages()]
    owner = browse(Role.OWNER)
    with served() as address, opened(chromium, address, LOOKS[0], as_whom=owner) as page:
        assert faults(page, paths) == []


def test_form__sent_without_what_it_asks_for__has_nothing_to_object_to(
    scenery: Scenery, chromium: str, browse: Browse
) -> None:
    paths = [page.path("harbour") for page in refused_forms(scenery.subjects)]
    owner = browse(Role.OWNER)

    def refused(page: Page) -> None:
        asked = page.url
        send_empty(page)
        assert page.url == asked, "it asked for nothing"

    with served() as address, opened(chromium, address, LOOKS[0], as_whom=owner) as page:
        assert faults(page, paths, then=refused) == []


def test_door__stranger__has_nothing_to_object_to(scenery: Scenery, chromium: str) -> None:
    paths = [page.path("harbour") for page in doors(scenery.invitation)]
    with served() as address, opened(chromium, address, LOOKS[0], as_whom=Client()) as page:
        assert faults(page, paths) == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_page__that_is_not_there__has_nothing_to_object_to(
    scenery: Scenery, chromium: str, browse: Browse, look: Look
) -> None:
    paths = [page.path("harbour") for page in LOST]
    owner = browse(Role.OWNER)
    with served() as address, opened(chromium, address, look, as_whom=owner) as page:
        for path in paths:
            page.goto(path)
            assert objections(page) == []
