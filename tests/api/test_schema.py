"""The description of the API is whole, and the API keeps to it whatever it is sent."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from workspaces.choices import Role, Scope

EXAMPLES = 15
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_schema__drawn_up__is_valid_and_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_schema__asked_for_by_anybody__is_openapi_3_1(client: Client) -> None:
    answer = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


def test_schema__says_what_is_refused_before_it_is_sent(client: Client) -> None:
    described = client.get("/api/v1/schema/?format=json").json()
    shapes = described["components"]["schemas"]
    assert shapes["CampaignInput"]["additionalProperties"] is False
    assert shapes["ReasonInput"]["properties"]["reason"]["minLength"] == 1
    assert "minLength" not in shapes["OptionalReasonInput"]["properties"]["reason"]
    assert shapes["PreviewInput"]["properties"]["days"] == {"type": "integer", "minimum": 1, "maximum": 60}
    assert {"$ref": "#/components/schemas/BlankEnum"} in shapes["Zombie"]["properties"]["resolution"]["oneOf"]
    parameters = described["paths"]["/api/v1/campaigns/"]["get"]["parameters"]
    bounds = {item["name"]: item["schema"].get("minimum") for item in parameters}
    assert (bounds["hypothesis"], bounds["page"], bounds["page_size"]) == (1, 1, 1)


def test_docs__asked_for_by_anybody__have_no_inline_script_or_style(client: Client) -> None:
    page = client.get("/api/v1/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert "<style" not in text
    assert " style=" not in text
    scripts = text.split("<script")[1:]
    assert all("></script>" in script for script in scripts)
    script = client.get("/api/v1/docs/?script=")
    assert script.status_code == 200
    assert script["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A server closes its connection after each request; here it holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


DESCRIBED = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)
OPERATIONS = [found.ok() for found in DESCRIBED.get_all_operations() if isinstance(found, Ok)]


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_api__sent_whatever_comes_to_mind__answers_as_it_is_described(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], secret_of: Callable[..., str]
) -> None:
    headers = {"Authorization": f"Bearer {secret_of(*Scope, role=Role.OWNER)}"}

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answers_as_described(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers_as_described()
