"""A kill criterion from its guards to its breach."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from experiments.choices import CampaignStatus, CriterionAction, EvidenceKind, WatchState
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.selectors.criteria import criteria_status
from experiments.services.criteria import overrule_breach
from experiments.services.judging import judge_campaigns, sweep
from tests.factories import make_actor, make_campaign, make_criteria, make_workspace, report
from workspaces.choices import Role
from workspaces.models import Event, Source

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Friday after the close of Thursday, and before that of Friday.
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])


def loser(campaign: Campaign, *, days: int = 4, spend: str = "500.00") -> None:
    """Half the clicks that a CTR of 0.5 % would bring, day after day."""
    for day in range(16, 16 + days):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=125, spend=Decimal(spend))


def test_judging__clear_loser_past_its_guard__breaches_and_pauses(campaign: Campaign) -> None:
    [criterion] = make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)

    result = judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert campaign.paused_at == NOW
    breach = Breach.objects.get()
    assert result.breaches == (breach.pk,)
    assert breach.rule == criterion.rule_text
    assert breach.criteria_digest == campaign.criteria_digest
    assert breach.value == pytest.approx(0.0025)
    assert breach.strength is not None
    assert breach.strength > 0.999
    assert str(breach.data_through) == "2026-11-19"
    assert breach.numbers == {"impressions": 200_000, "clicks": 500, "spend": "2000.00", "days": 4}
    kinds = list(Event.objects.filter(subject_type="campaign").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["criterion.breached", "campaign.paused"]


def test_judging__twice__changes_nothing(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]
    events = Event.objects.count()

    result = judge_campaigns([campaign.pk], at=NOW + timedelta(minutes=5))

    assert result.breaches == ()
    assert Event.objects.count() == events
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]


def test_judging__spend_a_cent_below_the_guard__waits(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)
    report(campaign, "2026-11-19", spend=Decimal("499.99"))

    judge_campaigns([campaign.pk], at=NOW)

    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.WAITING
    assert watch.guard_progress == {"spend": {"have": "1999.99", "need": "2000.00"}}
    assert not Breach.objects.exists()

    report(campaign, "2026-11-19", spend=Decimal("500.00"))
    judge_campaigns([campaign.pk], at=NOW)

    watch.refresh_from_db()
    assert watch.state == WatchState.BREACHED


@pytest.mark.parametrize(
    ("kind", "is_breach"), [(EvidenceKind.PROBABLE, False), (EvidenceKind.OBSERVED, True)]
)
def test_judging__day_still_open__speaks_to_observed_only(
    campaign: Campaign, kind: EvidenceKind, *, is_breach: bool
) -> None:
    make_criteria(campaign, {"evidence": kind})
    loser(campaign, days=1)

    # Monday's numbers count as complete at 06:00 on Tuesday.
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 5, 59, tzinfo=UTC))
    assert Breach.objects.exists() is is_breach

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 6, tzinfo=UTC))
    assert Breach.objects.exists()


def test_judging__guards__are_all_needed(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "100.00", "days": 3, "clicks": 300}})
    loser(campaign, days=2)
    judge_campaigns([campaign.pk], at=NOW)
    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.WAITING
    assert watch.guard_progress == {
        "spend": {"have": "1000.00", "need": "100.00"},
        "days": {"have": 2, "need": 3},
        "clicks": {"have": 250, "need": 300},
    }

    loser(campaign, days=3)
    judge_campaigns([campaign.pk], at=NOW)
    watch.refresh_from_db()
    assert watch.state == WatchState.BREACHED


def test_judging__good_campaign__is_watched_from_waiting_to_judging(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "1000.00"}})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=500, spend=400)
        # Just after the day's close.
        judge_campaigns([campaign.pk], at=datetime(2026, 11, int(day) + 1, 6, tzinfo=UTC))

    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.JUDGING
    assert watch.value == pytest.approx(0.01)
    assert watch.strength is not None
    assert watch.strength < 0.05
    steps = list(Judgement.objects.values_list("data_through__day", "state"))
    assert steps == [(16, "waiting"), (17, "waiting"), (18, "judging")]
    assert not Event.objects.filter(subject_type="campaign").exists()


def test_judging__restated_day_takes_the_guard_away__waits_again(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "1000.00"}})
    report(campaign, "2026-11-16", impressions=100_000, clicks=1_000, spend=1000)
    judge_campaigns([campaign.pk], at=NOW)
    assert CriterionWatch.objects.get().state == WatchState.JUDGING

    report(campaign, "2026-11-16", spend=900)
    judge_campaigns([campaign.pk], at=NOW)

    assert CriterionWatch.objects.get().state == WatchState.WAITING
    assert Judgement.objects.get().state == WatchState.WAITING


def test_judging__restatement_after_the_breach__keeps_the_breach_as_it_was(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    before = Breach.objects.values().get()

    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=900)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=1))

    assert Breach.objects.values().get() == before
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.BREACHED
    # What the numbers say now stands beside what they said then.
    assert watch.value == pytest.approx(0.018)
    assert watch.strength is not None
    assert watch.strength < 0.05


def test_judging__breach_overturned_by_a_restatement__gets_one_second_look(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    second_looks = Event.objects.filter(kind="criterion.overturned")
    assert not second_looks.exists()
    assert criteria_status(campaign)[0]["second_look"] is False

    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=900)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=1))
    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=901)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=2))

    assert second_looks.get().data["value"] == pytest.approx(0.018)
    assert criteria_status(campaign)[0]["second_look"] is True
    assert criteria_status(campaign)[0]["state"] == "breached"


@pytest.mark.parametrize("action", [CriterionAction.ASK, CriterionAction.TELL])
def test_judging__action_that_stops_nothing__tells_only(campaign: Campaign, action: CriterionAction) -> None:
    make_criteria(campaign, {"action": action})
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.LIVE
    event = Event.objects.get(subject_type="campaign")
    assert (event.kind, event.data["action"]) == ("criterion.breached", action)


def test_judging__two_criteria_broken_at_once__both_breach_and_the_campaign_pauses_once(
    campaign: Campaign,
) -> None:
    make_criteria(
        campaign, {}, {"metric": "cpc", "comparator": "above", "threshold": 3, "evidence": "observed"}
    )
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    assert Breach.objects.count() == 2
    assert Event.objects.filter(kind="campaign.paused").count() == 1


def test_judging__criterion_of_each_arm__stops_the_losing_arm_only() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a", "b", "c"])
    make_criteria(campaign, {"level": "arm"})
    for day in ("16", "17", "18", "19"):
        for arm, clicks in (("a", 500), ("b", 100), ("c", 500)):
            report(campaign, f"2026-11-{day}", arm=arm, impressions=50_000, clicks=clicks, spend=200)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.LIVE
    states = dict(CriterionWatch.objects.values_list("arm__key", "state"))
    assert states == {"a": "judging", "b": "settled", "c": "judging"}
    assert list(campaign.arms.filter(status="stopped").values_list("key", flat=True)) == ["b"]
    assert Breach.objects.get().numbers["clicks"] == 400

    events = Event.objects.count()
    judge_campaigns([campaign.pk], at=NOW + timedelta(days=1))
    assert Event.objects.count() == events


def test_judging__losing_control__pauses_the_campaign_whose_breach_stays_open() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH)
    make_criteria(campaign, {"level": "arm"})
    for day in ("16", "17", "18", "19"):
        report(campaign, f"2026-11-{day}", arm="a", impressions=50_000, clicks=100, spend=200)
        report(campaign, f"2026-11-{day}", arm="b", impressions=50_000, clicks=500, spend=200)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert Breach.objects.open().get().watch.arm == campaign.arms.get(key="a")


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED])
def test_judging__stopped_campaign__gets_no_new_breach(status: CampaignStatus) -> None:
    campaign = make_campaign(
        make_workspace(), launched_at=LAUNCH, arms=["a"], status=status, paused_at=NOW, ended_at=NOW
    )
    make_criteria(campaign, {})
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    assert not CriterionWatch.objects.exists()
    assert not Breach.objects.exists()


def test_judging__overruled_criterion__rests_through_its_day_and_then_breaches_anew(
    campaign: Campaign,
) -> None:
    manager = make_actor(campaign.workspace, Role.MANAGER)
    [criterion] = make_criteria(campaign, {"action": "ask"})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    overrule_breach(
        campaign.key, criterion.pk, reason="Black Friday", until=date(2026, 11, 22), by=manager, at=NOW
    )

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    assert CriterionWatch.objects.get().state == WatchState.OVERRULED

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 23, tzinfo=UTC))
    assert CriterionWatch.objects.get().state == WatchState.BREACHED
    assert Breach.objects.count() == 2


@pytest.mark.parametrize("deed", ["taken away", "added"])
def test_judging__criteria_changed_behind_the_digest__are_not_judged(
    campaign: Campaign, deed: str, caplog: pytest.LogCaptureFixture
) -> None:
    rules = make_criteria(campaign, {})
    loser(campaign)
    # The database keeps frozen rules and the digest as they are; that these are all, only the digest proves.
    if deed == "added":
        rules[0].pk, rules[0].position = None, 2
        rules[0].save(force_insert=True)
    else:
        KillCriterion.objects.filter(campaign=campaign).update(retired_at=NOW)

    swept = sweep(at=NOW)
    result = swept.judging

    assert result.tampered == (campaign.key,)
    assert f"{campaign.key}: its kill criteria are not those that were frozen" in swept.lines()[1]
    assert (result.judged, result.breaches) == (0, ())
    assert not CriterionWatch.objects.exists()
    assert f"criteria of campaign {campaign.key} are not those that were frozen" in caplog.text


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


def test_judging__mark_of_due_work__is_cleared_unless_a_post_renewed_it(campaign: Campaign) -> None:
    Campaign.objects.update(judge_due_at=NOW)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.judge_due_at is None


def test_judging__draft__is_left_alone() -> None:
    campaign = make_campaign(make_workspace(), status=CampaignStatus.DRAFT)

    assert judge_campaigns([campaign.pk], at=NOW).judged == 0


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
