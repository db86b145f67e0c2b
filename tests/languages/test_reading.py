"""What Quickno says is in its reader's language; what programs read and what is kept for ever is not."""

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.translation import get_language, override
from rest_framework.test import APIClient

from experiments.models import Campaign
from notices.services import plan_notices, send_letters
from sprints.services.reallocations import create_reallocation
from tests.conftest import ROOT
from tests.factories import fill_reserve, hypothesis_values, make_running_sprint, make_workspace
from tests.pages.conftest import Browse, Week
from tests.pages.test_every_page import READABLE, WRITABLE
from tests.people.conftest import breach
from workspaces.choices import Role
from workspaces.models import Event, Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import publish_events

Team = dict[Role, Actor]

PAGES = [
    ("today",),
    ("backlog",),
    ("sprints",),
    ("sprint", 1),
    ("sprint_review", 1),
    ("money",),
    ("learnings",),
    ("graveyard",),
    ("notices",),
    *READABLE,
]


class Said(HTMLParser):
    """The language of a page, and the pieces of text between its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language: str | None = None
        self.texts: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang")
        for name in ("aria-label", "data-label", "title", "alt"):
            if given.get(name):
                self.texts.add(str(given[name]))

    def handle_data(self, data: str) -> None:
        self.texts.add(" ".join(data.split()))


def english_texts() -> set[str]:
    """What is said otherwise in German, as far as it is a text of its own."""
    texts = set()
    for path in ROOT.glob("**/locale/de/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            texts |= {
                message.id
                for message in read_po(file, locale="de")
                if isinstance(message.id, str)
                and message.id not in {"", message.string}
                and "<" not in message.id
            }
    return {text for text in texts if not re.search(r"[{%]", text)}


def choose(actor: Actor, language: str) -> None:
    User.objects.filter(pk=actor.person.pk).update(language=language)


@pytest.mark.parametrize("role", [Role.MARKETER, Role.OWNER])
def test_page__german_chosen__says_nothing_in_english(
    browse: Browse, team: Team, week: Week, role: Role
) -> None:
    choose(team[role], "de")
    client, english = browse(role), english_texts()
    forms = [where for needed, *where in WRITABLE if needed == role]
    for name, *args in (*PAGES, *forms):
        page = Said(client.get(reverse(str(name), args=["harbour", *args])).content.decode())
        assert page.language == "de", name
        # What was written stays so: the one arm of an imported campaign, and what a form gives as an example.
        assert page.texts & english - {"All", *hypothesis_values().values()} == set(), name


def test_feed__rule_that_was_written_in_english__is_told_in_german(
    browse: Browse, team: Team, week: Week
) -> None:
    english = browse(Role.VIEWER).get(reverse("activity", args=["harbour"])).content.decode()
    assert "Pause the campaign when the CTR is probably below 0.5%" in english
    choose(team[Role.VIEWER], "de")
    german = browse(Role.VIEWER).get(reverse("activity", args=["harbour"])).content.decode()
    assert "Pause the campaign" not in german
    assert "0,5\u00a0%" in german


def test_account__language_chosen__holds_for_every_page_until_it_is_given_back(
    browse: Browse, week: Week
) -> None:
    client = browse(Role.MARKETER)
    client.post(reverse("account_language"), {"language": "de"})
    assert "Ihr Konto" in client.get(reverse("account")).content.decode()
    today = client.get(reverse("today", args=["harbour"]), headers={"Accept-Language": "en"})
    assert '<html lang="de"' in today.content.decode()
    client.post(reverse("account_language"), {"language": ""})
    today = client.get(reverse("today", args=["harbour"]), headers={"Accept-Language": "en"})
    assert '<html lang="en"' in today.content.decode()


def test_account__language_that_nobody_speaks_here__is_left_to_the_browser(
    browse: Browse, team: Team
) -> None:
    client = browse(Role.MARKETER)
    client.post(reverse("account_language"), {"language": "tlh"})
    assert User.objects.get(pk=team[Role.MARKETER].person.pk).language == ""


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr,en;q=0.5", "en"), ("fr", "en"), ("", "en")]
)
def test_page__nobody_signed_in__speaks_what_the_browser_asks_for(db: None, asked: str, spoken: str) -> None:
    answer = Client().get(reverse("account_login"), headers={"Accept-Language": asked})
    assert Said(answer.content.decode()).language == spoken
    assert answer["Content-Language"] == spoken
    assert "Accept-Language" in answer["Vary"]
    assert get_language() == "en"


def test_page__not_found_or_refused__says_so_in_german(browse: Browse, team: Team) -> None:
    choose(team[Role.VIEWER], "de")
    client = browse(Role.VIEWER)
    assert "Diese Seite gibt es hier nicht." in client.get("/w/elsewhere/").content.decode()
    refused = client.post(reverse("settings_keys", args=["harbour"]), {})
    assert refused.status_code == 403
    assert "mindestens die Rolle Marketer" in refused.content.decode()


def test_rest__german_person_and_browser__is_answered_in_english(team: Team) -> None:
    choose(team[Role.MARKETER], "de")
    client = APIClient(headers={"Accept-Language": "de"})
    client.force_login(
        team[Role.MARKETER].person, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = client.get("/api/v1/campaigns/?nonsense=1")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("There is no parameter “nonsense” here.")
    assert answer["Content-Language"] == "en"
    refused = client.post("/api/v1/hypotheses/", {})
    assert refused.status_code == 422
    assert "This field is required." in refused.json()["detail"]


def test_letters__two_readers__each_have_their_own_language(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    choose(team[Role.MARKETER], "de")
    make_running_sprint(team[Role.MARKETER], "founder-video", at=now)
    breach(workspace, now)
    publish_events(workspace.pk)
    plan_notices(at=now)
    send_letters(at=now)
    letters = {letter.to[0]: letter for letter in mail.outbox}
    german = letters[team[Role.MARKETER].person.email]
    assert german.subject == "[Quickno] Founder video hat die Regel verletzt."
    assert "Diese Benachrichtigungen abbestellen" in str(german.body)
    assert '<html lang="de">' in str(german.alternatives[0][0])  # type: ignore[attr-defined]
    english = letters[team[Role.OWNER].person.email]
    assert english.subject == "[Quickno] Founder video breached its rule."
    assert "Stop these notices" in str(english.body)


def sentences(data: object) -> list[str]:
    """The texts of several words in what an event carries."""
    match data:
        case dict():
            return [text for value in data.values() for text in sentences(value)]
        case list():
            return [text for value in data for text in sentences(value)]
        case str() if " " in data:
            return [data]
    return []


def kept(language: str, *, at: datetime) -> list[str]:
    """What a launch and a plan leave behind for ever, made by somebody who reads that language."""
    workspace = make_workspace(f"reads-{language}", timezone="UTC")
    owner = Actor.of_member(Membership.objects.select_related("user", "workspace").get(workspace=workspace))
    with override(language):
        make_running_sprint(owner, "founder-video", at=at)
        fill_reserve(workspace, "5000")
        plan = create_reallocation(
            lines=[{"from": "reserve", "to": "founder-video", "amount": "1234.50"}], by=owner, at=at
        )
    digest = Campaign.objects.get(workspace=workspace).criteria_digest
    events = Event.objects.of(workspace).order_by("id")
    return [digest, *sentences(plan.evidence), *sentences([event.data for event in events])]


def test_what_is_kept__whoever_looked__is_the_same(db: None, at: datetime) -> None:
    german, english = kept("de", at=at), kept("en", at=at)
    assert len(english) > 1
    assert german == english
