"""Workspaces and members from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_workspace
from workspaces.models import Membership, User, Workspace

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
        ("pilots", f"{'m' * 300}@example.com", "m…” is not an e-mail address"),
    ],
)
def test_add_member__impossible__says_why(workspace: Workspace, slug: str, email: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("add_member", slug, email, "--role", "viewer", *PASSWORD)


def test_add_member__known_with_their_own_password__lets_them_in_and_keeps_it(workspace: Workspace) -> None:
    other = make_workspace("other")
    run("add_member", "other", "mia@example.com", "--role", "viewer", *PASSWORD)
    said = run("add_member", "pilots", "mia@example.com", "--role", "marketer", *PASSWORD)
    assert "its password stays as it is" in said
    mia = User.objects.get(email="mia@example.com")
    assert set(Membership.objects.filter(user=mia).values_list("workspace", flat=True)) == {
        workspace.pk,
        other.pk,
    }
    assert mia.check_password("correct horse battery")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [(["--password", "another good password"], "has an account already"), ([], "nobody has shown yet")],
)
def test_add_member__known_with_a_password_that_somebody_else_chose__is_refused(
    workspace: Workspace, password: list[str], sentence: str
) -> None:
    make_workspace("other")
    run("add_member", "other", "mia@example.com", "--role", "viewer", *PASSWORD)
    with pytest.raises(CommandError, match=sentence):
        run("add_member", "pilots", "mia@example.com", "--role", "owner", *password)
    assert not Membership.objects.filter(workspace=workspace, user__email="mia@example.com").exists()


def test_create_workspace__for_an_account_with_another_password__is_refused(workspace: Workspace) -> None:
    run("add_member", "pilots", "olga@example.com", "--role", "viewer", *PASSWORD)
    second = ["Second", "--slug", "second", "--timezone", "UTC", "--currency", "EUR", *OWNER]
    with pytest.raises(CommandError, match="has an account already"):
        run("create_workspace", *second, "--password", "another good password")
    assert not Workspace.objects.filter(slug="second").exists()
    run("create_workspace", *second, *PASSWORD)
    assert Membership.objects.get(workspace__slug="second").user.email == "olga@example.com"
