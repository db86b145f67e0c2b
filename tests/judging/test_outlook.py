"""Hopeless: what is left can hardly bring a campaign to its target any more (R8)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import CampaignStatus
from experiments.models import Campaign, ZombieFlag
from experiments.services.judging import judge_campaigns, preview_sweep
from experiments.stats.outlook import probability_of_miss
from tests.factories import make_campaign, make_criteria, make_hypothesis, make_workspace, report
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Saturday after the close of Friday, with two more days to go.
NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def running(workspace: Workspace, key: str = "hook-test", *, clicks: int, **fields: Any) -> Campaign:
    """Five days at 100 a day and 20,000 impressions against a target CTR of 0.5 %, until Sunday."""
    hypothesis = make_hypothesis(
        workspace, f"About {key}", primary_metric="ctr", outcome_metric="cpa", target=Decimal("0.005")
    )
    values: dict[str, Any] = {
        "arms": ["a"],
        "launched_at": LAUNCH,
        "hypothesis": hypothesis,
        "runs_until": date(2026, 11, 22),
        "budget": Decimal(700),
        **fields,
    }
    campaign = make_campaign(workspace, key, **values)
    make_criteria(campaign, {"guards": {"spend": "1000000.00"}})
    for day in range(16, 21):
        report(campaign, date(2026, 11, day), reported_at=NOW, impressions=20_000, clicks=clicks, spend=100)
    return campaign


def signals(campaign: Campaign, at: datetime = NOW) -> set[str]:
    judge_campaigns([campaign.pk], at=at)
    return set(ZombieFlag.objects.unresolved().filter(campaign=campaign).values_list("signal", flat=True))


def test_hopeless__far_below_its_target_with_little_left__is_called_out(workspace: Workspace) -> None:
    campaign = running(workspace, clicks=60)

    assert signals(campaign) == {"hopeless"}

    flag = ZombieFlag.objects.get()
    # 200 are left, which buy two more days.
    expected = probability_of_miss(
        "rate", [[60] * 5], [[20_000] * 5], 0.005, exposure_left=40_000, days_left=2
    )
    assert flag.evidence == {
        "metric": "ctr",
        "target": "0.005",
        "p_miss": round(float(expected[0]), 3),
        "data_through": "2026-11-20",
        "money_left": "200.00",
        "days_left": 2,
    }
    # With its second day it was plain already, and three more were paid for.
    assert workspace.local_day(flag.since) == date(2026, 11, 17)
    assert flag.money_since == 300


@pytest.mark.parametrize(
    "fields",
    [
        {"runs_until": None},
        {"budget": Decimal(0)},
        # Nothing is left: there is nothing to hope for, and nothing to save.
        {"budget": Decimal(500)},
        {"runs_until": date(2026, 11, 20)},
        {"status": CampaignStatus.PAUSED, "paused_at": NOW - timedelta(hours=1)},
    ],
)
def test_hopeless__nothing_left_or_no_plan_how_long__is_no_signal(
    workspace: Workspace, fields: dict[str, Any]
) -> None:
    assert "hopeless" not in signals(running(workspace, clicks=60, **fields))


def test_hopeless__a_little_below__may_still_make_it(workspace: Workspace) -> None:
    assert signals(running(workspace, clicks=97)) == set()


def test_hopeless__one_day_only__is_too_early(workspace: Workspace) -> None:
    assert signals(running(workspace, clicks=5), at=datetime(2026, 11, 17, 7, tzinfo=UTC)) == set()


def test_hopeless__numbers_restated__clears(workspace: Workspace) -> None:
    campaign = running(workspace, clicks=60)
    assert signals(campaign) == {"hopeless"}

    for day in range(16, 21):
        report(campaign, date(2026, 11, day), clicks=110, reported_at=NOW)

    assert signals(campaign) == set()


def test_hopeless__late_conversions__counts_days_for_what_is_visible(
    workspace: Workspace,
) -> None:
    hypothesis = make_hypothesis(workspace, "About cost", target=Decimal(40))
    campaign = running(workspace, "cost", clicks=60, hypothesis=hypothesis)
    for day in range(16, 21):
        report(campaign, date(2026, 11, day), conversions=1, reported_at=NOW)

    assert signals(campaign) == {"hopeless"}

    mature = [[100 * share for share in (0.94 * 0.95, 0.9 * 0.95, 0.85 * 0.95, 0.78 * 0.95, 0.68 * 0.95)]]
    expected = probability_of_miss("cost", [[1] * 5], mature, 40, exposure_left=200, days_left=2)
    assert ZombieFlag.objects.get().evidence["p_miss"] == pytest.approx(expected[0], abs=0.001)


def test_hopeless__more_campaigns__take_no_more_queries(workspace: Workspace) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            preview_sweep(at=NOW)
        return len(queries)

    running(workspace, "first", clicks=60)
    few = count()
    for number in range(4):
        running(workspace, f"more-{number}", clicks=60 + number)

    assert count() == few
