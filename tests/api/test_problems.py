"""Every refusal is a problem document; nothing that is sent makes a 500."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from api.errors import field_errors, problem_details
from experiments.choices import CampaignStatus
from experiments.models import Campaign
from tests.api.conftest import BASE, CAMPAIGN, HYPOTHESIS, ClientOf
from workspaces.choices import Role, Scope
from workspaces.exceptions import FieldError, Invalid, NotAllowed, NotFound, Refused

NUL = "\x00"


def assert_problem(answer: Any, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail", "code"}
    assert body["status"] == status
    assert body["detail"]
    if code is not None:
        assert body["code"] == code
        assert body["type"] == f"urn:quickno:problem:{code}"
    return body


@pytest.mark.parametrize(
    "body", ["{", "[1,", '{"a": NaN}', '{"a": 1' + "0" * 5000 + "}", "\xff", "[" * 100_000]
)
def test_post__malformed_json__is_400(planner: APIClient, body: str) -> None:
    answer = planner.post(f"{BASE}sprints/", body.encode("latin-1"), content_type="application/json")
    assert_problem(answer, 400, "malformed")


@pytest.mark.parametrize("charset", ["utf-16", "rot13", "hex", "nonsense", "idna"])
def test_post__odd_charset__is_read_as_utf_8(planner: APIClient, charset: str) -> None:
    body = '{"name": "Hooks", "starts_on": "2026-11-23", "ends_on": "2026-11-27"}'
    answer = planner.generic("POST", f"{BASE}sprints/", body, f"application/json; charset={charset}")
    assert answer.status_code == 201


@pytest.mark.parametrize("body", ["", "[]", "null", "1", '"a"', '{"name": {"a": 1}}', "[[]]"])
def test_post__json_of_another_shape__is_422(planner: APIClient, body: str) -> None:
    answer = planner.post(f"{BASE}sprints/", body, content_type="application/json")
    assert_problem(answer, 422)


def test_post__form_data__is_415(planner: APIClient) -> None:
    assert_problem(planner.post(f"{BASE}sprints/", {"name": "a"}, format="multipart"), 415)


def test_put__is_405_and_says_what_is_allowed(planner: APIClient) -> None:
    answer = planner.put(f"{BASE}sprints/", {})
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_post__several_wrong_fields__names_each(planner: APIClient) -> None:
    answer = planner.post(f"{BASE}sprints/", {"starts_on": "soon", "ends_on": "2026-02-30", "gaol": "a"})
    errors = {item["field"] for item in assert_problem(answer, 422)["errors"]}
    assert errors == {"gaol"}
    answer = planner.post(f"{BASE}sprints/", {"starts_on": "soon", "ends_on": "2026-02-30"})
    errors = {item["field"] for item in assert_problem(answer, 422)["errors"]}
    assert errors == {"name", "starts_on", "ends_on"}


@pytest.mark.parametrize("text", [NUL, f"a{NUL}b", "x" * 100_000])
@pytest.mark.parametrize("field", ["title", "kind", "owner", "primary_metric", "target", "because"])
def test_post__texts_that_no_database_takes__is_422(planner: APIClient, field: str, text: str) -> None:
    answer = planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {field: text})
    assert_problem(answer, 422)


@pytest.mark.parametrize("body", [r'{"name": "\ud800"}', r'{"\ud800": 1}', r'{"goal": ["\udfff"]}'])
def test_post__half_a_surrogate_pair__is_400(planner: APIClient, body: str) -> None:
    answer = planner.post(f"{BASE}sprints/", body, content_type="application/json")
    assert_problem(answer, 400, "malformed")


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63, 0, -1, "1e999999", 1e308, True, None, []])
@pytest.mark.parametrize("field", ["parent", "impact", "target", "mde_relative", "predicted_success"])
def test_post__numbers_out_of_all_proportion__is_refused_or_taken_as_none(
    planner: APIClient, field: str, number: object
) -> None:
    answer = planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {field: number})
    assert answer.status_code in {201, 422}, answer.content
    if answer.status_code == 201:
        assert answer.json()[field] in {None, 0.2, 0, 1, "1.00", "40.00"}


@pytest.mark.parametrize("number", ["Infinity", "1e999", "-1e999"])
def test_post__infinite_numbers__are_refused(planner: APIClient, number: str) -> None:
    body = f'{{"title": "t", "mde_relative": {number}}}'
    answer = planner.post(f"{BASE}hypotheses/", body, content_type="application/json")
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "path",
    [
        "sprints/999999999999999999/",
        "sprints/9999999999999999999/",
        f"sprints/{10**30}/",
        f"sprints/{'9' * 5000}/",
        "sprints/-1/",
        "sprints/a/",
        "sprints/%00/",
        "campaigns/%00/",
        "campaigns/%F0%9F%98%80/",
        "nothing/",
        "sprints",
        "",
        f"hypotheses/{10**30}/decide/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_any__address_of_nothing__is_404(planner: APIClient, path: str, method: str) -> None:
    answer = getattr(planner, method)(f"{BASE}{path}")
    if path == "sprints/999999999999999999/" and method in {"post", "delete"}:
        assert_problem(answer, 405)
    elif path == "sprints/999999999999999999/" and method == "patch":
        assert answer.status_code == 404
    else:
        assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=a",
        f"page={10**30}",
        "page=%00",
        "page=999",
    ],
)
def test_list__page_that_is_not__is_404(planner: APIClient, query: str) -> None:
    assert_problem(planner.get(f"{BASE}sprints/?{query}"), 404)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("hypotheses/", "status=gone"),
        ("hypotheses/", "status=%00"),
        ("hypotheses/", "owner=%00"),
        ("hypotheses/", "search=%00"),
        ("hypotheses/", "driver=Trust"),
        ("sprints/", "status=" + "x" * 1000),
        ("events/", "after=-1"),
        ("events/", f"after={10**30}"),
        ("events/", "after=now"),
        ("events/", "after=%00"),
        ("events/", "limit=0"),
        ("events/", "limit=100000"),
    ],
)
def test_list__query_that_means_nothing__is_422(planner: APIClient, path: str, query: str) -> None:
    assert_problem(planner.get(f"{BASE}{path}?{query}"), 422)


@pytest.mark.parametrize("size", ["0", "-5", "a", "%00", "1e9", "1_0", "%D9%A5"])
@pytest.mark.parametrize("path", ["sprints/", "metrics/"])
def test_list__page_size_that_is_none__says_what_is(planner: APIClient, path: str, size: str) -> None:
    body = assert_problem(planner.get(f"{BASE}{path}?page_size={size}"), 422, "out_of_range")
    assert "A page has 1 to " in body["detail"]


def test_list__page_size_beyond_the_most__gets_the_most(planner: APIClient) -> None:
    assert planner.get(f"{BASE}sprints/?page_size={10**30}").status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "code", "words"),
    [
        ("sprints/", "unknown=1", "unknown_parameter", "There are: status, page, page_size, format."),
        ("hypotheses/", "Search=a", "unknown_parameter", "search"),
        ("hypotheses/", "status=", "empty_parameter", "leave it out"),
        ("zombies/", "state=open&state=resolved", "given_twice", "twice"),
        ("metrics/", "on_error=skip", "unknown_parameter", "campaign, arm"),
        ("events/", "afer=3", "unknown_parameter", "after, limit"),
        ("ledger/balances/", "page=1", "unknown_parameter", "format"),
        ("campaigns/hook-test/analysis/", "metric=&as_of=", "invalid", "metric is empty"),
        ("campaigns/hook-test/criteria/", "status=live", "unknown_parameter", "page, page_size"),
        ("campaigns/hook-test/analysis/", "metric=zz", "unknown_choice", "ctr, cpc"),
        ("campaigns/", "status=zz", "invalid_choice", "draft, live"),
        ("campaigns/", "hypothesis=%D9%A1", "not_an_id", "from 1"),
        ("metrics/", "day_from=05/20/2026", "invalid", "2026-11-20"),
        ("sprints/", "format=xml", "unknown_choice", "Use json."),
        ("metrics/", "format=xml", "unknown_choice", "json or csv"),
    ],
)
def test_list__asked_what_it_does_not_know__says_what_it_does(
    planner: APIClient, hook_test: Campaign, path: str, query: str, code: str, words: str
) -> None:
    assert words in assert_problem(planner.get(f"{BASE}{path}?{query}"), 422, code)["detail"]


def test_post__with_an_unknown_parameter__does_nothing(planner: APIClient, hook_test: Campaign) -> None:
    answer = planner.post(f"{BASE}campaigns/hook-test/pause/?reason=dear", {})
    assert_problem(answer, 422, "unknown_parameter")
    hook_test.refresh_from_db()
    assert hook_test.status == CampaignStatus.LIVE


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sprints/?page=0", "whole numbers from 1"),
        ("sprints/?page=%D9%A1", "whole numbers from 1"),
        ("metrics/?cursor=a", "Begin without one"),
    ],
)
def test_list__place_that_is_none__says_how_to_go_on(planner: APIClient, path: str, words: str) -> None:
    assert words in assert_problem(planner.get(f"{BASE}{path}"), 404)["detail"]


@pytest.mark.parametrize("path", [f"{BASE}sprints/", f"{BASE}nothing/", "/api/v1"])
def test_any__for_a_foreign_host__is_a_problem(planner: APIClient, path: str) -> None:
    assert_problem(planner.get(path, headers={"Host": "elsewhere.example"}), 400, "unknown_host")


def test_page__for_a_foreign_host__is_a_page(planner: APIClient) -> None:
    answer = planner.get("/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"][:9]) == (400, "text/html")


def test_post__without_a_media_type__says_which(planner: APIClient) -> None:
    answer = planner.generic("POST", f"{BASE}sprints/", '{"name": "a"}', "")
    detail = assert_problem(answer, 415)["detail"]
    assert detail == "The Content-Type of this call's body is application/json; none was given."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"guards": None}, "spend, impressions, clicks, conversions or days"),
        ({"guards": {"days": True}}, "The number of days is a whole number from 1 to"),
        ({"guards": {"days": True}}, "true was given"),
    ],
)
def test_criterion__that_is_none__says_what_would_be(
    planner: APIClient, changes: dict[str, Any], words: str
) -> None:
    criterion = CAMPAIGN["kill_criteria"][0] | changes
    if criterion["guards"] is None:
        del criterion["guards"]
    answer = planner.post(f"{BASE}campaigns/", CAMPAIGN | {"kill_criteria": [criterion]})
    assert words in assert_problem(answer, 422)["detail"]


def test_fund__of_thousands_of_digits__is_refused_in_a_sentence(session: Callable[[Role], APIClient]) -> None:
    answer = session(Role.OWNER).post(f"{BASE}ledger/fund/", {"amount": int("9" * 4000), "reason": "a"})
    assert len(assert_problem(answer, 422, "too_large")["detail"]) < 200


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "image/png", "nonsense", ""])
def test_get__another_media_type_wanted__hears_json(planner: APIClient, accept: str) -> None:
    answer = planner.get(f"{BASE}sprints/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_read__without_the_scope__is_403(with_key: ClientOf) -> None:
    for path in ("sprints/", "hypotheses/", "events/", "webhook-endpoints/"):
        answer = with_key(Scope.METRICS_WRITE).get(f"{BASE}{path}")
        assert_problem(answer, 403, "missing_scope")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("a", "A."), 422),
        (Refused("b", "B."), 409),
        (NotAllowed("C.", code="c"), 403),
        (NotFound("D.", code="d"), 404),
    ],
)
def test_problem__of_a_domain_error__has_its_code_and_sentence(error: Any, status: int) -> None:
    answer = problem_details(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert (answer.data["code"], answer.data["detail"]) == (error.code, error.message)
    assert "errors" not in answer.data


def test_problem__with_rows_and_fields__lists_them_from_0() -> None:
    error = Invalid(
        "invalid",
        "Two things.",
        errors=[FieldError("x", "X.", field="spend", row=0), FieldError("y", "Y.")],
    )
    answer = problem_details(error, {})
    assert answer is not None
    assert answer.data["errors"] == [
        {"row": 0, "field": "spend", "code": "x", "message": "X."},
        {"code": "y", "message": "Y."},
    ]


def test_problem__of_what_nobody_foresaw__says_nothing_of_it() -> None:
    with override_settings(DEBUG=False):
        answer = problem_details(RuntimeError("password is 12345"), {})
    assert answer is not None
    assert answer.status_code == 500
    assert "12345" not in str(answer.data)
    assert answer.data["code"] == "internal_error"


def test_problem__of_what_nobody_foresaw__on_ones_own_machine_is_raised() -> None:
    with override_settings(DEBUG=True):
        assert problem_details(RuntimeError("a slip"), {}) is None


def test_field_errors__nested__are_named_by_their_path() -> None:
    complaint = [{"message": "Wrong.", "code": "wrong"}]
    details = {
        "name": complaint,
        "arms": [{}, {"key": complaint}],
        "non_field_errors": complaint,
        "components": {0: complaint},
    }
    assert [item.field for item in field_errors(details)] == ["name", "arms.1.key", None, "components.0"]


def test_list__searched_for_what_no_text_has__names_the_parameter(planner: APIClient) -> None:
    problem = assert_problem(planner.get(f"{BASE}hypotheses/?search=%00"), 422)
    assert [error["field"] for error in problem["errors"]] == ["search"]
