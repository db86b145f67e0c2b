"""Workspaces and members from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from workspaces.models import Membership, Workspace

PASSWORD = ["--password", "correct horse battery"]
PILOTS = ["Pilots", "--slug", "pilots", "--timezone", "Europe/Berlin", "--currency", "EUR"]
OWNER = ["--owner", "Olga@example.com"]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_create_workspace__makes_it_with_its_owner(db: None) -> None:
    assert "pilots" in run("create_workspace", *PILOTS, *OWNER, *PASSWORD)
    workspace = Workspace.objects.get(slug="pilots")
    assert (workspace.name, workspace.timezone, workspace.currency) == ("Pilots", "Europe/Berlin", "EUR")
    owner = Membership.objects.get(workspace=workspace)
    assert (owner.user.email, owner.role) == ("olga@example.com", "owner")
    assert owner.user.check_password("correct horse battery")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--timezone": "Berlin"}, "“Berlin” is no time zone"),
        ({"--currency": "XYZ"}, "“XYZ” is no currency"),
        ({"--slug": "Two words"}, "“two-words”"),
        ({"--owner": "nobody"}, "“nobody” is not an e-mail address"),
        ({"--password": "1234"}, "too short"),
    ],
)
def test_create_workspace__impossible__says_why_and_makes_nothing(
    db: None, change: dict[str, str], sentence: str
) -> None:
    given = [*PILOTS, *OWNER, *PASSWORD]
    for option, value in change.items():
        given[given.index(option) + 1] = value
    with pytest.raises(CommandError, match=sentence):
        run("create_workspace", *given)
    assert not Workspace.objects.exists()


def test_create_workspace__slug_taken__is_refused(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match="There is a workspace “pilots” already"):
        run("create_workspace", *PILOTS, *OWNER, *PASSWORD)


def test_add_member__lets_a_person_in_with_a_role(workspace: Workspace) -> None:
    run("add_member", "pilots", "mia@example.com", "--role", "marketer", *PASSWORD)
    mia = Membership.objects.get(workspace=workspace, user__email="mia@example.com")
    assert mia.role == "marketer"
    assert mia.user.check_password("correct horse battery")


@pytest.mark.parametrize(
    ("slug", "email", "sentence"),
    [
        ("nowhere", "mia@example.com", "There is no workspace “nowhere”."),
        ("pilots", "owner@pilots.example", "is a member already"),
        ("pilots", "mia", "is not an e-mail address"),
    ],
)
def test_add_member__impossible__says_why(workspace: Workspace, slug: str, email: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("add_member", slug, email, "--role", "viewer", *PASSWORD)
