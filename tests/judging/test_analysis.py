"""The results of a campaign: which days count, what is known, and the verdict in words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import METRICS, CampaignStatus
from experiments.exceptions import Invalid
from experiments.models import Campaign
from experiments.selectors.analysis import analyse_campaign, analyse_many
from experiments.selectors.arm_rows import arm_rows
from tests.factories import make_campaign, make_hypothesis, make_workspace, report
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Saturday after the close of Friday.
NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)

# One pair of arms over five days, and another with a third less.
SHOWN = {"a": [30210, 28890, 31020, 27650, 30100], "b": [29800, 30110, 30350, 28990, 29400]}
CLICKS = {"a": [243, 219, 262, 205, 240], "b": [171, 162, 181, 158, 169]}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def make_ctr_test(workspace: Workspace, key: str = "hook-test", **fields: Any) -> Campaign:
    """Two arms of which b gets a third fewer clicks, Monday to Friday, planned for these five days."""
    hypothesis = make_hypothesis(
        workspace, primary_metric="ctr", outcome_metric="cpa", target=None, mde_relative=0.2
    )
    values: dict[str, Any] = {"hypothesis": hypothesis, "runs_until": date(2026, 11, 20), **fields}
    campaign = make_campaign(workspace, key, launched_at=LAUNCH, **values)
    for arm in ("a", "b"):
        for index in range(5):
            report(
                campaign,
                date(2026, 11, 16 + index),
                arm=arm,
                impressions=SHOWN[arm][index],
                clicks=CLICKS[arm][index],
                spend=Decimal("100.10"),
            )
    return campaign


def make_cpa_test(
    workspace: Workspace, *, days: int = 5, conversions: int = 10, spend: int = 200
) -> Campaign:
    """One arm against a target of 40 a conversion."""
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        arms=["a"],
        hypothesis=make_hypothesis(workspace, target=Decimal(40)),
        runs_until=date(2026, 11, 20),
    )
    for index in range(days):
        report(campaign, date(2026, 11, 16 + index), conversions=conversions, spend=spend)
    return campaign


def test_analysis__is_what_rest_promises(workspace: Workspace) -> None:
    shown = analyse_campaign(make_ctr_test(workspace), at=NOW).as_dict()

    assert (shown["campaign"], shown["metric"], shown["direction"]) == ("hook-test", "ctr", "higher")
    assert (shown["first_day"], shown["last_day"], shown["settled_through"]) == (
        "2026-11-16",
        "2026-11-20",
        "2026-11-20",
    )
    assert (shown["days"], shown["provisional"]) == (5, False)
    assert set(shown["health"]) == {"spend_imbalance", "srm_p_value", "overdispersion", "warnings"}
    assert shown["health"]["spend_imbalance"] == 0
    assert shown["health"]["srm_p_value"] is None
    control, treatment = shown["arms"]
    assert set(control) == {
        "arm",
        "is_control",
        "numerator",
        "denominator",
        "value",
        "confidence_low",
        "confidence_high",
        "credible_low",
        "credible_high",
        "probability_best",
        "expected_loss",
    }
    assert (control["arm"], control["is_control"], treatment["is_control"]) == ("a", True, False)
    assert (control["numerator"], control["denominator"]) == (sum(CLICKS["a"]), sum(SHOWN["a"]))
    assert control["value"] == pytest.approx(sum(CLICKS["a"]) / sum(SHOWN["a"]))
    assert control["credible_low"] < control["value"] < control["credible_high"]
    [comparison] = shown["comparisons"]
    assert set(comparison) == {
        "arm",
        "control",
        "lift_absolute",
        "lift_relative",
        "confidence_low",
        "confidence_high",
        "p_value",
        "p_value_adjusted",
        "method",
        "always_valid_low",
        "always_valid_high",
        "chance_to_beat_control",
        "expected_loss",
        "credible_low",
        "credible_high",
    }
    assert (comparison["arm"], comparison["control"], comparison["method"]) == ("b", "a", "paired_days")
    assert treatment["probability_best"] == comparison["chance_to_beat_control"]
    assert shown["sources"] == {"clicks": ["meta"], "impressions": ["meta"]}


def test_analysis__clearly_worse_arm_after_the_planned_days__is_a_loss(workspace: Workspace) -> None:
    verdict = analyse_campaign(make_ctr_test(workspace), at=NOW).verdict

    assert (verdict.code, verdict.arm) == ("loss", "b")
    assert "likely to be worse than A" in verdict.reason


def test_analysis__open_day__does_not_count_yet(workspace: Workspace) -> None:
    campaign = make_ctr_test(workspace)

    before = analyse_campaign(campaign, at=datetime(2026, 11, 21, 5, 59, tzinfo=UTC))
    after = analyse_campaign(campaign, at=datetime(2026, 11, 21, 6, tzinfo=UTC))

    assert (before.days, before.last_day) == (4, date(2026, 11, 19))
    assert (after.days, after.last_day) == (5, date(2026, 11, 20))


def test_analysis__as_of__shows_the_days_up_to_it(workspace: Workspace) -> None:
    analysis = analyse_campaign(make_ctr_test(workspace), as_of=date(2026, 11, 17), at=NOW)

    assert (analysis.days, analysis.last_day) == (2, date(2026, 11, 17))
    assert analysis.arms[0].numerator == 243 + 219


def test_analysis__unknown_metric__is_refused_with_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(Invalid, match="ctr, cpc, cpm") as refusal:
        analyse_campaign(make_ctr_test(workspace), metric="clickiness", at=NOW)

    assert (refusal.value.code, refusal.value.errors[0].field) == ("unknown_metric", "metric")


def test_analysis__other_metric__is_counted_on_its_own_measures(workspace: Workspace) -> None:
    analysis = analyse_campaign(make_ctr_test(workspace), metric="cpm", at=NOW)

    control = analysis.arms[0]
    assert (control.numerator, control.denominator) == (500.5, sum(SHOWN["a"]))
    # 500.50 for 147,870 impressions is 3.38 for a thousand.
    assert control.value == pytest.approx(3.3847, abs=1e-4)
    assert analysis.arms[1].value == pytest.approx(3.3670, abs=1e-4)
    shown = analysis.as_dict()
    assert shown["arms"][0]["confidence_low"] < 3.3847 < shown["arms"][0]["confidence_high"]
    # Paired by day, which weighs the days a little differently from their sums.
    assert shown["comparisons"][0]["lift_absolute"] == pytest.approx(3.3670 - 3.3847, abs=1e-3)


def test_analysis__nothing_reported__is_insufficient_and_nothing_is_known(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, hypothesis=make_hypothesis(workspace))

    analysis = analyse_campaign(campaign, at=NOW)

    assert (analysis.days, analysis.first_day, analysis.last_day, analysis.settled_through) == (
        0,
        None,
        None,
        None,
    )
    assert (analysis.verdict.code, analysis.verdict.arm) == ("insufficient", None)
    assert analysis.verdict.reason == "No day is closed yet; a verdict takes at least 2."
    arm = analysis.as_dict()["arms"][0]
    assert {name for name, value in arm.items() if value is not None} == {"arm", "is_control"}


def test_analysis__draft__has_no_days(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, status=CampaignStatus.DRAFT, hypothesis=make_hypothesis(workspace))

    assert analyse_campaign(campaign, at=NOW).verdict.code == "insufficient"


@pytest.mark.parametrize(
    ("conversions", "code", "words"),
    [
        (10, "win", "likely to meet its target of $40.00 per conversion."),
        (2, "loss", "likely to meet its target"),
        (5, "inconclusive", "which is not sure enough to call"),
    ],
)
def test_analysis__one_arm__is_held_against_its_target(
    workspace: Workspace, conversions: int, code: str, words: str
) -> None:
    campaign = make_cpa_test(workspace, conversions=conversions)

    analysis = analyse_campaign(campaign, at=datetime(2026, 11, 24, 6, tzinfo=UTC))

    assert (analysis.verdict.code, analysis.provisional, analysis.comparisons) == (code, False, ())
    assert words in analysis.verdict.reason
    assert analysis.chance_to_meet_target is not None


def test_analysis__settled_days_wanted__late_days_are_shown_at_once_and_judged_when_settled(
    workspace: Workspace,
) -> None:
    workspace.settled_days_only = True
    campaign = make_cpa_test(workspace)

    # On Saturday only Monday and Tuesday are settled.
    analysis = analyse_campaign(campaign, at=NOW)
    assert (analysis.days, analysis.provisional) == (5, True)
    assert (analysis.last_day, analysis.settled_through) == (date(2026, 11, 20), date(2026, 11, 17))
    assert analysis.arms[0].numerator == 1000
    assert analysis.verdict.code == "win"
    assert analysis.verdict.reason.endswith("; this may still change, as not all counted days are settled.")

    settled = analyse_campaign(campaign, at=datetime(2026, 11, 24, 6, tzinfo=UTC))
    assert (settled.provisional, settled.settled_through) == (False, date(2026, 11, 20))


@pytest.mark.parametrize(
    ("day", "count"), [(19, "none of the 3 closed days"), (20, "1 of the 4 closed days")]
)
def test_analysis__too_few_settled_days__say_how_many(workspace: Workspace, day: int, count: str) -> None:
    workspace.settled_days_only = True
    analysis = analyse_campaign(make_cpa_test(workspace), at=datetime(2026, 11, day, 7, tzinfo=UTC))

    assert analysis.verdict.code == "insufficient"
    assert analysis.verdict.reason == f"So far {count} is settled; a verdict takes at least 2."


def test_analysis__outcome_without_its_own_target__cannot_be_held_against_one(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        arms=["a"],
        hypothesis=make_hypothesis(
            workspace, primary_metric="ctr", outcome_metric="cpa", target=Decimal("0.01")
        ),
    )
    for day in (16, 17, 18):
        report(campaign, date(2026, 11, day), impressions=50_000, clicks=900, conversions=9, spend=100)

    primary = analyse_campaign(campaign, at=NOW)
    outcome = analyse_campaign(campaign, metric="cpa", at=NOW)

    assert primary.verdict.code == "win"
    assert "target of 1% CTR" in primary.verdict.reason
    assert outcome.verdict.code == "insufficient"
    assert (
        outcome.verdict.reason
        == "It has one arm and no target for its cost per conversion to compare it with."
    )


@pytest.mark.parametrize(
    ("measures", "metric"),
    [
        ({"spend": 10, "conversions": 1, "clicks": 5, "impressions": 900}, "cpa"),
        ({"spend": 10, "clicks": 5, "impressions": 900}, "ctr"),
        ({"sends": 1000, "opens": 300}, "open_rate"),
        ({"visits": 100}, "cpa"),
    ],
)
def test_analysis__without_a_hypothesis__looks_at_what_is_reported(
    workspace: Workspace, measures: dict[str, Any], metric: str
) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["all"])
    for day in (16, 17, 18):
        report(campaign, date(2026, 11, day), arm="all", **measures)

    analysis = analyse_campaign(campaign, at=NOW)

    assert analysis.metric.key == metric
    assert analysis.verdict.code == "insufficient"
    assert analysis.verdict.reason.startswith("It has no hypothesis")


def test_analysis__arm_that_stopped__counts_until_its_stop(workspace: Workspace) -> None:
    campaign = make_ctr_test(workspace)
    campaign.arms.filter(key="b").update(status="stopped", stopped_at=datetime(2026, 11, 18, 15, tzinfo=UTC))

    analysis = analyse_campaign(Campaign.objects.get(pk=campaign.pk), at=NOW)

    assert analysis.arms[1].denominator == sum(SHOWN["b"][:3])
    (left_out,) = (warning for warning in analysis.health.warnings if "left out" in warning)
    assert left_out.startswith("2 days are left out, because not all arms ran on them.")
    until_then = analyse_campaign(campaign, as_of=date(2026, 11, 18), at=NOW)
    assert analysis.comparisons[0].lift_relative == until_then.comparisons[0].lift_relative


def test_analysis__two_sources__names_whose_numbers_were_used(workspace: Workspace) -> None:
    campaign = make_cpa_test(workspace)
    report(campaign, date(2026, 11, 16), source="crm", conversions=4)

    analysis = analyse_campaign(campaign, at=NOW)

    # A CRM speaks first, but dates a conversion by when it happened: money was spent for it on another day.
    assert analysis.sources == {"conversions": ["meta"], "spend": ["meta"]}
    assert analysis.arms[0].denominator == 5 * 10
    assert analysis.health.warnings[0].startswith("The conversions of CRM take no part")
    by_click = analyse_campaign(campaign, metric="cvr", at=NOW)
    assert by_click.sources["conversions"] == []


def test_analysis__e_mail__tests_the_split_instead_of_the_spend(workspace: Workspace) -> None:
    """Pearson's statistic for 600 of 1,000 is 40, its p-value 2.5e-10: far beyond the alarm."""
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        channel="email",
        hypothesis=make_hypothesis(workspace, primary_metric="open_rate", outcome_metric="cpa", target=None),
    )
    for arm, sends in (("a", 300), ("b", 200)):
        for day in (16, 17):
            report(campaign, date(2026, 11, day), arm=arm, source="email", sends=sends, opens=60)

    health = analyse_campaign(campaign, at=NOW).health

    assert health.spend_imbalance is None
    assert health.srm_p_value == pytest.approx(2.54e-10, rel=0.01)
    assert "did not get their planned shares" in health.warnings[0]


