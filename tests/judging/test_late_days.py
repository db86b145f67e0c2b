"""Late conversions: how much of a day counts, by whose curve, and what takes no part."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, MaturityEstimate
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.criteria import criteria_status
from experiments.services.campaigns import kill_campaign
from experiments.services.judging import judge_campaigns, sweep
from experiments.stats.maturity import DEFAULT_SHARE
from tests.factories import (
    make_actor,
    make_campaign,
    make_criteria,
    make_hypothesis,
    make_workspace,
    report,
)
from workspaces.models import Event, Source, Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Friday after the close of Thursday: Thursday is one day old, Monday four.
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
RULE = {"metric": "cpa", "comparator": "above", "threshold": 40, "guards": {"spend": "300.00"}}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return make_campaign(workspace, launched_at=LAUNCH, arms=["a"])


def days(campaign: Campaign, *numbers: int, at: datetime = NOW, **measures: Any) -> None:
    for number in numbers:
        report(campaign, f"2026-11-{number}", reported_at=at, **measures)


def guard(campaign: Campaign, at: datetime = NOW) -> str:
    """The spend that the rule's guard has seen."""
    judge_campaigns([campaign.pk], at=at)
    return str(CriterionWatch.objects.get().guard_progress["spend"]["have"])


def learn_curve(workspace: Workspace, share: list[float], source: str = "meta") -> MaturityEstimate:
    return MaturityEstimate.objects.create(
        workspace=workspace,
        source=Source.objects.of(workspace).get(key=source),
        share=share,
        low=share,
        high=share,
        days_known=[30] * (len(share) - 1),
        days=30,
        last_day=date(2026, 11, 1),
        learnt_at=LAUNCH,
    )


def test_cost_rule__young_day__counts_by_the_default_share_less_a_haircut(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 19, spend=1000, conversions=3)

    # 68 % are visible of a day that is one day old, and the curve may be 5 % off.
    assert guard(campaign) == "646.00"
    judge_campaigns([campaign.pk], at=NOW)
    breach = Breach.objects.get()
    assert breach.value == pytest.approx(646 / 3)
    assert breach.numbers == {"conversions": 3, "spend": "1000.00", "mature_spend": "646.00", "days": 1}


def test_cost_rule__old_day__counts_in_full(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 16, spend=1000, conversions=30, at=NOW + timedelta(days=4))

    assert guard(campaign, at=NOW + timedelta(days=4)) == "1000.00"


