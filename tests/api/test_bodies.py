"""What is sent is read in one way, whoever reads it: whole or in parts, in full, and within the limit."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from drf_spectacular.generators import SchemaGenerator
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from api.decoding.limits import MOST_BYTES_OF_A_PLAN, read_body
from api.views.parsers import MOST_VALUES
from experiments.models import Campaign
from tests.api.conftest import BASE
from tests.api.test_problems import assert_problem
from workspaces.choices import Role

FORM = b"""--edge\r
Content-Disposition: form-data; name="file"; filename="export.csv"\r
Content-Type: text/csv\r
\r
Campaign,Day,Impressions,Clicks
hook-test,2026-05-20,100,5
\r
--edge\r
Content-Disposition: form-data; name="campaign"\r
\r
hook-test\r
--edge\r
Content-Disposition: form-data; name="arm"\r
\r
b\r
--edge--\r
"""


def send_in_parts(
    client: APIClient, path: str, body: bytes, content_type: str = "application/json", **headers: str
) -> Any:
    in_parts: Any = {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(body)}
    headers["Transfer-Encoding"] = "chunked"
    return client.post(f"{BASE}{path}", content_type=content_type, headers=headers, **in_parts)


def test_body__of_an_action_in_parts__is_heard(planner: APIClient, hook_test: Campaign) -> None:
    answer = send_in_parts(planner, "campaigns/hook-test/pause/", json.dumps({"reason": "Too dear"}).encode())
    assert (answer.status_code, answer.json()["stop_reason"]) == (200, "Too dear")


def test_body__of_a_form_in_parts__is_heard(connector: APIClient, hook_test: Campaign) -> None:
    answer = send_in_parts(connector, "imports/", FORM, "multipart/form-data; boundary=edge")
    assert (answer.status_code, answer.json()["inserted"]) == (201, 1)


def test_body__of_json_beyond_the_limit__is_413(planner: APIClient, hook_test: Campaign) -> None:
    answer = send_in_parts(planner, "campaigns/hook-test/pause/", b" " * (MOST_BYTES_OF_A_PLAN + 1))
    assert "1 MB" in assert_problem(answer, 413, "too_large")["detail"]


@pytest.mark.parametrize(
    ("path", "opening", "value", "closing"),
    [
        ("reallocations/", '{"lines": [', "{}", "]}"),
        ("hypotheses/", '{"guardrail_metrics": [', "[]", "]}"),
        ("campaigns/hook-test/pause/", '{"reason": {"a": [[', "0", "]]}}"),
    ],
)
def test_body__of_more_values_than_any_call_takes__is_refused_at_once(
    planner: APIClient, hook_test: Campaign, path: str, opening: str, value: str, closing: str
) -> None:
    body = opening + ",".join([value] * MOST_VALUES) + closing
    answer = planner.post(f"{BASE}{path}", body, content_type="application/json")
    problem = assert_problem(answer, 422, "too_many_values")
    assert "5,000 values" in problem["detail"]
    assert problem["errors"][0]["field"] == opening.split('"')[1]


def test_body__of_many_values_that_are_spread__names_none_of_them(planner: APIClient) -> None:
    body = json.dumps({f"x{number}": number for number in range(MOST_VALUES)})
    answer = planner.post(f"{BASE}hypotheses/", body, content_type="application/json")
    assert "errors" not in assert_problem(answer, 422, "too_many_values")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ('Content-Disposition: form-data; name="map"\r\n\r\nA=spend', "more than 1,000 fields"),
        ('Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nA', "more than 100 files"),
    ],
)
def test_body__of_more_parts_than_a_form_may_have__says_how_many(
    connector: APIClient, part: str, words: str
) -> None:
    body = f"--edge\r\n{part}\r\n" * 1001 + "--edge--\r\n"
    answer = connector.post(f"{BASE}imports/", body, content_type="multipart/form-data; boundary=edge")
    assert words in assert_problem(answer, 400, "malformed")["detail"]


def test_body__that_ends_before_its_length__is_malformed() -> None:
    request = RequestFactory().post("/", b'{"reason": "a"}', content_type="application/json")
    request.META["CONTENT_LENGTH"] = "99"
    request._stream = BytesIO(b'{"reason": "a"}')
    with pytest.raises(ParseError, match="15 of the 99 bytes"):
        read_body(request)


def test_body__of_a_form_with_a_session__is_done_once(
    session: Callable[[Role], APIClient], hook_test: Campaign
) -> None:
    client = session(Role.MARKETER)
    client.handler.enforce_csrf_checks = True
    client.cookies["csrftoken"] = token = "a" * 32
    headers = {"Idempotency-Key": "today", "X-CSRFToken": token}

    def send() -> Any:
        return client.post(
            f"{BASE}imports/", FORM, content_type="multipart/form-data; boundary=edge", headers=headers
        )

    first, again = send(), send()
    assert (first.status_code, first.json()["inserted"]) == (201, 1)
    assert again.content == first.content


def bare_actions() -> list[str]:
    """The addresses of all POSTs that take no body, as the description of the API has them."""
    generator: Any = SchemaGenerator()
    paths = generator.get_schema(request=None, public=True)["paths"]
    return sorted(
        re.sub(r"\{\w+\}", "1", path)
        for path, calls in paths.items()
        if "post" in calls and "requestBody" not in calls["post"]
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [('{"because": "x"}', 422, "unknown_field"), ("garbage{", 400, "malformed"), ("[]", 422, "invalid")],
)
def test_action__that_takes_no_body__refuses_any(
    planner: APIClient, body: str, status: int, code: str
) -> None:
    assert len(bare_actions()) >= 14
    for path in bare_actions():
        assert_problem(planner.post(path, body, content_type="application/json"), status, code)


def test_action__that_takes_no_body__takes_an_empty_object(planner: APIClient, hook_test: Campaign) -> None:
    assert planner.post(f"{BASE}campaigns/hook-test/pause/").status_code == 200
    answer = planner.post(f"{BASE}campaigns/hook-test/resume/", "{}", content_type="application/json")
    assert answer.status_code == 200
