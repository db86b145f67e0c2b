"""What REST and the pages tell of a campaign's criteria."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Campaign
from experiments.selectors.criteria import criteria_status
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_workspace, report

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_workspace(), launched_at=LAUNCH)


def test_criteria__never_judged__are_waiting_with_nothing_known(campaign: Campaign) -> None:
    [criterion] = make_criteria(campaign)

    [status] = criteria_status(campaign)

    assert status["id"] == criterion.pk
    assert status["sentence"] == criterion.rule_text
    assert (status["metric"], status["comparator"], status["threshold"]) == ("ctr", "below", "0.005")
    assert (status["state"], status["value"], status["data_through"]) == ("waiting", None, None)
    assert status["evidence"] == {"kind": "probable", "probability": None}
    assert (status["breached_at"], status["history"]) == (None, [])


def test_criteria__breached__keep_the_days_and_the_breach_in_their_history(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "900.00"}})
    report(campaign, "2026-11-16", impressions=50_000, clicks=100, spend=500)
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 7, tzinfo=UTC))
    report(campaign, "2026-11-17", impressions=50_000, clicks=100, spend=500)
    judge_campaigns([campaign.pk], at=NOW)

    [status] = criteria_status(campaign)

    assert (status["state"], status["breached_at"]) == ("breached", NOW)
    assert (status["value"], status["data_through"]) == (0.002, date(2026, 11, 17))
    assert status["guard_progress"] == {"spend": {"have": "1000.00", "need": "900.00"}}
    assert status["evidence"]["probability"] > 0.95
    steps = [(entry["kind"], entry["data_through"].day, entry.get("state")) for entry in status["history"]]
    assert steps == [("judged", 16, "waiting"), ("judged", 17, "breached"), ("breached", 17, None)]
    assert status["history"][-1]["numbers"]["clicks"] == 200


def test_criteria__of_each_arm__are_one_entry_an_arm(campaign: Campaign) -> None:
    make_criteria(campaign, {}, {"level": "arm", "evidence": "always_valid"})
    judge_campaigns([campaign.pk], at=NOW)

    status = criteria_status(campaign)

    assert [(entry["level"], entry["arm"]) for entry in status] == [
        ("campaign", None),
        ("arm", "a"),
        ("arm", "b"),
    ]
    assert status[1]["evidence"] == {"kind": "always_valid", "e_value": None}


def test_criteria__more_of_them__no_more_queries(campaign: Campaign) -> None:
    def count(campaign: Campaign) -> int:
        fresh = Campaign.objects.select_related("workspace").get(pk=campaign.pk)
        with CaptureQueriesContext(connection) as queries:
            criteria_status(fresh)
        return len(queries)

    other = make_campaign(campaign.workspace, "other")
    make_criteria(campaign)
    make_criteria(other, {}, {"level": "arm"}, {"metric": "cpa", "comparator": "above", "threshold": 9})
    judge_campaigns([campaign.pk, other.pk], at=NOW)

    assert count(other) == count(campaign)