def test_cost_rule__curve_learnt__replaces_the_default(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    learn_curve(campaign.workspace, [0.6, 0.8, 1.0])
    days(campaign, 18, 19, spend=1000, conversions=30)

    assert guard(campaign) == str(1000 + Decimal("760.00"))


def test_cost_rule__less_than_half_visible__leaves_the_day_out(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    learn_curve(campaign.workspace, [0.1, 0.49, 0.9, 1.0])
    days(campaign, 18, 19, spend=1000, conversions=30)

    assert guard(campaign) == "855.00"
    assert CriterionWatch.objects.get().data_through == date(2026, 11, 18)


def test_cost_rule__settled_days_wanted__waits_for_them(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    Workspace.objects.update(settled_days_only=True)
    days(campaign, 16, 17, 18, spend=200, conversions=1)

    # Monday settles three days after its close, on Friday at 06:00.
    assert guard(campaign, at=datetime(2026, 11, 20, 5, 59, tzinfo=UTC)) == "0.00"
    assert guard(campaign, at=datetime(2026, 11, 20, 6, tzinfo=UTC)) == "200.00"
    assert not Breach.objects.exists()


def test_cost_rule__number_as_it_stands__makes_no_allowance(campaign: Campaign) -> None:
    make_criteria(campaign, {**RULE, "evidence": "observed"})
    days(campaign, 19, 20, spend=1000, conversions=3)

    assert guard(campaign) == "2000.00"


def test_cost_rule__metric_without_late_measures__is_as_before(campaign: Campaign) -> None:
    make_criteria(campaign, {"metric": "cpc", "comparator": "above", "threshold": 2})
    days(campaign, 19, spend=1000, clicks=100)

    assert guard(campaign) == "1000.00"
    assert Breach.objects.get().numbers == {"clicks": 100, "spend": "1000.00", "days": 1}


def test_cost_rule__source_that_never_moves__counts_at_once(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    Source.objects.of(campaign.workspace).filter(key="meta").update(attribution_lag_days=0)
    days(campaign, 19, spend=1000, conversions=30)

    assert guard(campaign) == "1000.00"


def test_cost_rule__source_fell_silent__its_days_grow_no_older(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 19, spend=1000, conversions=30)

    assert guard(campaign, at=NOW + timedelta(days=6)) == "646.00"

    days(campaign, 20, spend=0, conversions=0, at=NOW + timedelta(days=6))
    assert guard(campaign, at=NOW + timedelta(days=6)) == "1000.00"


def test_cost_rule__stopped_campaign__its_days_grow_older_by_the_clock(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 19, spend=1000, conversions=1)
    judge_campaigns([campaign.pk], at=NOW)
    assert Campaign.objects.get().status == CampaignStatus.PAUSED

    assert guard(campaign, at=NOW + timedelta(days=6)) == "1000.00"


def test_cost_rule__two_accounts_of_which_one_is_too_young__waits_for_the_whole_day() -> None:
    workspace = make_workspace()
    campaign = make_campaign(workspace, launched_at=LAUNCH)
    make_criteria(campaign, RULE)
    learn_curve(workspace, [0.1, 0.4, 0.9, 1.0], source="google")
    for number in (17, 19):
        report(campaign, f"2026-11-{number}", arm="a", reported_at=NOW, spend=1000, conversions=9)
        report(
            campaign,
            f"2026-11-{number}",
            arm="b",
            source="google",
            reported_at=NOW,
            spend=1000,
            conversions=9,
        )

    assert guard(campaign) == str(Decimal(1000) * Decimal(str(DEFAULT_SHARE[3] * 0.95)) + 1000)[:7]


def test_return_rule__young_day__counts_by_its_share(campaign: Campaign) -> None:
    make_criteria(campaign, {"metric": "roas", "threshold": 2, "guards": {"spend": "300.00"}})
    days(campaign, 19, spend=1000, conversions=10, revenue=1292)

    assert guard(campaign) == "646.00"
    assert CriterionWatch.objects.get().value == 2


def test_cost_rule__crm_beside_a_platform__takes_no_part(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 16, spend=1000, conversions=20)
    days(campaign, 16, source="crm", conversions=2)

    judge_campaigns([campaign.pk], at=NOW + timedelta(days=1))

    watch = CriterionWatch.objects.get()
    assert watch.value is not None
    assert watch.value < 50
    assert not Breach.objects.exists()


def test_cost_rule__only_a_crm_counts__is_never_judged_and_says_why(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        arms=["a"],
        hypothesis=make_hypothesis(
            workspace, primary_metric="cost_per_sales_qualified_lead", target=Decimal(100)
        ),
    )
    make_criteria(campaign, {**RULE, "metric": "cost_per_sales_qualified_lead"})
    days(campaign, 16, 17, 18, spend=1000)
    days(campaign, 16, 17, 18, source="hubspot", sales_qualified_leads=0)

    judge_campaigns([campaign.pk], at=NOW + timedelta(days=9))

    watch = CriterionWatch.objects.get()
    assert (watch.state, watch.strength) == ("waiting", None)
    analysis = analyse_campaign(campaign, at=NOW)
    assert analysis.verdict.code == "insufficient"
    assert "Only HubSpot counts the sales-qualified leads" in analysis.verdict.reason
    assert analysis.as_dict()["maturity"]["left_out"] == ["hubspot"]


def test_conversion_rate__crm__may_speak_since_no_money_is_in_it(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    days(campaign, 16, 17, clicks=100, conversions=9)
    days(campaign, 16, 17, source="crm", conversions=4)

    analysis = analyse_campaign(campaign, metric="cvr", at=NOW)

    assert analysis.arms[0].numerator == 8
    assert analysis.sources["conversions"] == ["crm"]


# A second look after the end


def breached_and_killed(campaign: Campaign) -> None:
    make_criteria(campaign, RULE)
    days(campaign, 18, 19, spend=1000, conversions=2)
    judge_campaigns([campaign.pk], at=NOW)
    assert Breach.objects.count() == 1
    kill_campaign(
        campaign.key, reason="A quick no", by=make_actor(campaign.workspace), at=NOW + timedelta(hours=1)
    )


def test_second_look__conversions_arrive_after_the_kill__is_told_and_kept(campaign: Campaign) -> None:
    breached_and_killed(campaign)
    later = NOW + timedelta(days=2)
    days(campaign, 18, 19, spend=1000, conversions=60, at=later)

    assert sweep(at=later).judging.judged == 1

    event = Event.objects.get(kind="criterion.overturned")
    assert (event.data["status"], event.data["rule"]) == ("killed", Breach.objects.get().rule)
    [status] = criteria_status(campaign)
    assert (status["state"], status["second_look"]) == ("settled", True)
    assert Breach.objects.get().value == pytest.approx((1000 * 0.741 + 1000 * 0.646) / 4)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.KILLED

    sweep(at=later + timedelta(minutes=5))
    assert Event.objects.filter(kind="criterion.overturned").count() == 1


def test_second_look__nothing_arrives__bears_the_breach_out(campaign: Campaign) -> None:
    breached_and_killed(campaign)

    sweep(at=NOW + timedelta(days=3))

    assert not Event.objects.filter(kind="criterion.overturned").exists()
    assert criteria_status(campaign)[0]["second_look"] is False
    assert Judgement.objects.latest("data_through").state == "breached"
    assert Breach.objects.count() == 1


def test_second_look__long_after_the_kill__is_taken_with_the_post_that_brings_it(campaign: Campaign) -> None:
    breached_and_killed(campaign)

    assert sweep(at=NOW + timedelta(days=9)).judging.judged == 0


# Results


def test_analysis__late_metric__shows_each_day_and_the_curve(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace, launched_at=LAUNCH, arms=["a"], hypothesis=make_hypothesis(workspace, target=Decimal(40))
    )
    learn_curve(workspace, [0.3, 0.45, 0.8, 0.9, 1.0])
    days(campaign, 16, 17, 18, 19, spend=Decimal(1000), conversions=20)

    shown = analyse_campaign(campaign, at=NOW).as_dict()

    maturity = shown["maturity"]
    assert maturity["policy"] == "curve"
    assert [day["visible"] for day in maturity["days"]] == [1.0, 0.9, 0.8, 0.45]
    assert [day["is_settled"] for day in maturity["days"]] == [True, False, False, False]
    assert [day["is_counted"] for day in maturity["days"]] == [True, True, True, False]
    assert maturity["sources"]["meta"]["share"] == (0.3, 0.45, 0.8, 0.9, 1.0)
    assert maturity["sources"]["meta"]["is_learnt"] is True
    [arm] = shown["arms"]
    assert (arm["numerator"], arm["denominator"]) == (3000, 60)
    assert arm["value"] == pytest.approx(1000 * (1 + 0.855 + 0.76) / 60)
    assert (shown["days"], shown["settled_through"], shown["provisional"]) == (3, "2026-11-16", True)


def test_analysis__rate_of_clicks__has_nothing_late(campaign: Campaign) -> None:
    days(campaign, 16, impressions=1000, clicks=10)

    assert analyse_campaign(campaign, metric="ctr", at=NOW).as_dict()["maturity"] is None
