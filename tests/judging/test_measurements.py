"""Day sums: which days, which source, and what is not known."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import METRICS, CampaignStatus
from experiments.models import Campaign
from experiments.selectors.measurements import (
    Measurements,
    Phase,
    daily_spend,
    read_measurements,
    spend_totals,
)
from tests.factories import make_campaign, make_workspace, report
from workspaces.models import Source, Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def amounts(measured: Measurements, measure: str, campaign: int = 0, arm: int = 0) -> list[Any]:
    """An arm's days, ``None`` where not reported."""
    return [None if np.isnan(amount) else amount for amount in measured.values[measure][campaign, arm]]


def test_measurements__several_entities__are_summed(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH)
    report(campaign, "2026-11-16", entity="ad-1", clicks=10, spend=Decimal("0.1"))
    report(campaign, "2026-11-16", entity="ad-2", clicks=5, spend=Decimal("0.2"))

    measured = read_measurements([campaign], ["clicks", "spend"])

    assert amounts(measured, "clicks") == [15]
    # To the last digit, whatever doubles make of 0.1 + 0.2.
    assert amounts(measured, "spend") == [0.3]


def test_measurements__day_or_measure_not_reported__is_not_zero(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH)
    report(campaign, "2026-11-16", clicks=10, conversions=None)
    report(campaign, "2026-11-18", clicks=0, conversions=1)

    measured = read_measurements([campaign], ["clicks", "conversions"])

    assert amounts(measured, "clicks") == [10, None, 0]
    assert amounts(measured, "conversions") == [None, None, 1]
    assert amounts(measured, "clicks", arm=1) == [None, None, None]


def test_measurements__two_sources__the_first_in_precedence_speaks_for_each_measure(
    workspace: Workspace,
) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    report(campaign, "2026-11-16", source="meta", conversions=9, spend=100)
    report(campaign, "2026-11-16", source="crm", conversions=4)
    report(campaign, "2026-11-16", source="analytics", conversions=6, spend=90, visits=70)
    report(campaign, "2026-11-17", source="meta", conversions=8, spend=100)

    measured = read_measurements([campaign], ["conversions", "spend", "visits"])

    assert amounts(measured, "conversions") == [4, 8]
    assert amounts(measured, "spend") == [100, 100]
    assert amounts(measured, "visits") == [70, None]
    all_cells = measured.reported("conversions")[0]
    assert measured.sources_used(0, "conversions", all_cells) == ["crm", "meta"]


def test_measurements__precedence_changed__another_source_speaks(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    report(campaign, "2026-11-16", source="meta", conversions=9)
    report(campaign, "2026-11-16", source="crm", conversions=4)
    Source.objects.of(workspace).filter(key="crm").update(precedence=99)

    assert amounts(read_measurements([campaign], ["conversions"]), "conversions") == [9]


def test_measurements__days_before_launch__are_baseline(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    report(campaign, "2026-11-15", spend=70)
    report(campaign, "2026-11-16", spend=30)

    assert amounts(read_measurements([campaign], ["spend"]), "spend") == [30]
    with_baseline = read_measurements([campaign], ["spend"], baseline=True)
    assert amounts(with_baseline, "spend") == [70, 30]
    assert with_baseline.ran("spend").tolist() == [[[False, True]]]


def test_measurements__launch_day__is_that_of_the_workspace() -> None:
    # 18:30 on Sunday in New York is 00:30 on Monday in Berlin.
    launch = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)
    east = make_campaign(make_workspace("berlin", timezone="Europe/Berlin"), launched_at=launch, arms=["a"])
    west = make_campaign(make_workspace("york", timezone="America/New_York"), launched_at=launch, arms=["a"])
    for campaign in (east, west):
        report(campaign, "2026-11-15", spend=1)
        report(campaign, "2026-11-16", spend=2)

    measured = read_measurements([east, west], ["spend"])

    assert amounts(measured, "spend", campaign=0) == [2, None]
    assert amounts(measured, "spend", campaign=1) == [1, 2]


def test_measurements__after_a_stop__days_no_longer_count_but_are_kept(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        status=CampaignStatus.PAUSED,
        paused_at=datetime(2026, 11, 18, 12, tzinfo=UTC),
    )
    campaign.arms.filter(key="b").update(status="stopped", stopped_at=datetime(2026, 11, 16, 20, tzinfo=UTC))
    for day in ("16", "17", "18", "19"):
        for arm in ("a", "b"):
            report(campaign, f"2026-11-{day}", arm=arm, spend=10)

    measured = read_measurements([campaign], ["spend"])

    ran, arm_stopped, stopped = Phase.RAN, Phase.ARM_STOPPED, Phase.STOPPED
    assert measured.phase["spend"].tolist() == [
        [[ran, ran, ran, stopped], [ran, arm_stopped, arm_stopped, stopped]]
    ]


def test_measurements__stop_in_the_evening__falls_on_the_accounts_day(workspace: Workspace) -> None:
    """At 23:00 in UTC the account's next day has begun in Berlin."""
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        arms=["a"],
        status=CampaignStatus.PAUSED,
        paused_at=datetime(2026, 11, 17, 23, tzinfo=UTC),
    )
    Source.objects.of(workspace).filter(key="meta").update(timezone="Europe/Berlin")
    report(campaign, "2026-11-18", spend=3)
    report(campaign, "2026-11-19", spend=2)

    measured = read_measurements([campaign], ["spend"])

    assert measured.phase["spend"].tolist() == [[[Phase.RAN, Phase.STOPPED]]]


