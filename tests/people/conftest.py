"""The team of the pages, and the ways in which people show who they are."""

import re
from datetime import datetime

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories import make_member, make_workspace
from tests.pages.conftest import browse, now, team, week, workspace
from workspaces.choices import EventKind, Role
from workspaces.models import Event, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import record_event

__all__ = ["browse", "now", "team", "week", "workspace"]

VICTIM = "ceo@victim.example"
KNOWN_TO_ANOTHER = "what the other owner knows"
OWN = "what only the holder knows"


@pytest.fixture
def victim(workspace: object) -> User:
    """An account that the owner of another workspace has made, with a password of their choice."""
    # How many letters went to the address is counted there.
    cache.clear()
    user = User.objects.create_user(VICTIM, KNOWN_TO_ANOTHER)
    make_member(make_workspace("other"), Role.VIEWER, email=VICTIM)
    return user


def link_in(letter: mail.EmailMessage) -> str:
    """The path of the first link in a letter."""
    found = re.search(r"http://testserver(/\S+)", str(letter.body))
    assert found is not None
    return found[1]


def set_password_by_letter(user: User, password: str) -> None:
    """As its holder does who reads the letter."""
    client = Client()
    client.post(reverse("account_reset_password"), {"email": user.email})
    form = client.get(link_in(mail.outbox[-1]), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


def signed_in(email: str, password: str) -> Client:
    """A browser in which somebody has typed address and password."""
    client = Client()
    client.post(reverse("account_login"), {"login": email, "password": password})
    return client


def breach(workspace: Workspace, at: datetime) -> Event:
    data = {"campaign": "founder-video", "name": "Founder video", "rule": "CTR below 0.5%", "action": "pause"}
    return record_event(
        EventKind.CRITERION_BREACHED,
        by=Actor.quickno(workspace),
        at=at,
        subject=("campaign", "founder-video"),
        data=data,
    )
