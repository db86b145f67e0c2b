"""Calls of the real addresses, by sessions and by keys."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.access.conftest import undone
from tests.access.world import World
from workspaces.choices import Scope
from workspaces.permissions import Actor

BASE = "/api/v1/"


def signed_in(by: Actor) -> APIClient:
    client = APIClient()
    client.force_login(by.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def with_key(world: World, person: Actor, *scopes: Scope, maker: Actor) -> APIClient:
    secret = world.secret_of(person, *scopes, maker=maker)
    return APIClient(headers={"Authorization": f"Bearer {secret}"})


def ask(client: APIClient, call: str, world: World, body: Any = None) -> tuple[int, str]:
    """The status, and the code of the problem where there is one. Nothing stays."""
    method, path = world.filled(call).split(" ")
    body = world.filled(body)
    with undone():
        if isinstance(body, dict) and isinstance(body.get("file"), bytes):
            file = SimpleUploadedFile("days.csv", body["file"], "text/csv")
            answer = client.post(BASE + path, {"file": file}, format="multipart")
        else:
            answer = getattr(client, method.lower())(BASE + path, body)
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if is_problem else ""
