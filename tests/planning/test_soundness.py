"""Rules that cannot do their work: what can never fire is refused, what is hardly meant is said in time."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.exceptions import CampaignNotReady, Invalid, Refused
from experiments.models import Campaign
from experiments.services.campaigns import (
    change_campaign,
    create_campaign,
    doubts_about_rules,
    missing_for_launch,
)
from sprints.services.launching import adopt_campaign, launch_campaign
from sprints.services.planning import start_sprint
from sprints.services.readiness import read_plan
from tests.factories import (
    campaign_values,
    criterion_values,
    make_campaign,
    make_draft,
    make_hypothesis,
    make_sprint,
)
from tests.planning.refusals import codes
from workspaces.permissions import Actor

CPA = criterion_values(metric="cpa", comparator="above", threshold=Decimal(40), guards={"spend": "120.00"})
ROAS = criterion_values(
    metric="roas", comparator="below", threshold=Decimal("2.5"), guards={"conversions": 10}
)


def draft(marketer: Actor, at: datetime, *rules: dict[str, Any], **changes: Any) -> Campaign:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
    return make_draft(marketer, hypothesis, at=at, kill_criteria=list(rules), **changes)


# What can never fire


@pytest.mark.parametrize(
    ("rule", "days", "missing"),
    [
        (
            {**CPA, "guards": {"spend": "2500.01"}},
            None,
            {"kill_criteria.0.guards.spend": "guard_beyond_budget"},
        ),
        ({**CPA, "guards": {"days": 6}}, 5, {"kill_criteria.0.guards.days": "guard_beyond_days"}),
        ({**CPA, "guards": {"days": 5}}, 5, {}),
        ({**CPA, "guards": {"days": 6}}, None, {}),
        # 2,500 buy 62.5 conversions at 40.
        ({**CPA, "guards": {"conversions": 62}}, None, {}),
        (
            {**CPA, "guards": {"conversions": 63}},
            None,
            {"kill_criteria.0.guards.conversions": "guard_out_of_reach"},
        ),
        (
            criterion_values(
                metric="cpm", comparator="above", threshold=Decimal(10), guards={"impressions": 250_000}
            ),
            None,
            {"kill_criteria.0.guards.impressions": "guard_out_of_reach"},
        ),
        # Below its limit a cost buys more than at it, so the guard is in reach.
        ({**CPA, "comparator": "below", "guards": {"conversions": 63}}, None, {}),
    ],
)
def test_rule__that_its_plan_never_lets_speak__keeps_the_campaign_from_its_launch(
    rule: dict[str, Any], days: int | None, missing: dict[str, str], marketer: Actor, at: datetime
) -> None:
    campaign = draft(marketer, at, rule)
    found = missing_for_launch(campaign, days=days)
    assert {item.field: item.code for item in found} == missing


def test_sprint__shorter_than_a_guard__does_not_start_and_says_why(marketer: Actor, at: datetime) -> None:
    campaign = draft(marketer, at, {**CPA, "guards": {"days": 5}})
    assert campaign.hypothesis
    sprint = make_sprint(marketer, campaign.hypothesis, at=at, days=4)
    (row,) = read_plan(sprint, today=sprint.starts_on).hypotheses
    assert "waits for 5 days, but the campaign runs 4" in row.missing[0]
    with pytest.raises(Refused, match="waits for 5 days, but the campaign runs 4"):
        start_sprint(sprint.pk, by=marketer, at=at)


def test_adoption__guard_beyond_the_last_day__is_refused(marketer: Actor, at: datetime) -> None:
    make_campaign(marketer.workspace)
    today = marketer.workspace.local_day(at)
    values = {"kill_criteria": [{**CPA, "guards": {"days": 2}}], "budget": "500.00", "runs_until": today}
    with pytest.raises(Invalid) as refusal:
        adopt_campaign("hook-test", values=values, by=marketer, at=at)
    assert codes(refusal.value) == {"kill_criteria.0.guards.days": "guard_beyond_days"}


# Percent or a fraction


@pytest.mark.parametrize(("metric", "threshold"), [("ctr", "0.5"), ("ctr", "0.1"), ("cvr", "0.5")])
def test_share__that_may_be_a_percentage__is_asked_about(
    metric: str, threshold: str, marketer: Actor, at: datetime
) -> None:
    rule = criterion_values(metric=metric, threshold=threshold)
    with pytest.raises(Invalid) as refusal:
        create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    assert codes(refusal.value) == {"kill_criteria.0.threshold": "fraction_or_percent"}
    assert f"{threshold}% is {Decimal(threshold) / 100:f}" in refusal.value.message


@pytest.mark.parametrize(("metric", "threshold"), [("ctr", "0.099"), ("open_rate", "0.3")])
def test_share__that_such_a_metric_has__is_taken(
    metric: str, threshold: str, marketer: Actor, at: datetime
) -> None:
    rule = criterion_values(metric=metric, threshold=threshold)
    campaign = create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    assert campaign.kill_criteria.get().threshold == Decimal(threshold)


@pytest.mark.parametrize(("unit", "kept"), [("fraction", "0.5"), ("percent", "0.005")])
def test_share__whose_unit_is_said__is_taken_and_stays_through_other_changes(
    unit: str, kept: str, marketer: Actor, at: datetime
) -> None:
    rule = criterion_values(threshold="0.5", threshold_unit=unit)
    create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    campaign = change_campaign("founder-video", values={"name": "Again"}, by=marketer, at=at)
    assert campaign.kill_criteria.get().threshold == Decimal(kept)
    doubted = "doubtful_share" in [item.code for item in doubts_about_rules(campaign)]
    assert doubted is (unit == "fraction")


def test_unit__of_money__is_refused(marketer: Actor, at: datetime) -> None:
    rule = {**CPA, "threshold_unit": "percent"}
    with pytest.raises(Invalid) as refusal:
        create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    assert codes(refusal.value) == {"kill_criteria.0.threshold_unit": "unit_not_for_metric"}


@pytest.mark.parametrize("threshold", ["0", "100"])
def test_percent__that_is_no_share__is_refused(threshold: str, marketer: Actor, at: datetime) -> None:
    rule = criterion_values(threshold=threshold, threshold_unit="percent")
    with pytest.raises(Invalid):
        create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)


# What is hardly meant


@pytest.mark.parametrize(
    ("rules", "changes", "doubts"),
    [
        ([CPA], {}, []),
        ([CPA, ROAS], {}, []),
        ([ROAS], {}, ["silent_without_conversions"]),
        ([{**CPA, "comparator": "below"}], {}, ["stops_the_good"]),
        ([{**CPA, "comparator": "below", "action": "tell"}], {}, []),
        ([criterion_values(comparator="above")], {}, ["stops_the_good"]),
        ([{**CPA, "threshold": Decimal(39)}], {}, ["stricter_than_target"]),
        ([{**CPA, "threshold": Decimal(39), "action": "tell"}], {}, []),
        ([{**CPA, "guards": {"spend": "2250.00"}}], {}, ["guard_takes_the_budget"]),
        ([{**CPA, "guards": {"spend": "2249.99"}}], {}, []),
        ([{**CPA, "guards": {"spend": "1125.00"}, "level": "arm"}], {}, ["guard_takes_the_budget"]),
        ([{**CPA, "guards": {"conversions": 5}}, CPA], {}, ["waits_for_events"]),
        ([{**CPA, "guards": {"days": 8}}], {}, ["guard_beyond_any_sprint"]),
        ([{**ROAS, "threshold": Decimal(250)}, CPA], {}, ["doubtful_return"]),
        ([{**CPA, "metric": "cost_per_sales_qualified_lead"}], {}, ["not_counted_by_channel"]),
        ([{**CPA, "metric": "cost_per_sales_qualified_lead"}], {"channel": "own-network"}, []),
        # What can never fire is said once, as what is missing.
        ([{**CPA, "guards": {"spend": "9999.00"}}], {}, []),
    ],
)
def test_rule__possible_and_hardly_meant__is_doubted_before_the_launch(
    rules: list[dict[str, Any]], changes: dict[str, Any], doubts: list[str], marketer: Actor, at: datetime
) -> None:
    campaign = draft(marketer, at, *rules, **changes)
    assert [item.code for item in doubts_about_rules(campaign)] == doubts


def test_doubts__guard_of_all_days__are_told_by_the_plan_of_the_sprint_which_starts_all_the_same(
    marketer: Actor, at: datetime
) -> None:
    campaign = draft(marketer, at, {**CPA, "guards": {"days": 5}})
    assert campaign.hypothesis
    sprint = make_sprint(marketer, campaign.hypothesis, at=at, days=5)
    (row,) = read_plan(sprint, today=sprint.starts_on).hypotheses
    (planned,) = row.campaigns
    assert not row.missing
    assert "it speaks after the last one" in planned.doubts[0]
    start_sprint(sprint.pk, by=marketer, at=at)


def test_launch__late_in_its_sprint__counts_the_days_that_are_left(marketer: Actor, at: datetime) -> None:

    campaign = draft(marketer, at, CPA)
    assert campaign.hypothesis
    start_sprint(make_sprint(marketer, campaign.hypothesis, at=at, days=5).pk, by=marketer, at=at)
    make_draft(marketer, campaign.hypothesis, "late", at=at, kill_criteria=[{**CPA, "guards": {"days": 3}}])
    with pytest.raises(CampaignNotReady, match="waits for 3 days, but the campaign runs 2"):
        launch_campaign("late", by=marketer, at=at + timedelta(days=3))
