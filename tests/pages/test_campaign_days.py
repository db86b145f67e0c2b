"""What a campaign's page tells of days that are not settled, of the next look, and of nights alike."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from experiments.models import Campaign
from experiments.selectors.campaign_numbers import campaign_numbers
from experiments.selectors.campaign_pages import campaign_events, read_known
from experiments.services.campaigns import complete_campaign, pause_campaign
from experiments.services.judging import judge_campaigns
from tests.factories import criterion_values, make_campaign, make_criteria, report
from tests.pages.conftest import Browse
from workspaces.choices import EventKind, Role
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor


@pytest.fixture
def now() -> Iterator[datetime]:
    """Ten in the morning in Chicago: whatever the hour of the test, yesterday has closed."""
    at = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        yield at


@pytest.fixture
def campaign(workspace: Workspace, now: datetime) -> Campaign:
    """Live for three days, of which the last has closed; 100 spent and ten conversions each."""
    launched_at = now - timedelta(days=3)
    campaign = make_campaign(workspace, "quiz", arms=["a"], launched_at=launched_at)
    make_criteria(
        campaign,
        criterion_values(metric="cpa", comparator="above", threshold=Decimal(30), guards={"spend": "100.00"}),
    )
    first = workspace.local_day(launched_at)
    for number in range(3):
        report(campaign, first + timedelta(days=number), reported_at=now, spend=Decimal(100), conversions=10)
    return campaign


def test_numbers__day_of_which_half_is_visible__expects_twice_the_conversions(
    campaign: Campaign, now: datetime
) -> None:
    *_, last = campaign_numbers(campaign, read_known(campaign, ()), at=now).days
    assert (last.is_settled, last.value) == (False, 10.0)
    assert last.expected is not None
    assert 4.0 < last.expected < 10.0
    assert last.expected_arms == [last.expected]
    assert campaign_numbers(campaign, read_known(campaign, ()), at=now).outstanding > 5


def test_page__live__says_when_it_is_judged_next_and_what_is_still_to_arrive(
    campaign: Campaign, browse: Browse, now: datetime
) -> None:
    judge_campaigns([campaign.pk], at=now)
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "Next judged" in page
    assert "still to arrive" in page


def test_page__late_conversions__say_why_the_guard_counts_less_than_is_spent(
    campaign: Campaign, browse: Browse, now: datetime
) -> None:
    judge_campaigns([campaign.pk], at=now)
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "Of $300.00 spent, recent days count in part, because late conversions are still missing." in page


def test_page__a_day_is_not_over__says_that_its_money_does_not_count_for_the_guard(
    workspace: Workspace, team: dict[Role, Actor], browse: Browse, now: datetime
) -> None:
    campaign = make_campaign(workspace, "quiz", arms=["a"], launched_at=now - timedelta(days=2))
    make_criteria(campaign, criterion_values(guards={"spend": "100.00"}))
    for days in (2, 1, 0):
        day = workspace.local_day(now) - timedelta(days=days)
        report(campaign, day, reported_at=now, spend=Decimal(100), impressions=9000, clicks=90)
    judge_campaigns([campaign.pk], at=now)
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "Of $300.00 spent, only complete days count." in page
    assert page.count("nly complete days count") == 1
    pause_campaign("quiz", reason="A typo in the ad.", by=team[Role.MARKETER], at=now - timedelta(days=1))
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "Of $300.00 spent, only complete days up to the stop count." in page


def test_page__completed_before_its_rule_spoke__says_so_and_judges_no_more(
    campaign: Campaign, browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    judge_campaigns([campaign.pk], at=now)
    complete_campaign("quiz", by=team[Role.MANAGER], at=now)
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "This rule never spoke." in page
    assert "Judging each day" not in page
    assert "Next judged" not in page


def test_events__restated_night_by_night__are_one_line_until_something_else_happens(
    campaign: Campaign, browse: Browse, now: datetime
) -> None:
    for number, kind in enumerate(["restated", "restated", "changed", "restated", "restated", "restated"]):
        Event.objects.create(
            workspace=campaign.workspace,
            kind=EventKind.METRICS_RESTATED if kind == "restated" else EventKind.CAMPAIGN_CHANGED,
            at=now - timedelta(days=9 - number),
            actor_label="Mia",
            subject_type="campaign",
            subject_id="quiz",
            data={"name": "Quiz"},
        )
    judge_campaigns([campaign.pk], at=now)
    assert [event.times for event in campaign_events(campaign)] == [3, 1, 2]
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    assert "</a> 3 times since" in page
