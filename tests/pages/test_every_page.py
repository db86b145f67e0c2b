"""What holds for every page, whoever looks: it answers, it obeys the content policy, it has one heading."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages.conftest import Browse, Week
from workspaces.choices import Role

READABLE = [
    ("more",),
    ("activity",),
    ("settings",),
    ("settings_policy",),
    ("settings_sources",),
    ("settings_keys",),
    ("settings_learnt",),
    ("settings_channels",),
    ("settings_templates",),
    ("campaigns",),
    ("campaign", "founder-video"),
    ("campaign", "office-skits"),
    ("campaign", "brand-search"),
    ("campaign", "inbox-quote"),
    ("zombies",),
]
WRITABLE = [
    (Role.MARKETER, "hypothesis_new"),
    (Role.MARKETER, "import_numbers"),
    (Role.MARKETER, "source_names", "meta"),
    (Role.MARKETER, "campaign_new"),
    (Role.MARKETER, "campaign_edit", "inbox-quote"),
    (Role.MARKETER, "campaign_discard", "inbox-quote"),
    (Role.MARKETER, "campaign_pause", "founder-video"),
    (Role.MARKETER, "campaign_kill", "founder-video"),
    (Role.MARKETER, "campaign_complete", "founder-video"),
    (Role.MARKETER, "arm_stop", "founder-video", "b"),
    (Role.MANAGER, "campaign_amend", "founder-video"),
    (Role.OWNER, "source_new"),
    (Role.OWNER, "source", "meta"),
]


class Page(HTMLParser):
    """What a test asks of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings = 0
        self.inline: list[str] = []
        self.posts: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[str] = []
        self._script_has_source = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.headings += tag == "h1"
        self.inline += [f"{tag}[{name}]" for name in given if name == "style" or name.startswith("on")]
        # What is no program is only data, to the policy as well.
        is_program = tag == "script" and not given.get("src") and given.get("type") != "application/json"
        if tag == "style" or is_program:
            self.inline.append(tag)
        if tag == "form" and (given.get("method") or "get").lower() == "post":
            self.posts.append(given.get("action") or "")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label":
            self.labelled.add(str(given.get("for")))
        if tag in {"input", "select", "textarea"} and given.get("type") not in {"hidden", "submit"}:
            self.fields.append(str(given.get("id")))


def visit(client: Client, name: object, *args: object) -> Page:
    response = client.get(reverse(str(name), args=["harbour", *args]))
    assert response.status_code == 200, name
    assert "script-src 'self'" in response["Content-Security-Policy"]
    return Page(response.content.decode())


def check(page: Page) -> None:
    assert page.headings == 1
    assert page.inline == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.fields) <= page.labelled


@pytest.mark.parametrize("role", list(Role))
def test_page__any_member__opens_under_the_content_policy(browse: Browse, week: Week, role: Role) -> None:
    client = browse(role)
    for where in (*READABLE, ("hypothesis", week.backlog.pk)):
        check(visit(client, *where))


def test_form_page__role_that_may__opens_under_the_content_policy(browse: Browse, week: Week) -> None:
    flag, criterion = week.zombie.pk, week.breached.pk
    for role, *where in (
        *WRITABLE,
        (Role.MARKETER, "hypothesis_edit", week.backlog.pk),
        (Role.MARKETER, "zombie_keep", flag),
        (Role.MARKETER, "zombie_stop", flag),
        (Role.MANAGER, "campaign_overrule", "founder-video", criterion),
    ):
        check(visit(browse(Role(str(role))), *where))


def test_page__viewer__shows_no_button_that_changes_anything(browse: Browse, week: Week) -> None:
    own, client = {reverse("account_logout"), reverse("theme")}, browse(Role.VIEWER)
    for where in READABLE:
        assert set(visit(client, *where).posts) <= own, where


@pytest.mark.parametrize("path", ["accounts/login/", "accounts/password/reset/", "nothing/here/"])
def test_door__stranger__is_shown_under_the_content_policy(db: None, client: Client, path: str) -> None:
    page = Page(client.get(f"/{path}").content.decode())
    assert page.headings == 1
    assert page.inline == []


def test_page__theme_cookie__is_rendered_by_the_server(browse: Browse, week: Week) -> None:
    client = browse(Role.VIEWER)
    url = reverse("campaigns", args=["harbour"])
    assert "data-bs-theme" not in client.get(url).content.decode()
    answer = client.post(reverse("theme"), {"theme": "dark", "next": url})
    assert answer["Location"] == url
    assert '<html lang="en" data-bs-theme="dark">' in client.get(url).content.decode()
    client.post(reverse("theme"), {"theme": "system", "next": "https://elsewhere.example/"})
    assert not re.search("data-bs-theme", client.get(url).content.decode())


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "elsewhere", "\x00"])
def test_theme__no_page_of_ours__leads_home(client: Client, wanted: str) -> None:
    answer = client.post(reverse("theme"), {"theme": "dark", "next": wanted})
    assert answer["Location"] == "/"
