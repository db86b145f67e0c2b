"""What a page tells is kept for as long as nothing changes that it follows from, and not a moment longer."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from pytest_django import Settings

from experiments.models import Campaign, Hypothesis
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.campaign_numbers import CampaignNumbers
from experiments.selectors.page_numbers import page_numbers
from tests.factories import make_criteria, make_workspace, report, restate
from tests.judging.test_analysis import LAUNCH, NOW, make_cpa_test, make_ctr_test
from workspaces.models import Source, Workspace

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def campaign() -> Campaign:
    return make_cpa_test(make_workspace())


Told = Callable[[Campaign], dict[str, Any]]


def told(campaign: Campaign) -> dict[str, Any]:
    return analyse_campaign(Campaign.objects.get(pk=campaign.pk), at=NOW).as_dict()


def told_on_page(campaign: Campaign) -> dict[str, Any]:
    """What its page tells of it, the others that there are being looked at beside it."""
    own, *others = Campaign.objects.order_by("pk").prefetch_related("arms", "kill_criteria")
    found = page_numbers(own, others, at=NOW)
    assert found.analysis is not None
    return {
        "analysis": found.analysis.as_dict(),
        "numbers": found.numbers,
        "ahead": dict(found.ahead),
        "rest": [found.reported_at, found.baseline_days],
    }


def assert_worked_out_anew(
    campaign: Campaign, *, before: dict[str, Any], settings: Settings, told: Told = told
) -> None:
    kept = told(campaign)
    settings.KEEPS_DRAWINGS = False
    assert kept == told(campaign)
    assert kept != before


@pytest.mark.parametrize("told", [told, told_on_page])
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Hypothesis, {"target": Decimal(12)}),
        (Workspace, {"currency": "EUR"}),
        (Workspace, {"settled_days_only": True}),
        (Workspace, {"multiple_comparisons": "benjamini_hochberg"}),
        (Source, {"attribution_lag_days": 0}),
        (Campaign, {"launched_at": LAUNCH + timedelta(days=1)}),
    ],
)
def test_analysis__what_it_follows_from_changes__is_worked_out_anew(
    campaign: Campaign, settings: Settings, model: type[Model], change: dict[str, Any], told: Told
) -> None:
    before = told(campaign)
    model._default_manager.update(**change)
    assert_worked_out_anew(campaign, before=before, settings=settings, told=told)


@pytest.mark.parametrize("told", [told, told_on_page])
@pytest.mark.parametrize("said", [{"conversions": 30}, {"conversions": 1, "source": "crm"}])
def test_analysis__numbers_of_a_day_change__is_worked_out_anew(
    campaign: Campaign, settings: Settings, said: dict[str, Any], told: Told
) -> None:
    before = told(campaign)
    report(campaign, FRIDAY, **said)
    assert_worked_out_anew(campaign, before=before, settings=settings, told=told)


def another_rule(campaign: Campaign) -> None:
    make_criteria(campaign, {"metric": "ctr", "threshold": "0.02"})


def a_day_before_the_launch(campaign: Campaign) -> None:
    report(campaign, LAUNCH.date() - timedelta(days=3), spend=10)


def another_report_of_the_same(campaign: Campaign) -> None:
    report(campaign, FRIDAY, conversions=10, spend=200, reported_at=NOW)


def numbers_of_one_beside_it(campaign: Campaign) -> None:
    restate(Campaign.objects.exclude(pk=campaign.pk).get(), clicks=None)


@pytest.mark.parametrize(
    "change",
    [another_rule, a_day_before_the_launch, another_report_of_the_same, numbers_of_one_beside_it],
)
def test_page__what_it_tells_beside_the_analysis_changes__is_worked_out_anew(
    change: Callable[[Campaign], None], settings: Settings
) -> None:
    workspace = make_workspace()
    campaign, _ = make_ctr_test(workspace), make_ctr_test(workspace, "beside")
    before = told_on_page(campaign)
    assert told_on_page(campaign)["numbers"] is before["numbers"]
    change(campaign)
    assert_worked_out_anew(campaign, before=before, settings=settings, told=told_on_page)


def test_page__days_close_and_settle_with_time__is_worked_out_anew(
    campaign: Campaign, settings: Settings
) -> None:
    moments = [LAUNCH + timedelta(hours=hours) for hours in range(30, 24 * 15, 11)]

    def told_at(at: datetime) -> tuple[CampaignNumbers, dict[str, Any]]:
        found = page_numbers(Campaign.objects.get(), [], at=at)
        assert found.analysis is not None
        return found.numbers, found.analysis.as_dict()

    kept = list(map(told_at, moments))
    settings.KEEPS_DRAWINGS = False
    assert kept == list(map(told_at, moments))
    assert len({analysis["provisional"] for _, analysis in kept}) == 2


def test_analysis__an_arm_is_renamed__says_its_new_name() -> None:
    campaign = make_ctr_test(make_workspace())
    assert "Founder" not in told(campaign)["verdict"]["reason"]
    campaign.arms.filter(key="b").update(name="Founder")
    assert "Founder" in told(campaign)["verdict"]["reason"]
