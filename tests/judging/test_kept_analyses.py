"""An analysis is kept for as long as nothing changes that it follows from, and not a moment longer."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from pytest_django import Settings

from experiments.models import Campaign, Hypothesis
from experiments.selectors.analysis import analyse_campaign
from tests.factories import make_workspace, report
from tests.judging.test_analysis import LAUNCH, NOW, make_cpa_test, make_ctr_test
from workspaces.models import Source, Workspace

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def campaign() -> Campaign:
    return make_cpa_test(make_workspace())


def told(campaign: Campaign) -> dict[str, Any]:
    return analyse_campaign(Campaign.objects.get(pk=campaign.pk), at=NOW).as_dict()


def assert_worked_out_anew(campaign: Campaign, *, before: dict[str, Any], settings: Settings) -> None:
    kept = told(campaign)
    settings.KEEPS_DRAWINGS = False
    assert kept == told(campaign)
    assert kept != before


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
    campaign: Campaign, settings: Settings, model: type[Model], change: dict[str, Any]
) -> None:
    before = told(campaign)
    model._default_manager.update(**change)
    assert_worked_out_anew(campaign, before=before, settings=settings)


@pytest.mark.parametrize("said", [{"conversions": 30}, {"conversions": 1, "source": "crm"}])
def test_analysis__numbers_of_a_day_change__is_worked_out_anew(
    campaign: Campaign, settings: Settings, said: dict[str, Any]
) -> None:
    before = told(campaign)
    report(campaign, FRIDAY, **said)
    assert_worked_out_anew(campaign, before=before, settings=settings)


def test_analysis__an_arm_is_renamed__says_its_new_name() -> None:
    campaign = make_ctr_test(make_workspace())
    assert "Founder" not in told(campaign)["verdict"]["reason"]
    campaign.arms.filter(key="b").update(name="Founder")
    assert "Founder" in told(campaign)["verdict"]["reason"]
