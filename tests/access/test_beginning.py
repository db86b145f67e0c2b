"""A workspace begun on the site: by whom the table says, and nobody else gets near it."""

from datetime import datetime

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from config.environment import BEGINNERS as KNOWN
from config.environment import workspaces_by
from tests.access.table import BEGINNERS
from tests.factories import make_actor, make_workspace
from workspaces.choices import Role
from workspaces.exceptions import Invalid, NotAllowed
from workspaces.models import Membership, Source, User, Workspace
from workspaces.services import begin_workspace

HEAD, *ROWS = (line.split() for line in BEGINNERS.strip().splitlines())
GIVEN = {"name": "Acme Éclair", "currency": "EUR", "timezone": "Europe/Berlin"}


def people() -> dict[str, User]:
    """Somebody of each column, the members in one workspace."""
    workspace = make_workspace("harbour")
    found = {role.value: make_actor(workspace, role).person for role in Role if role != Role.OWNER}
    found["owner"] = User.objects.get(email="owner@harbour.example")
    found["nobody"] = User.objects.create_user("nobody@harbour.example")
    found["staff"] = User.objects.create_user("staff@harbour.example", is_staff=True)
    return found


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_new_workspace__each_person__may_as_the_table_says(
    db: None, settings: Settings, now: datetime, row: list[str]
) -> None:
    settings.WORKSPACES_BY = row[0]
    everybody = people()
    assert set(HEAD[1:]) == set(everybody)
    for head, may in zip(HEAD[1:], row[1:], strict=True):
        client, before = browser(everybody[head]), Workspace.objects.count()
        assert client.get(reverse("workspace_new")).status_code == (200 if may == "yes" else 403), head
        offering = client.get(reverse("home"), follow=True).content.decode()
        assert (f'href="{reverse("workspace_new")}"' in offering) == (may == "yes"), head
        answer = client.post(reverse("workspace_new"), GIVEN)
        assert answer.status_code == (302 if may == "yes" else 403), head
        assert Workspace.objects.count() - before == (may == "yes"), head
        if may == "no":
            with pytest.raises(NotAllowed):
                begin_workspace(**GIVEN, owner=everybody[head], at=now)


def test_table__has_a_row_for_each_value_of_the_setting() -> None:
    assert {row[0] for row in ROWS} == set(KNOWN)
    assert django_settings.WORKSPACES_BY == "owners"


def test_setting__unknown_value__is_refused_with_what_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSPACES_BY", "everybody")
    with pytest.raises(ImproperlyConfigured, match=r"“everybody”.*owners.*anyone.*command"):
        workspaces_by(default="owners")
    monkeypatch.setenv("WORKSPACES_BY", "")
    assert workspaces_by(default="command") == "command"


def test_new_workspace__begun__belongs_to_that_person_and_is_ready(db: None, settings: Settings) -> None:
    settings.WORKSPACES_BY = "anyone"
    nobody = User.objects.create_user("nobody@harbour.example", "quick-no-demo")
    client = browser(nobody)
    answer = client.post(reverse("workspace_new"), GIVEN, follow=True)
    assert answer.redirect_chain == [("/w/acme-eclair/", 302)]
    assert "It begins with <em>one hypothesis</em>" in answer.content.decode()
    [membership] = Membership.objects.all()
    workspace = membership.workspace
    assert (membership.user, membership.role) == (nobody, Role.OWNER)
    assert (workspace.name, workspace.currency, workspace.timezone) == ("Acme Éclair", "EUR", "Europe/Berlin")
    assert Source.objects.of(workspace).filter(key="meta").exists()
    # The same name again gets another address, and what is no address at all gets one, too.
    for name, slug in (("Acme Éclair", "acme-eclair-2"), ("Команда", "workspace")):
        client.post(reverse("workspace_new"), GIVEN | {"name": name})
        assert Workspace.objects.filter(slug=slug, name=name).exists()


@pytest.mark.parametrize("page", ["today", "settings", "more"])
def test_new_workspace__whoever_may__finds_the_way_to_it_from_every_page_and_in_the_settings(
    db: None, settings: Settings, page: str
) -> None:
    settings.WORKSPACES_BY = "owners"
    everybody = people()
    new, more = reverse("workspace_new"), reverse("more", args=["harbour"])
    for head, offers in (("owner", True), ("viewer", False)):
        shown = browser(everybody[head]).get(reverse(page, args=["harbour"])).content.decode()
        # In the menu of the rail, and in the page itself where there is no other way to find it.
        assert shown.count(f'href="{new}"') == offers * (1 if page == "today" else 2)
        assert (f'href="{more}#others"' in shown) == offers


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"currency": "XBT"}, "currency"), ({"timezone": "Mars/Olympus"}, "timezone")],
)
def test_new_workspace__wrong_field__is_said_at_the_field(
    db: None, settings: Settings, given: dict[str, str], field: str
) -> None:
    settings.WORKSPACES_BY = "anyone"
    client = browser(User.objects.create_user("nobody@harbour.example"))
    answer = client.post(reverse("workspace_new"), GIVEN | given)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Workspace.objects.exists()


def test_begin_workspace__unknown_currency__is_refused(db: None, settings: Settings, now: datetime) -> None:
    settings.WORKSPACES_BY = "anyone"
    nobody = User.objects.create_user("nobody@harbour.example")
    with pytest.raises(Invalid, match="no currency"):
        begin_workspace(**GIVEN | {"currency": "XBT"}, owner=nobody, at=now)


def test_new_workspace__nobody_signed_in__is_sent_to_the_door(db: None) -> None:
    for answer in (Client().get(reverse("workspace_new")), Client().post(reverse("workspace_new"), GIVEN)):
        assert answer["Location"] == f"{reverse('account_login')}?next={reverse('workspace_new')}"


def test_demo__where_it_is_shown__says_how_to_begin_an_empty_workspace(db: None, settings: Settings) -> None:
    settings.WORKSPACES_BY, door = "anyone", reverse("account_login")
    settings.SHOWS_DEMO = True
    assert "This is the demo." not in Client().get(door).content.decode()
    workspace = make_workspace("demo")
    page = Client().get(door).content.decode()
    # Whom to sign in as is read before the form.
    assert page.index("This is the demo.") < page.index('name="login"')
    client = browser(make_actor(workspace).person)
    assert "empty, beside this demo" in client.get(reverse("more", args=["demo"])).content.decode()
    settings.SHOWS_DEMO = False
    assert "This is the demo." not in Client().get(door).content.decode()
    assert "beside this demo" not in client.get(reverse("more", args=["demo"])).content.decode()
