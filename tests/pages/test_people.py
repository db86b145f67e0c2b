"""Whose account it is: no address is taken, and no account that somebody else made opens a workspace."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import reverse

from config.accounts import SocialAccountAdapter
from tests.factories import make_member, make_workspace
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace

VICTIM = "ceo@victim.example"
KNOWN_TO_ANOTHER = "what the other owner knows"
OWN = "what only the holder knows"


@pytest.fixture
def victim(workspace: Workspace) -> User:
    """An account that the owner of another workspace has made, with a password of their choice."""
    other = make_workspace("other")
    user = User.objects.create_user(VICTIM, KNOWN_TO_ANOTHER)
    make_member(other, Role.VIEWER, email=VICTIM)
    return user


def add(client: Client, **sent: str) -> str:
    form = {"email": VICTIM, "name": "", "role": "owner", "password": "", **sent}
    return client.post(reverse("settings", args=["harbour"]), form, follow=True).content.decode()


def is_member(user: User) -> bool:
    return Membership.objects.filter(workspace__slug="harbour", user=user).exists()


def set_password_by_letter(user: User, password: str) -> None:
    """As its holder does who reads the letter."""
    client = Client()
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert link is not None
    form = client.get(link[0], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


@pytest.mark.parametrize("path", ["email/", "signup/", "confirm-email/", "3rdparty/", "3rdparty/signup/"])
def test_accounts__doors_that_are_not_meant__do_not_exist(browse: Browse, path: str) -> None:
    client = browse(Role.VIEWER)
    sent = {"email": VICTIM, "action_add": "", "action_primary": ""}
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", sent).status_code == 404
    assert not EmailAddress.objects.filter(email=VICTIM).exists()


def test_provider__asked_to_hang_an_identity_onto_an_account__is_refused(victim: User) -> None:
    login = SocialLogin(user=victim, account=SocialAccount(provider="company", uid="1"))
    login.state = {"process": "connect"}
    request = RequestFactory().get("/")
    with pytest.raises(PermissionDenied):
        SocialAccountAdapter(request).pre_social_login(request, login)
    login.state = {"process": "login"}
    SocialAccountAdapter(request).pre_social_login(request, login)


def test_password_letter__for_an_unknown_address__writes_to_nobody(
    client: Client, workspace: Workspace
) -> None:
    response = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert response.status_code == 302
    assert mail.outbox == []


def test_add_member__account_that_another_owner_made__is_refused_and_says_why(
    browse: Browse, victim: User
) -> None:
    page = add(browse(Role.OWNER))
    assert "nobody has shown yet that the address is theirs" in page
    assert not is_member(victim)


def test_add_member__account_whose_holder_set_a_password_by_letter__lets_only_them_in(
    browse: Browse, victim: User
) -> None:
    stranger = Client()
    assert stranger.login(email=VICTIM, password=KNOWN_TO_ANOTHER)
    set_password_by_letter(victim, OWN)
    page = add(browse(Role.OWNER))
    assert "its password stays as it is" in page
    assert is_member(victim)
    today = reverse("today", args=["harbour"])
    assert stranger.get(today).status_code == 302
    assert not Client().login(email=VICTIM, password=KNOWN_TO_ANOTHER)
    holder = Client()
    assert holder.login(email=VICTIM, password=OWN)
    assert holder.get(today).status_code == 200


def test_add_member__account_that_has_no_password_yet__lets_them_in(browse: Browse, victim: User) -> None:
    victim.set_unusable_password()
    victim.save()
    assert "its password stays as it is" in add(browse(Role.OWNER))
    assert is_member(victim)


@pytest.mark.parametrize("password", [KNOWN_TO_ANOTHER, "another good password"])
def test_add_member__password_for_a_known_person__is_refused_and_tells_nothing(
    browse: Browse, victim: User, password: str
) -> None:
    page = add(browse(Role.OWNER), password=password)
    assert f"{VICTIM} has an account already, and its password stays as it is." in page
    assert not is_member(victim)
    victim.refresh_from_db()
    assert victim.check_password(KNOWN_TO_ANOTHER)


@pytest.mark.parametrize(
    "email", ["a" * 300 + "@b.example", "a" * 64 + "@" + "b." * 120 + "example", "nobody"]
)
def test_add_member__address_that_is_none__is_refused_in_words(browse: Browse, email: str) -> None:
    response = browse(Role.OWNER).post(
        reverse("settings", args=["harbour"]), {"email": email, "role": "viewer", "password": ""}
    )
    assert response.status_code == 422
    assert 'id="id_email_error"' in response.content.decode()