def test_measurements__closed_and_settled__follow_the_source_that_speaks(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    for day in ("16", "17", "18", "19"):
        report(campaign, f"2026-11-{day}", source="meta", spend=10, conversions=1)
        report(campaign, f"2026-11-{day}", source="crm", sales_qualified_leads=1)
    # Days close at 06:00. The conversions of Meta settle three days later, those of a CRM as they close.
    measured = read_measurements([campaign], ["spend", "conversions", "sales_qualified_leads"])

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)

    assert measured.closed("spend", at=at(5, 59)).tolist() == [[[True, True, True, False]]]
    assert measured.closed("spend", at=at(6)).tolist() == [[[True, True, True, True]]]
    assert measured.settled("conversions", at=at(6)).tolist() == [[[True, False, False, False]]]
    assert measured.complete(METRICS["cpa"], at=at(6)).tolist() == [[[True, False, False, False]]]
    per_lead = METRICS["cost_per_sales_qualified_lead"]
    assert measured.complete(per_lead, at=at(6)).tolist() == [[[True, True, True, True]]]


def test_measurements__as_of__leaves_later_days_out(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    report(campaign, "2026-11-16", spend=10)
    report(campaign, "2026-11-17", spend=10)

    assert amounts(read_measurements([campaign], ["spend"], as_of=date(2026, 11, 16)), "spend") == [10]


def test_measurements__nothing_reported__has_no_days(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH)

    measured = read_measurements([campaign], ["spend"])

    assert measured.values["spend"].shape == (1, 2, 0)
    assert spend_totals([campaign.pk]) == {campaign.pk: 0}
    assert daily_spend([campaign]) == {campaign.pk: {}}


def test_spend__sums_days_after_a_stop_and_no_baseline(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        status=CampaignStatus.KILLED,
        ended_at=datetime(2026, 11, 17, tzinfo=UTC),
    )
    report(campaign, "2026-11-15", spend=1000)
    report(campaign, "2026-11-16", spend=Decimal("10.10"))
    report(campaign, "2026-11-16", arm="b", spend=Decimal("10.20"))
    report(campaign, "2026-11-19", spend=Decimal("0.0001"))

    assert spend_totals([campaign.pk]) == {campaign.pk: Decimal("20.3001")}
    assert daily_spend([campaign]) == {
        campaign.pk: {date(2026, 11, 16): Decimal("20.30"), date(2026, 11, 19): Decimal("0.0001")}
    }


def test_measurements__more_campaigns__no_more_queries(workspace: Workspace) -> None:
    def count(campaigns: list[Campaign]) -> int:
        fresh = list(Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns]))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read_measurements(fresh, ["clicks", "spend"])
        return len(queries)

    campaigns = [make_campaign(workspace, f"test-{number}", launched_at=LAUNCH) for number in range(6)]
    for campaign in campaigns:
        report(campaign, "2026-11-16", clicks=1, spend=1)

    assert count(campaigns) == count(campaigns[:1])


def test_measurements__arms_of_others__are_not_read(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH)
    report(make_campaign(workspace, "other", launched_at=LAUNCH), "2026-11-16", clicks=9)
    for arm, clicks in (("a", 3), ("b", 4)):
        report(campaign, "2026-11-16", arm=arm, clicks=clicks)
    assert read_measurements([campaign], ["clicks"]).values["clicks"].tolist() == [[[3.0], [4.0]]]