def test_analysis__three_arms__share_the_probability_of_being_best(workspace: Workspace) -> None:
    campaign = make_campaign(
        workspace,
        launched_at=LAUNCH,
        arms=["a", "b", "c"],
        hypothesis=make_hypothesis(workspace, primary_metric="ctr", outcome_metric="cpa", target=None),
    )
    for arm, clicks in (("a", 200), ("b", 220), ("c", 210)):
        for day in (16, 17, 18):
            report(campaign, date(2026, 11, day), arm=arm, impressions=20_000, clicks=clicks + day, spend=10)

    analysis = analyse_campaign(campaign, at=NOW)

    assert sum(arm.probability_best or 0 for arm in analysis.arms) == pytest.approx(1)
    assert [comparison.key for comparison in analysis.comparisons] == ["b", "c"]


def test_many_analyses__agree_with_single_ones_in_a_constant_number_of_queries(workspace: Workspace) -> None:
    campaigns = [make_ctr_test(workspace, f"test-{number}") for number in range(3)]
    campaigns.append(make_cpa_test(workspace))
    campaigns.append(make_campaign(workspace, "imported", launched_at=LAUNCH, arms=["all"]))

    def fresh(count: int) -> list[Campaign]:
        return list(Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns[:count]]))

    with CaptureQueriesContext(connection) as one:
        analyse_many(fresh(1), at=NOW)
    with CaptureQueriesContext(connection) as all_of_them:
        analyses = analyse_many(fresh(5), at=NOW)

    assert len(all_of_them) == len(one)
    for campaign in campaigns:
        together, alone = analyses[campaign.pk].as_dict(), analyse_campaign(campaign, at=NOW).as_dict()
        assert together["verdict"] == alone["verdict"]
        assert together["arms"] == [pytest.approx(arm) for arm in alone["arms"]]


def test_arm_rows__loss_of_a_cost__is_told_in_money_for_each_conversion(workspace: Workspace) -> None:
    campaign = make_campaign(workspace, launched_at=LAUNCH, hypothesis=make_hypothesis(workspace))
    arms = list(campaign.arms.all())
    # A conversion costs 20.00. With 0.05 more of them for each unit of money it would cost 10.00.
    results = {
        "arms": [{"arm": arm.key, "value": 20.0, "expected_loss": 0.05} for arm in arms],
        "comparisons": [],
    }
    rows = arm_rows(arms, results, METRICS["cpa"], events={})
    assert [row.expected_loss for row in rows] == pytest.approx([10.0] * len(arms))
    assert arm_rows(arms, results, METRICS["ctr"], events={})[0].expected_loss == 0.05
