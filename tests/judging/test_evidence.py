"""What speaks against a campaign: the kinds of evidence, and the days that they may see."""

import math
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from experiments.choices import WatchState
from experiments.models import Breach, Campaign, CriterionWatch
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_workspace, report
from tests.judging.losing import LAUNCH, NOW, loser
from workspaces.models import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])


def chance_of_no_event(events_expected: float, *, days: int) -> float:
    """R1 worked out for equal days without an event: shape 1, and a rate of 1 + E/φ times the limit."""
    guess = events_expected / (events_expected + 1)
    spreads = [0.2 * math.exp(0.8 * NormalDist().inv_cdf((k - 0.5) / 12)) for k in range(1, 13)]
    weights = [math.pow(days / guess + spread**2, (1 - days) / 2) for spread in spreads]
    inflations = [1 + spread**2 * guess / days for spread in spreads]
    chances = [1 - math.exp(-(1 + events_expected / inflation)) for inflation in inflations]
    return float(np.average(chances, weights=weights))


def test_judging__no_conversion_for_thrice_the_target__is_evidence(campaign: Campaign) -> None:
    make_criteria(
        campaign, {"metric": "cpa", "comparator": "above", "threshold": 40, "guards": {"spend": "120.00"}}
    )
    report(campaign, "2026-11-16", conversions=0, spend=120)

    # After a week all conversions of a day are there.
    judge_campaigns([campaign.pk], at=NOW + timedelta(days=4))

    breach = Breach.objects.get()
    assert breach.value is None
    assert breach.strength == pytest.approx(chance_of_no_event(3, days=1))


def test_judging__conversions_not_reported__is_no_evidence(campaign: Campaign) -> None:
    make_criteria(
        campaign, {"metric": "cpa", "comparator": "above", "threshold": 40, "guards": {"spend": "120.00"}}
    )
    for day in ("16", "17"):
        report(campaign, f"2026-11-{day}", spend=5000)

    judge_campaigns([campaign.pk], at=NOW + timedelta(days=3))

    watch = CriterionWatch.objects.get()
    assert (watch.state, watch.value, watch.strength, watch.data_through) == ("waiting", None, None, None)


CPC = {"metric": "cpc", "comparator": "above", "threshold": "33.33"}
CPM = {"metric": "cpm", "comparator": "above", "threshold": "9.99"}
CPA = {"metric": "cpa", "comparator": "above", "threshold": 40}
CTR = {"metric": "ctr", "threshold": "0.003"}
ROAS = {"metric": "roas", "threshold": "1.1"}


@pytest.mark.parametrize(
    ("rule", "measures", "is_breach"),
    [
        (CPC, {"spend": "233.31", "clicks": 7}, False),
        (CPC, {"spend": "233.32", "clicks": 7}, True),
        (CPM, {"spend": "99.90", "impressions": 10_000}, False),
        (CPM, {"spend": "99.91", "impressions": 10_000}, True),
        (CPA, {"spend": "100.00", "conversions": 0}, True),
        (CTR, {"clicks": 30, "impressions": 10_000}, False),
        (CTR, {"clicks": 30, "impressions": 10_001}, True),
        # In doubles 1.1 × 100 lies above 110.
        (ROAS, {"revenue": "110.00", "spend": 100, "conversions": 3}, False),
        (ROAS, {"revenue": "109.99", "spend": 100, "conversions": 3}, True),
    ],
)
def test_judging__observed__is_decided_to_the_last_cent(
    campaign: Campaign, rule: dict[str, Any], measures: dict[str, Any], *, is_breach: bool
) -> None:
    make_criteria(campaign, {**rule, "evidence": "observed", "guards": {"days": 1}})
    report(campaign, "2026-11-16", **measures)

    judge_campaigns([campaign.pk], at=NOW)

    assert Breach.objects.exists() is is_breach


@pytest.mark.parametrize(("clicks", "is_breach"), [(45, False), (44, True)])
def test_judging__observed_with_a_margin__must_lie_a_tenth_beyond_on_three_closed_days(
    campaign: Campaign, clicks: int, *, is_breach: bool
) -> None:
    make_criteria(campaign, {"evidence": "observed_margin", "guards": {"impressions": 1}})
    # 0.9 × 0.5 % of 30,000 impressions is 135 clicks.
    for day in ("16", "17", "18"):
        assert not Breach.objects.exists()
        report(campaign, f"2026-11-{day}", impressions=10_000, clicks=clicks)
        judge_campaigns([campaign.pk], at=datetime(2026, 11, int(day) + 1, 6, tzinfo=UTC))

    assert Breach.objects.exists() is is_breach


