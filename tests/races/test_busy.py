"""SQLite has one writer: who waits for it too long is told to come again, and loses nothing by that."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.test import APIClient

from api.models import IdempotentRequest
from config.views import server_error
from sprints.models import Transfer
from tests.factories import make_actor, make_workspace
from tests.pages.forms import form_at
from workspaces.choices import Role
from workspaces.models import User

pytestmark = pytest.mark.usefixtures("shared_db")

FUNDS = {"amount": "1500.50", "reason": "November"}


@pytest.fixture
def dana() -> User:
    return make_actor(make_workspace("harbour"), Role.MANAGER).person


@contextmanager
def somebody_writes() -> Iterator[None]:
    """Another process has the lock, and nobody has the patience of the settings."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "november"}], ids=["plain", "with a key"])
def test_rest__while_somebody_writes__is_503_and_works_later(dana: User, headers: dict[str, str]) -> None:
    program = APIClient(headers={"Quickno-Workspace": "harbour"})
    program.force_login(dana)

    def send() -> Any:
        return program.post("/api/v1/ledger/fund/", FUNDS, headers=headers)

    with somebody_writes():
        busy = send()
    assert (busy.status_code, busy["Retry-After"]) == (503, "15")
    assert busy["Content-Type"] == "application/problem+json"
    problem = busy.json()
    assert (problem["code"], problem["status"]) == ("busy", 503)
    assert "send it again" in problem["detail"]
    assert not Transfer.objects.exists()
    assert not IdempotentRequest.objects.exists()
    assert send().status_code == 201
    assert Transfer.objects.count() == 1


def test_page__while_somebody_writes__says_so_and_takes_the_same_form_later(dana: User) -> None:
    browser = Client()
    browser.force_login(dana, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("fund", args=["harbour"])
    data = {**form_at(browser, address), **FUNDS}
    with somebody_writes():
        busy = browser.post(address, data)
    assert (busy.status_code, busy["Retry-After"]) == (503, "15")
    assert "Busy for a moment." in busy.content.decode()
    assert not Transfer.objects.exists()
    assert browser.post(address, data).status_code == 302
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "error", "status", "words"),
    [
        ("/", OperationalError("database is locked"), 503, "Busy for a moment."),
        ("/api/v1/sprints/", OperationalError("database is locked"), 503, '"code":"busy"'),
        ("/", OperationalError("no such table"), 500, "Something broke"),
    ],
)
def test_server_error__outside_of_any_view__tells_a_lock_from_a_fault(
    path: str, error: Exception, status: int, words: str
) -> None:
    try:
        raise error
    except OperationalError:
        answer = server_error(RequestFactory().get(path))
    assert answer.status_code == status
    assert words in answer.content.decode()


def test_import__sent_with_a_key__holds_no_lock_while_its_file_is_read(dana: User) -> None:
    program = APIClient(headers={"Quickno-Workspace": "harbour", "Idempotency-Key": "november"})
    program.force_login(dana)
    locked: list[str] = []

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        if connection.in_atomic_block and "experiments_" in sql:
            locked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        answer = program.post(
            "/api/v1/imports/",
            {"file": SimpleUploadedFile("days.csv", b"Day,Clicks\n2026-02-01,5\n"), "dry_run": True},
            format="multipart",
        )
    assert answer.status_code == 200
    assert answer.json()["questions"]
    assert locked == []
