"""Posting rows over REST, and looking at refusals."""

import json
from typing import Any

from rest_framework.test import APIClient

from tests.api.conftest import BASE

URL = f"{BASE}metrics/"
Row = dict[str, Any]


def row(**changes: Any) -> Row:
    """A right row of the campaign hook-test."""
    return {"campaign": "hook-test", "arm": "b", "day": "2026-05-20", "impressions": 41230, **changes}


def post(client: APIClient, body: Any, *, content_type: str = "application/json", query: str = "") -> Any:
    """Send a body as it is, or the JSON of anything else."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(f"{URL}{query}", data, content_type=content_type)


def refused(response: Any, code: str, status: int = 422) -> list[dict[str, Any]]:
    """The errors of a problem document with that code."""
    assert response.status_code == status, response.content
    problem = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["detail"]
    errors: list[dict[str, Any]] = problem.get("errors", [])
    return errors
