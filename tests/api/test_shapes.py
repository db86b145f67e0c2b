"""Numbers, ids, days and texts are taken as they are written, and in one way of writing only."""

import json
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from experiments.models import Campaign, Observation
from experiments.services.exports.days import read_day
from experiments.services.exports.numbers import digits_of
from sprints.models import Sprint
from tests.api.conftest import BASE, CAMPAIGN, HYPOTHESIS
from tests.api.metrics import post, refused, row
from tests.api.test_problems import assert_problem
from workspaces.models import Workspace
from workspaces.models.reading import day_in, number_in, whole_in

SPRINT = {"name": "Hooks", "starts_on": "2026-11-23", "ends_on": "2026-11-27"}
CRITERION: dict[str, Any] = CAMPAIGN["kill_criteria"][0]


@pytest.mark.parametrize(
    "text", ["1_000", "١٢", "１２", " 12", "12 ", "12\n", "0x1f", "NaN", "Infinity", "", "."]
)
def test_reading__of_what_only_python_takes_for_a_number__finds_none(text: str) -> None:
    assert number_in(text) is None
    assert whole_in(text) is None


@pytest.mark.parametrize(
    "text", ["2026-1-5", "20260105", "２０２６-01-05", "2026-W02-1", " 2026-01-05", "2026-02-30"]
)
def test_reading__of_another_way_to_write_a_day__finds_none(text: str) -> None:
    assert day_in(text) is None


def test_cell__of_an_export_in_other_digits__is_neither_number_nor_day() -> None:
    assert digits_of("１２") is None
    assert read_day("２０２６-01-05") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", "1_000"),
        ("target", "٤٠"),
        ("target", " 40 "),
        ("mde_relative", "0.2_0"),
        ("mde_relative", True),
        ("predicted_success", True),
        ("predicted_success", "٠.٤"),
        ("impact", "٧"),
        ("impact", True),
        ("impact", " 7"),
        ("parent", "١"),
        ("parent", 1e3),
        ("parent", "1_0"),
        ("title", 5),
        ("owner", 5),
    ],
)
def test_hypothesis__with_a_value_of_another_shape__names_the_field(
    planner: APIClient, field: str, value: object
) -> None:
    answer = planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {field: value})
    assert [error["field"] for error in assert_problem(answer, 422)["errors"]] == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget": "1_000"}, "budget"),
        ({"kill_criteria": [CRITERION | {"threshold": "٠.٠٠٥"}]}, "kill_criteria.0.threshold"),
        ({"kill_criteria": [CRITERION | {"guards": {"spend": "1_000"}}]}, "kill_criteria.0.guards.spend"),
        ({"kill_criteria": [CRITERION | {"confidence": " 0.9"}]}, "kill_criteria.0.confidence"),
        ({"arms": [CAMPAIGN["arms"][0] | {"is_control": "yes"}, CAMPAIGN["arms"][1]]}, "arms.0.is_control"),
    ],
)
def test_campaign__with_a_value_of_another_shape__names_the_field(
    planner: APIClient, changes: dict[str, Any], field: str
) -> None:
    answer = planner.post(f"{BASE}campaigns/", CAMPAIGN | changes)
    assert [error["field"] for error in assert_problem(answer, 422)["errors"]] == [field]


@pytest.mark.parametrize("day", ["２０２６-11-23", "2026-11-2", "20261123", 20261123])
def test_sprint__with_a_day_written_otherwise__names_the_field(planner: APIClient, day: object) -> None:
    answer = planner.post(f"{BASE}sprints/", SPRINT | {"starts_on": day})
    assert [error["field"] for error in assert_problem(answer, 422)["errors"]] == ["starts_on"]


def test_sprint__on_a_page_with_a_day_in_other_digits__stays_on_the_form(
    planner: APIClient, workspace: Workspace, session: Any
) -> None:
    url = reverse("sprint_new", kwargs={"slug": workspace.slug})
    answer = session("owner").post(url, SPRINT | {"starts_on": "２０２６-11-23"})
    assert answer.status_code == 422
    assert not Sprint.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("day", "２０２６-05-20", "invalid_day"),
        ("day", "2026-5-20", "invalid_day"),
        ("reported_at", "0001-01-01T00:00:00+00:00", "invalid_time"),
    ],
)
def test_row__with_a_day_or_time_written_otherwise__is_refused(
    connector: APIClient, hook_test: Campaign, field: str, value: str, code: str
) -> None:
    errors = refused(post(connector, [row(**{field: value})]), code)
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]
    assert not Observation.objects.exists()


def test_body__with_a_member_twice__is_malformed(planner: APIClient) -> None:
    body = '{"name": "Hooks", "starts_on": "2026-11-23", "ends_on": "2026-11-27", "name": "Nooks"}'
    answer = planner.post(f"{BASE}sprints/", body, content_type="application/json")
    assert "“name” twice" in assert_problem(answer, 400, "malformed")["detail"]


def test_body__beginning_with_a_byte_order_mark__is_read_without_it(planner: APIClient) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(SPRINT).encode()
    assert planner.post(f"{BASE}sprints/", body, content_type="application/json").status_code == 201
