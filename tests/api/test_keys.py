"""Keys: made by people, shown once, usable until revoked or until the person leaves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from api.models import ApiKey
from api.selectors import keys_of
from api.services import create_key, revoke_key
from tests.api.conftest import BASE, ClientOf
from workspaces.choices import EventKind, Role, Scope
from workspaces.exceptions import Invalid
from workspaces.models import Event, Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services import remove_member

Member = Callable[[Role], Membership]


def bearer(secret: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {secret}"})


def test_key__created__opens_the_api_and_is_kept_as_a_hash_only(member: Member, at: datetime) -> None:
    marketer = member(Role.MARKETER)
    key, secret = create_key(
        name="connector", scopes=[Scope.READ], for_user=marketer.user, by=Actor.of_member(marketer), at=at
    )
    assert bearer(secret).get(f"{BASE}sprints/").status_code == 200
    assert secret.startswith("qn_")
    # 32 bytes in URL-safe base64 without padding are 43 characters.
    assert len(secret.removeprefix("qn_")) == 43
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert not any(secret in str(value) for value in stored.values())
    assert secret.startswith(stored["prefix"])
    event = Event.objects.get(kind=EventKind.KEY_CREATED)
    assert (event.subject_type, event.subject_id) == ("api_key", str(key.pk))
    assert secret not in str(event.data)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer qn_nobody",
        "Basic bWU6bWU=",
        "qn_nobody",
        "Bearer é",
        "Bearer " + "x" * 5000,
    ],
)
def test_key__not_known__is_401_with_a_challenge(workspace: Workspace, header: str) -> None:
    answer = APIClient(headers={"Authorization": header.encode().decode("latin-1")}).get(f"{BASE}sprints/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in {"invalid_key", "malformed_authorization"}


def test_api__nothing_sent__is_401_with_a_challenge(workspace: Workspace) -> None:
    answer = APIClient().get(f"{BASE}sprints/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


def test_key__revoked__is_401_at_once_and_twice_is_once(member: Member, at: datetime) -> None:
    actor = Actor.of_member(member(Role.MARKETER))
    key, secret = create_key(
        name="k", scopes=[Scope.READ], for_user=member(Role.MARKETER).user, by=actor, at=at
    )
    revoke_key(key.pk, by=actor, at=at)
    revoke_key(key.pk, by=actor, at=at + timedelta(days=1))
    assert bearer(secret).get(f"{BASE}sprints/").status_code == 401
    key.refresh_from_db()
    assert key.revoked_at == at
    assert Event.objects.filter(kind=EventKind.KEY_REVOKED).count() == 1


def test_key__membership_ended__is_401(member: Member, with_key: ClientOf, at: datetime) -> None:
    client = with_key(Scope.READ)
    remove_member(member(Role.MARKETER).pk, by=Actor.of_member(member(Role.OWNER)), at=at)
    answer = client.get(f"{BASE}sprints/")
    assert (answer.status_code, answer.json()["code"]) == (401, "member_left")


def test_key__person_not_active__is_401(member: Member, with_key: ClientOf) -> None:
    client = with_key(Scope.READ)
    user = member(Role.MARKETER).user
    user.is_active = False
    user.save()
    assert client.get(f"{BASE}sprints/").status_code == 401


def test_key__in_use__writes_its_last_use_once_a_minute(with_key: ClientOf, at: datetime) -> None:
    client = with_key(Scope.READ)

    def used_at(moment: datetime) -> datetime | None:
        with time_machine.travel(moment, tick=False):
            client.get(f"{BASE}sprints/")
        return ApiKey.objects.get().last_used_at

    assert used_at(at) == at
    assert used_at(at + timedelta(seconds=59)) == at
    assert used_at(at + timedelta(seconds=60)) == at + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [
        ("", ["read"], "invalid_name"),
        ("x" * 101, ["read"], "invalid_name"),
        ("k", [], "no_scope"),
        ("k", ["read", "everything"], "unknown_scope"),
    ],
)
def test_create_key__malformed__says_what_is_right(
    member: Member, at: datetime, name: str, scopes: list[str], code: str
) -> None:
    marketer = member(Role.MARKETER)
    with pytest.raises(Invalid) as refused:
        create_key(name=name, scopes=scopes, for_user=marketer.user, by=Actor.of_member(marketer), at=at)
    assert refused.value.code == code


def test_create_key__for_no_member__is_refused(member: Member, elsewhere: Workspace, at: datetime) -> None:
    stranger = Membership.objects.get(workspace=elsewhere).user
    with pytest.raises(Invalid) as refused:
        create_key(
            name="k", scopes=["read"], for_user=stranger, by=Actor.of_member(member(Role.OWNER)), at=at
        )
    assert refused.value.code == "not_a_member"


def test_keys_of__two_workspaces__lists_one(member: Member, elsewhere: Workspace, at: datetime) -> None:
    marketer = member(Role.MARKETER)
    key, _ = create_key(
        name="k", scopes=["read"], for_user=marketer.user, by=Actor.of_member(marketer), at=at
    )
    assert list(keys_of(marketer.workspace)) == [key]
    assert list(keys_of(elsewhere)) == []


def test_create_api_key__command__prints_the_secret_alone(workspace: Workspace) -> None:
    out = StringIO()
    call_command(
        "create_api_key", "pilots", "connector", "--scope", "read", "--scope", "metrics:write", stdout=out
    )
    secret = out.getvalue().removesuffix("\n")
    assert "\n" not in secret
    assert bearer(secret).get(f"{BASE}sprints/").status_code == 200
    key = ApiKey.objects.get()
    assert (key.user.email, key.scopes) == ("owner@pilots.example", ["read", "metrics:write"])


def test_create_api_key__for_a_member__acts_for_them(member: Member) -> None:
    marketer = member(Role.MARKETER)
    call_command(
        "create_api_key", "pilots", "k", "--scope", "read", "--for", marketer.user.email, stdout=StringIO()
    )
    key = ApiKey.objects.get()
    # Nobody made it in person: only the one for whom it acts stands behind what it proposes.
    assert (key.user, key.created_by) == (marketer.user, marketer.user)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere", "k", "--scope", "read"], "There is no workspace “nowhere”."),
        (["pilots", "k", "--scope", "all"], "There is no scope “all”"),
        (["pilots", "k", "--scope", "read", "--for", "eve@example.com"], "eve@example.com is not a member"),
    ],
)
def test_create_api_key__impossible__says_why(
    workspace: Workspace, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("create_api_key", *arguments, stdout=StringIO())
