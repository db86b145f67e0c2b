"""Whose account it is: no address is taken, and what somebody else has left in an account ends with them."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.factories import make_member
from tests.pages.conftest import Browse
from tests.people.conftest import KNOWN_TO_ANOTHER, OWN, VICTIM, link_in, set_password_by_letter, signed_in
from workspaces.choices import EventKind, Role
from workspaces.models import Event, User, Workspace


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


@pytest.fixture
def mia(workspace: Workspace) -> User:
    user = User.objects.create_user("mia@harbour.example", OWN)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def go_on_as(client: Client, password: str, *, to: str) -> None:
    """Answer "Is it you?" where it is asked."""
    asked = client.get(to)
    if asked.status_code == 302:
        client.post(asked["Location"], {"password": password})


@pytest.mark.parametrize("path", ["email/", "signup/", "confirm-email/", "3rdparty/", "3rdparty/signup/"])
def test_accounts__doors_that_are_not_meant__do_not_exist(browse: Browse, path: str) -> None:
    client = browse(Role.VIEWER)
    sent = {"email": VICTIM, "action_add": "", "action_primary": ""}
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", sent).status_code == 404
    assert not EmailAddress.objects.filter(email=VICTIM).exists()


def test_password_letter__for_an_unknown_address__writes_to_nobody(
    client: Client, workspace: Workspace
) -> None:
    response = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert response.status_code == 302
    assert mail.outbox == []


def test_password_letter__account_of_another_maker__ends_their_sessions_and_their_second_step(
    victim: User,
) -> None:
    maker = signed_in(VICTIM, KNOWN_TO_ANOTHER)
    assert is_signed_in(maker)
    Authenticator.objects.create(user=victim, type=Authenticator.Type.TOTP, data={"secret": "x"})
    set_password_by_letter(victim, OWN)
    assert not is_signed_in(maker)
    assert not is_signed_in(signed_in(VICTIM, KNOWN_TO_ANOTHER))
    assert is_signed_in(signed_in(VICTIM, OWN))
    assert not Authenticator.objects.exists()


def test_password_letter__account_in_its_holders_hands__keeps_the_second_step(mia: User) -> None:
    Authenticator.objects.create(user=mia, type=Authenticator.Type.TOTP, data={"secret": "x"})
    set_password_by_letter(mia, "a new one that is long")
    assert Authenticator.objects.filter(user=mia).exists()
    assert not is_signed_in(signed_in(mia.email, "a new one that is long"))


def test_account__name__is_changed_and_kept_where_it_is_empty(mia: User) -> None:
    client = signed_in(mia.email, OWN)
    assert client.post(reverse("account"), {"name": " "}).status_code == 422
    client.post(reverse("account"), {"name": "Mia van der Berg"})
    mia.refresh_from_db()
    assert (mia.first_name, mia.last_name) == ("Mia", "van der Berg")


def test_address__changed__takes_the_password_and_the_letters_link_and_tells_the_old_one(
    mia: User, workspace: Workspace
) -> None:
    make_member(workspace, email=mia.email)
    client = signed_in(mia.email, OWN)
    new = "mia@new.example"
    assert client.post(reverse("account_address"), {"email": new})["Location"].startswith(
        reverse("account_reauthenticate")
    )
    assert mail.outbox == []
    go_on_as(client, OWN, to=reverse("account_address"))
    client.post(reverse("account_address"), {"email": new})
    letter = mail.outbox[-1]
    assert letter.to == [new]
    mia.refresh_from_db()
    assert mia.email == "mia@harbour.example"
    link = link_in(letter)
    assert Client().post(link).status_code == 302
    client.get(link)
    mia.refresh_from_db()
    assert mia.email == "mia@harbour.example", "opening a link changes nothing"
    client.post(link)
    mia.refresh_from_db()
    assert mia.email == new
    assert mia.has_confirmed_address
    assert mail.outbox[-1].to == ["mia@harbour.example"]
    assert client.post(link).status_code == 410
    event = Event.objects.get(kind=EventKind.MEMBER_READDRESSED)
    assert event.data == {"email": new, "before": "mia@harbour.example"}


def test_address__one_that_has_an_account__is_answered_alike_and_never_taken(mia: User, victim: User) -> None:
    client = signed_in(mia.email, OWN)
    go_on_as(client, OWN, to=reverse("account_address"))
    before = len(mail.outbox)
    free = client.post(reverse("account_address"), {"email": "free@example.com"}, follow=True)
    taken = client.post(reverse("account_address"), {"email": VICTIM}, follow=True)
    assert [letter.to for letter in mail.outbox[before:]] == [["free@example.com"]]
    for email, answer in (("free@example.com", free), (VICTIM, taken)):
        assert answer.status_code == 200
        assert f"If {email} can be yours, a letter is on its way there." in answer.content.decode()


def test_address__taken_between_letter_and_click__stays_where_it_is(mia: User, workspace: Workspace) -> None:
    client = signed_in(mia.email, OWN)
    go_on_as(client, OWN, to=reverse("account_address"))
    client.post(reverse("account_address"), {"email": "new@example.com"})
    link = link_in(mail.outbox[-1])
    User.objects.create_user("New@example.com")
    assert client.post(link).status_code == 410
    mia.refresh_from_db()
    assert mia.email == "mia@harbour.example"


def test_address__without_a_mail_server__says_so_and_asks_nothing(mia: User, settings: Settings) -> None:
    settings.MAIL_IS_SET_UP = False
    client = signed_in(mia.email, OWN)
    go_on_as(client, OWN, to=reverse("account_address"))
    page = client.get(reverse("account_address")).content.decode()
    assert "No mail server is set up" in page
    client.post(reverse("account_address"), {"email": "new@example.com"})
    assert mail.outbox == []


@pytest.mark.parametrize("page", ["account_login", "account_reset_password", "account_logout"])
def test_accounts__next_that_nobody_can_take_apart__is_passed_over(
    client: Client, db: None, page: str
) -> None:
    for call in (client.get, client.post):
        answer = call(reverse(page), {"next": "http://["})
        assert answer.status_code in {200, 302}
        assert "http://[" not in answer.headers.get("Location", "")