def test_judging__always_valid__needs_days_that_agree(campaign: Campaign) -> None:
    make_criteria(campaign, {"evidence": "always_valid"})
    loser(campaign, days=1)
    judge_campaigns([campaign.pk], at=NOW)
    assert CriterionWatch.objects.get().strength is None

    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.BREACHED
    assert watch.evidence["kind"] == "always_valid"
    assert watch.evidence["e_value"] >= 20


def test_judging__return_without_any_order__is_judged_by_what_orders_are_worth_here() -> None:
    workspace = make_workspace()
    other = make_campaign(workspace, "shop", launched_at=LAUNCH, arms=["a"])
    report(other, "2026-11-16", revenue=800, conversions=10, spend=100)
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    make_criteria(campaign, {"metric": "roas", "threshold": 2, "guards": {"spend": "100.00"}})
    for day in ("16", "17"):
        report(campaign, f"2026-11-{day}", revenue=0, conversions=0, spend=100)

    judge_campaigns([campaign.pk], at=NOW + timedelta(days=5))

    # An order is worth 80, so one may cost 40: like a cost per order above 40 after 200 without one.
    assert Breach.objects.get().strength == pytest.approx(chance_of_no_event(5, days=2))


def test_judging__time_zone_of_the_account__closes_the_day(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    report(campaign, "2026-11-16", impressions=50_000, clicks=0, spend=500)
    Source.objects.of(campaign.workspace).filter(key="meta").update(timezone="America/Los_Angeles")

    # Midnight in Los Angeles is 08:00 in UTC; six hours later the day is closed.
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 13, 59, tzinfo=UTC))
    assert not Breach.objects.exists()

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 14, tzinfo=UTC))
    assert Breach.objects.exists()


def test_judging__part_of_a_day_of_a_campaign__waits_for_the_rest() -> None:
    """Two accounts: until both have closed a day, the campaign's day is not one."""
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH)
    make_criteria(campaign, {"action": "tell"})
    report(campaign, "2026-11-16", arm="a", source="meta", impressions=50_000, clicks=100, spend=500)
    report(campaign, "2026-11-16", arm="b", source="google", impressions=50_000, clicks=900, spend=500)
    Source.objects.of(campaign.workspace).filter(key="google").update(timezone="America/Los_Angeles")

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 7, tzinfo=UTC))
    assert CriterionWatch.objects.get().value is None

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 14, tzinfo=UTC))
    assert CriterionWatch.objects.get().value == 0.01


def test_judging__campaigns_with_all_kinds_of_rules__agree_with_judging_each_alone() -> None:
    workspace = make_workspace()
    rules: list[dict[str, Any]] = [
        {"metric": "ctr", "level": "arm"},
        {"metric": "cpa", "comparator": "above", "threshold": 30},
        {"metric": "cpa", "comparator": "above", "threshold": 20, "level": "arm"},
        {"metric": "roas", "threshold": 2},
        {"metric": "ctr", "evidence": "always_valid", "threshold": "0.009"},
        {"metric": "cpc", "comparator": "above", "threshold": 1, "evidence": "observed_margin"},
    ]
    campaigns = []
    for number, rule in enumerate(rules):
        campaign = make_campaign(workspace, f"test-{number}", launched_at=LAUNCH)
        make_criteria(campaign, {**rule, "action": "tell"})
        campaigns.append(campaign)
        for day in range(16, 18 + number % 3):
            for arm, clicks in (("a", 400 + 17 * number), ("b", 370 - 13 * day)):
                report(
                    campaign,
                    f"2026-11-{day}",
                    arm=arm,
                    impressions=50_000 + day,
                    clicks=clicks,
                    spend=300 + number,
                    conversions=9 + day % 4,
                    revenue=500 + 11 * number,
                )
    ids = [campaign.pk for campaign in campaigns]
    later = NOW + timedelta(days=5)

    judge_campaigns(ids, at=later)
    together = list(CriterionWatch.objects.order_by("criterion", "arm").values())
    assert len(together) == 8

    for campaign_id in ids:
        judge_campaigns([campaign_id], at=later + timedelta(hours=1))
    assert list(CriterionWatch.objects.order_by("criterion", "arm").values()) == together
