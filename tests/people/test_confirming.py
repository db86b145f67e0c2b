"""Where letters arrive, an address is shown to be its holder's; elsewhere no page speaks of it."""

from datetime import datetime
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.people.conftest import KNOWN_TO_ANOTHER, OWN, VICTIM, link_in, signed_in
from workspaces.choices import Role
from workspaces.models import User
from workspaces.permissions import Actor
from workspaces.services import invite


@pytest.fixture
def mailed(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    # How many letters were sent is counted there.
    cache.clear()


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_sign_in__address_that_nobody_has_shown_to_be_theirs__takes_a_letter_and_a_new_password(
    mailed: None, victim: User
) -> None:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": VICTIM, "password": KNOWN_TO_ANOTHER})
    assert answer.status_code == 403
    assert f"on its way to <strong>{VICTIM}</strong>" in answer.content.decode()
    assert not is_signed_in(client)
    [letter] = mail.outbox
    assert letter.to == [VICTIM]
    holder = Client()
    form = holder.get(link_in(letter), follow=True)
    holder.post(form.request["PATH_INFO"], {"password1": OWN, "password2": OWN})
    assert not is_signed_in(signed_in(VICTIM, KNOWN_TO_ANOTHER))
    before = len(mail.outbox)
    assert is_signed_in(signed_in(VICTIM, OWN))
    assert len(mail.outbox) == before


def test_sign_in__wrong_password__sends_no_letter(mailed: None, victim: User) -> None:
    assert not is_signed_in(signed_in(VICTIM, "a guess of somebody"))
    assert mail.outbox == []


def test_sign_in__again_and_again__sends_no_flood_of_letters(mailed: None, victim: User) -> None:
    for _ in range(9):
        signed_in(VICTIM, KNOWN_TO_ANOTHER)
    assert 1 <= len(mail.outbox) < 9


def test_sign_in__mail_server_is_gone__says_that_the_letter_did_not_leave(
    mailed: None, victim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> int:
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    answer = Client().post(reverse("account_login"), {"login": VICTIM, "password": KNOWN_TO_ANOTHER})
    assert answer.status_code == 403
    assert "did not leave" in answer.content.decode()


def test_sign_in__without_a_mail_server__takes_no_letter_and_the_account_speaks_of_none(
    victim: User, settings: Settings
) -> None:
    settings.MAIL_IS_SET_UP = False
    client = signed_in(VICTIM, KNOWN_TO_ANOTHER)
    assert is_signed_in(client)
    assert mail.outbox == []
    assert "letter" not in client.get(reverse("account")).content.decode()
    assert "appears on the terminal" in client.get(reverse("account_reset_password")).content.decode()
    settings.MAIL_IS_SET_UP = True
    assert "not confirmed by a letter yet" in client.get(reverse("account")).content.decode()
    assert "the terminal" not in client.get(reverse("account_reset_password")).content.decode()


def test_join__by_hand_where_letters_arrive__asks_for_the_letter_at_once(
    mailed: None, team: dict[Role, Actor], now: datetime
) -> None:
    invitation = invite(email=VICTIM, role=Role.MARKETER, by=team[Role.OWNER], at=now)
    client = Client()
    path = reverse("join", args=[invitation.token(by_letter=False)])
    answer = client.post(path, {"name": "Vic Berg", "password": OWN})
    assert f"on its way to <strong>{VICTIM}</strong>" in answer.content.decode()
    assert not is_signed_in(client)
