"""What a kill criterion would do, told before it is agreed on."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from experiments.services import previews
from experiments.stats.false_kill import RUNS, PlannedRun, Risk, Rule, false_kill_risk
from tests.api.conftest import BASE, CAMPAIGN, ClientOf
from workspaces.choices import Role, Scope
from workspaces.models import Workspace

# 1,000 a day at a CPM of 20.00 for a week, as in the tables of the method.
PLAN: dict[str, Any] = {
    "criterion": CAMPAIGN["kill_criteria"][0],
    "spend_per_day": "1000.00",
    "days": 7,
    "price_of_exposure": "0.02",
}


def preview(client: APIClient, **changes: Any) -> Any:
    return client.post(f"{BASE}kill-criteria/preview/", PLAN | changes)


def test_preview__of_a_rate__tells_risk_chance_and_spend(planner: APIClient) -> None:
    answer = preview(planner)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["sentence"].startswith("Pause the campaign when the CTR is probably below 0.5%")
    assert [(risk["truth"], risk["worse_by"]) for risk in body["truths"]] == [
        ("0.0055", -0.1),
        ("0.005", 0.0),
        ("0.004", 0.2),
        ("0.003", 0.4),
    ]
    stops = [risk["probability_stop"] for risk in body["truths"]]
    assert stops == sorted(stops)
    assert (body["false_kill_risk"], body["chance_to_catch_loser"]) == (stops[0], stops[-1])
    # It takes at least the guard, and stops long before the week's 7,000 are gone.
    assert 2000 <= float(body["expected_spend"]) < 4000


def test_preview__of_an_assumed_truth__puts_it_on_its_side(planner: APIClient) -> None:
    good = preview(planner, truth="0.006").json()
    assert good["false_kill_risk"] == good["truths"][-1]["probability_stop"]
    assert good["expected_spend"] == good["truths"][-1]["expected_spend"]
    bad = preview(planner, truth="0.0035").json()
    assert bad["chance_to_catch_loser"] == bad["truths"][-1]["probability_stop"]
    assert bad["false_kill_risk"] == preview(planner).json()["false_kill_risk"]


def test_preview__of_a_cost__takes_its_guard_in_money(planner: APIClient) -> None:
    rule = {"metric": "cpa", "comparator": "above", "threshold": "80.00", "guards": {"spend": "500.00"}}
    body = preview(planner, criterion=rule, price_of_exposure=None).json()
    assert [risk["truth"] for risk in body["truths"]] == ["72", "80", "96", "112"]
    assert body["chance_to_catch_loser"] > body["false_kill_risk"]


def test_preview__of_a_cost_where_only_settled_days_count__waits_for_them(planner: APIClient) -> None:
    rule = {"metric": "cpa", "comparator": "above", "threshold": "80.00", "guards": {"spend": "500.00"}}
    soon = preview(planner, criterion=rule, price_of_exposure=None).json()["truths"][-1]
    Workspace.objects.update(settled_days_only=True)
    patient = preview(planner, criterion=rule, price_of_exposure=None).json()["truths"][-1]
    assert soon["stopped_by_day"][2] > 0
    # The first day settles when three more are over.
    assert patient["stopped_by_day"][2] == 0 < patient["stopped_by_day"][3]
    assert float(patient["expected_spend"]) > float(soon["expected_spend"])


def test_preview__of_a_long_plan__costs_no_more_looks_than_of_two_weeks(
    planner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    # What other tests have asked is kept.
    previews._simulated.cache_clear()

    def count(rule: Rule, run: PlannedRun, *, runs: int, **how: Any) -> tuple[Risk, ...]:
        looks.append(run.days * runs)
        return false_kill_risk(rule, run, runs=10, **how)

    monkeypatch.setattr("experiments.services.previews.false_kill_risk", count)
    for days in (1, 14, 30, 60):
        assert preview(planner, days=days).status_code == 200
    assert max(looks) == looks[1] == 14 * RUNS


def test_preview__asked_twice__shows_the_same_figures(planner: APIClient) -> None:
    assert preview(planner).content == preview(planner).content


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price_of_exposure": None}, "price_of_exposure"),
        ({"spend_per_day": "0"}, "spend_per_day"),
        ({"days": 61}, "days"),
        ({"criterion": PLAN["criterion"] | {"confidence": 0.9999999}}, "criterion.confidence"),
        ({"days": 10**30}, "days"),
        ({"truth": "1.5"}, "truth"),
        ({"spend_per_day": "99999999999", "price_of_exposure": "0.000001"}, "spend_per_day"),
        ({"criterion": PLAN["criterion"] | {"metric": "luck"}}, "criterion.metric"),
        ({"criterion": PLAN["criterion"] | {"threshold": "-1"}}, "criterion.threshold"),
        ({"criterion": PLAN["criterion"] | {"metric": "aov"}, "order_value": "60"}, "criterion.metric"),
        ({"criterion": PLAN["criterion"] | {"metric": "roas", "threshold": "2"}}, "order_value"),
    ],
)
def test_preview__of_what_cannot_be__names_the_field(
    planner: APIClient, changes: dict[str, Any], field: str
) -> None:
    answer = preview(planner, **changes)
    assert answer.status_code == 422, answer.content
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_preview__takes_the_scope_to_read(with_key: ClientOf) -> None:
    assert preview(with_key(Scope.READ, role=Role.VIEWER)).status_code == 200
    assert preview(with_key(Scope.PLAN_WRITE)).status_code == 403


def test_hypothesis_preview__of_a_cost__tells_days_money_and_what_sprints_see(planner: APIClient) -> None:
    asked = {"primary_metric": "cpa", "mde_relative": 0.23, "stands_at": "18.00", "money_per_day": "400.00"}
    answer = planner.post(f"{BASE}hypotheses/preview/", asked)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["sentence"].startswith(f"At $400 a day this needs {body['days_needed']} days")
    assert float(body["money_needed"]) == 400 * body["days_needed"]
    assert [(sprint["days"], sprint["money"]) for sprint in body["sprints"]] == [
        (4, "1600.00"),
        (5, "2000.00"),
        (6, "2400.00"),
        (7, "2800.00"),
    ]


def test_hypothesis_preview__of_a_rate_without_a_price__names_the_field(planner: APIClient) -> None:
    asked = {"primary_metric": "ctr", "mde_relative": 0.2, "stands_at": "0.01", "money_per_day": "400.00"}
    answer = planner.post(f"{BASE}hypotheses/preview/", asked)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["price_of_exposure"]
