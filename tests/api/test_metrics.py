"""Numbers over REST: what is taken, what is refused and with which words, and what comes out again."""

import json
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from experiments.models import Campaign, Observation, ObservationBatch
from tests.api.conftest import BASE, ClientOf
from tests.factories import make_live_campaign
from workspaces.choices import Scope
from workspaces.models import Workspace

URL = f"{BASE}metrics/"
Row = dict[str, Any]


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return make_live_campaign(workspace, "hook-test")


@pytest.fixture
def connector(with_key: ClientOf) -> APIClient:
    """A program that may post numbers and read them."""
    return with_key(Scope.READ, Scope.METRICS_WRITE)


def row(**changes: Any) -> Row:
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


class TestTaking:
    def test_post__the_contracts_example__answers_with_the_counts(
        self, connector: APIClient, campaign: Campaign
    ) -> None:
        answer = post(
            connector,
            [
                {
                    "campaign": "hook-test",
                    "arm": "b",
                    "day": "2026-05-20",
                    "source": "meta",
                    "impressions": 41230,
                    "clicks": 512,
                    "spend": "231.40",
                    "conversions": 9,
                    "revenue": "810.00",
                }
            ],
        )

        assert answer.status_code == 200
        batch = ObservationBatch.objects.get()
        assert answer.json() == {
            "batch": batch.pk,
            "received": 1,
            "inserted": 1,
            "updated": 0,
            "unchanged": 0,
            "rejected": 0,
            "errors": [],
            "breaches": [],
        }
        stored = Observation.objects.get()
        assert stored.measures() == {
            "impressions": 41230,
            "clicks": 512,
            "conversions": 9,
            "spend": Decimal("231.40"),
            "revenue": Decimal(810),
        }
