"""Kill criteria as clients write them: percent or a fraction, what is doubted, and templates."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from experiments.models import Campaign, CriterionTemplate
from experiments.services.campaigns import import_campaign
from tests.api.conftest import BASE, CAMPAIGN, ClientOf
from tests.api.test_problems import assert_problem
from tests.factories import make_actor, make_running_sprint
from workspaces.choices import Role, Scope
from workspaces.models import Workspace

RULE: dict[str, Any] = CAMPAIGN["kill_criteria"][0]
TEMPLATES = f"{BASE}kill-criteria/templates/"


def create(client: APIClient, **changes: Any) -> Any:
    return client.post(f"{BASE}campaigns/", CAMPAIGN | {"kill_criteria": [RULE | changes]})


def test_share__that_may_be_a_percentage__is_refused_with_what_would_be_right(planner: APIClient) -> None:
    answer = create(planner, threshold="0.5")
    assert_problem(answer, 422, "fraction_or_percent")
    (error,) = answer.json()["errors"]
    assert error["field"] == "kill_criteria.0.threshold"
    assert "0.5% is 0.005" in error["message"]
    assert "threshold_unit" in error["message"]


@pytest.mark.parametrize(
    ("unit", "kept", "warned"), [("fraction", "0.5", ["doubtful_share"]), ("percent", "0.005", [])]
)
def test_share__whose_unit_is_said__is_taken_and_doubted_where_it_is_unusual(
    planner: APIClient, unit: str, kept: str, warned: list[str]
) -> None:
    answer = create(planner, threshold="0.5", threshold_unit=unit)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert float(body["kill_criteria"][0]["threshold"]) == float(kept)
    assert [item["code"] for item in body["warnings"]] == warned
    renamed = planner.patch(f"{BASE}campaigns/founder-video/", {"name": "Again"})
    assert renamed.status_code == 200, renamed.content
    assert renamed.json()["kill_criteria"] == body["kill_criteria"]


def test_warnings__of_a_draft__name_the_field(planner: APIClient) -> None:
    (warning,) = create(planner, comparator="above").json()["warnings"]
    assert (warning["code"], warning["field"]) == ("stops_the_good", "kill_criteria.0.comparator")
    assert "would stop what works" in warning["message"]


@pytest.mark.parametrize(
    ("changes", "field", "code", "words"),
    [
        ({"guards": {"spend": "9999.00"}}, "guards.spend", "guard_beyond_budget", "the budget is $2,500.00"),
        (
            {"metric": "cpa", "comparator": "above", "threshold": "50", "guards": {"conversions": 60}},
            "guards.conversions",
            "guard_out_of_reach",
            "it could never speak",
        ),
    ],
)
def test_warnings__rule_that_can_never_speak__is_told_before_the_launch_refuses_it(
    planner: APIClient, changes: dict[str, Any], field: str, code: str, words: str
) -> None:
    warnings = create(planner, **changes).json()["warnings"]
    (told,) = [item for item in warnings if item["code"] == code]
    assert told["field"] == f"kill_criteria.0.{field}"
    assert words in told["message"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"threshold": "0"}, "threshold", "not_positive"),
        ({"threshold": "-1"}, "threshold", "not_positive"),
        ({"threshold": "NaN"}, "threshold", "not_a_number"),
        ({"threshold": "1e400"}, "threshold", "out_of_range"),
        ({"threshold": "1"}, "threshold", "not_a_fraction"),
        ({"threshold": "0.5"}, "threshold", "fraction_or_percent"),
        ({"threshold": "100", "threshold_unit": "percent"}, "threshold", "out_of_range"),
        ({"guards": {}}, "guards", "guard_missing"),
        ({"guards": []}, "guards", "not_a_dict"),
        ({"guards": {"spend": "0"}}, "guards.spend", "not_positive"),
        ({"guards": {"days": 0}}, "guards.days", "out_of_range"),
        ({"guards": {"conversions": "NaN"}}, "guards.conversions", "not_a_number"),
        ({"confidence": 95}, "confidence", "out_of_range"),
    ],
)
def test_rule__that_cannot_be__is_refused_alike_in_a_draft_a_template_and_an_amendment(
    planner: APIClient, session: Callable[[Role], APIClient], changes: dict[str, Any], field: str, code: str
) -> None:
    rule = RULE | changes
    manager = session(Role.MANAGER)
    amended = {"criteria": [rule], "reason": "The price has changed."}
    make_running_sprint(make_actor(Workspace.objects.get(), email="mia@pilots.example"), at=timezone.now())
    key = Campaign.objects.get().key
    for answer, path in (
        (
            planner.post(f"{BASE}campaigns/", CAMPAIGN | {"key": "b", "kill_criteria": [rule]}),
            "kill_criteria.0",
        ),
        (planner.post(TEMPLATES, {"name": "Cold floor", "criterion": rule}), "criterion"),
        (manager.post(f"{BASE}campaigns/{key}/amend_criteria/", amended, format="json"), "criteria.0"),
    ):
        assert_problem(answer, 422, code)
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == (f"{path}.{field}", code)
        assert error["message"]


def test_warnings__of_an_amendment__are_told_in_its_answer_and_not_for_ever(
    planner: APIClient, session: Callable[[Role], APIClient]
) -> None:
    manager = session(Role.MANAGER)
    make_running_sprint(make_actor(Workspace.objects.get(), email="mia@pilots.example"), at=timezone.now())
    address = f"{BASE}campaigns/{Campaign.objects.get().key}/"
    unusual = RULE | {"threshold": "99.9", "threshold_unit": "percent"}
    amended = {"criteria": [unusual], "reason": "The price has changed."}
    answer = manager.post(f"{address}amend_criteria/", amended, format="json")
    assert answer.status_code == 200, answer.content
    assert [(item["code"], item["field"]) for item in answer.json()["warnings"]] == [
        ("doubtful_share", "kill_criteria.0.threshold")
    ]
    assert manager.get(address).json()["warnings"] == []


def test_warnings__of_an_adoption__are_told_in_its_answer(planner: APIClient) -> None:
    import_campaign(
        key="brand",
        name="Brand",
        channel="meta",
        external_id="",
        by=make_actor(Workspace.objects.get(), email="mia@pilots.example"),
        at=timezone.now(),
    )
    unusual = RULE | {"threshold": "99.9", "threshold_unit": "percent"}
    adopted = {"budget": "5000.00", "kill_criteria": [unusual]}
    answer = planner.post(f"{BASE}campaigns/brand/adopt/", adopted)
    assert answer.status_code == 200, answer.content
    assert [item["code"] for item in answer.json()["warnings"]] == ["doubtful_share"]


def test_guard__that_is_none__is_refused_with_those_that_there_are(planner: APIClient) -> None:
    answer = create(planner, guards={"clickz": 100})
    assert_problem(answer, 422, "unknown_field")
    (error,) = answer.json()["errors"]
    assert error["field"] == "kill_criteria.0.guards.clickz"
    assert "clicks, conversions, days" in error["message"]


def test_template__kept_listed_and_forgotten(planner: APIClient, with_key: ClientOf) -> None:
    answer = planner.post(TEMPLATES, {"name": "Cold floor", "criterion": RULE})
    assert answer.status_code == 201, answer.content
    template = answer.json()
    assert template["criterion"] == {**RULE, "guards": {"spend": "2000.00"}}
    assert template["sentence"].startswith("Pause the campaign when the CTR is probably below 0.5%")
    listed = planner.get(TEMPLATES).json()
    assert (listed["count"], listed["results"]) == (1, [template])
    assert_problem(planner.post(TEMPLATES, {"name": "Cold floor", "criterion": RULE}), 409, "name_taken")
    address = f"{TEMPLATES}{template['id']}/"
    assert_problem(planner.delete(address), 403, "missing_role")
    manager = with_key(Scope.READ, Scope.PLAN_WRITE, role=Role.MANAGER)
    assert manager.delete(address).status_code == 204
    assert_problem(manager.delete(address), 404, "not_found")
    assert not CriterionTemplate.objects.exists()
