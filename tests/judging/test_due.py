"""What is judged between two sweeps: marks that were left behind, and days that have just closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.services.judging import judge_campaigns, judge_what_is_due
from tests.factories import make_campaign, make_criteria, make_workspace, report
from workspaces.models import Event, Source, Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# The 18th closes six hours after its midnight.
CLOSE = datetime(2026, 11, 19, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def loser(workspace: Workspace) -> Campaign:
    """It has spent enough for its rule as soon as its third day is closed."""
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    make_criteria(campaign, {"guards": {"spend": "1200.00"}})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=100, spend=500)
    judge_campaigns([campaign.pk], at=CLOSE - SECOND)
    assert Campaign.objects.get().status == CampaignStatus.LIVE
    return campaign


def status(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.status


def test_due__a_day_has_closed__judges_without_a_post(loser: Campaign) -> None:
    assert judge_what_is_due(at=CLOSE - SECOND).judged == 0
    assert status(loser) == CampaignStatus.LIVE
    assert len(judge_what_is_due(at=CLOSE).breaches) == 1
    assert status(loser) == CampaignStatus.PAUSED


def test_due__judged_since_the_close__rests(loser: Campaign) -> None:
    judge_campaigns([loser.pk], at=CLOSE + SECOND)
    assert judge_what_is_due(at=CLOSE + 2 * SECOND).judged == 0
    assert Event.objects.filter(kind="campaign.paused").count() == 1


def test_due__a_close_that_is_long_past__is_left_to_the_sweep(loser: Campaign) -> None:
    assert judge_what_is_due(at=CLOSE + timedelta(minutes=2)).judged == 0


@pytest.mark.parametrize(
    ("workspace_zone", "source_zone", "hours"),
    [("America/Chicago", "", 6), ("UTC", "Asia/Tokyo", 6), ("UTC", "Europe/Berlin", 30)],
)
def test_due__by_the_clock_of_the_source__judges_when_its_day_closes(
    workspace: Workspace, loser: Campaign, workspace_zone: str, source_zone: str, hours: int
) -> None:
    Workspace.objects.update(timezone=workspace_zone)
    Source.objects.update(timezone=source_zone, day_close_hours=hours)
    close = Source.objects.select_related("workspace").get(key="meta").closes_at(CLOSE.date())
    assert judge_what_is_due(at=close - SECOND).judged == 0
    assert judge_what_is_due(at=close).judged == 1


def test_due__of_several_workspaces__judges_where_a_day_closes(loser: Campaign) -> None:
    elsewhere = make_workspace("others", timezone="Asia/Tokyo")
    make_criteria(make_campaign(elsewhere, launched_at=LAUNCH))
    assert judge_what_is_due(at=CLOSE).judged == 1


def test_due__over_or_without_rules__rests(workspace: Workspace) -> None:
    make_campaign(workspace, "unplanned", launched_at=LAUNCH)
    over = make_campaign(
        workspace, "over", launched_at=LAUNCH, status=CampaignStatus.COMPLETED, ended_at=LAUNCH
    )
    make_criteria(over)
    assert judge_what_is_due(at=CLOSE).judged == 0


@pytest.mark.parametrize(
    ("waited", "judged"),
    [
        (timedelta(seconds=14), 0),
        (timedelta(seconds=15), 1),
        (timedelta(minutes=5) - SECOND, 1),
        (timedelta(minutes=5), 0),
    ],
)
def test_due__waits_since_a_post__judges_what_no_worker_has_and_the_sweep_has_not_seen(
    workspace: Workspace, waited: timedelta, judged: int
) -> None:
    now = CLOSE - timedelta(hours=2)
    campaign = make_campaign(workspace, launched_at=LAUNCH, judge_due_at=now - waited)
    assert judge_what_is_due(at=now).judged == judged
    campaign.refresh_from_db()
    assert (campaign.judge_due_at is None) == bool(judged)


def test_schedule__looks_often_enough_for_an_effect_within_a_minute() -> None:
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    looks, deliveries = schedule["judge-what-is-due"]["schedule"], schedule["deliver-webhooks"]["schedule"]
    # A post that a killed worker took along waits longest before it is looked for.
    assert 2 * looks + deliveries < timedelta(seconds=60)
