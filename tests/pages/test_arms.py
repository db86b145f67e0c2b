"""The arms' table: it shows what the chart of days shows, and what is not known says why."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from experiments.models import Campaign, MaturityEstimate
from tests.factories import make_campaign, make_hypothesis, report
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Source, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Iterator[datetime]:
    """Ten in the morning in Chicago."""
    at = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        yield at


def launch(workspace: Workspace, now: datetime, *, days_ago: int, metric: str = "cpa") -> Campaign:
    hypothesis = make_hypothesis(workspace, primary_metric=metric, outcome_metric="cpa", target=None)
    return make_campaign(workspace, "quiz", launched_at=now - timedelta(days=days_ago), hypothesis=hypothesis)


def tell(campaign: Campaign, now: datetime, *, days_ago: int, a: int, b: int, clicks: int = 0) -> None:
    """What both arms brought on that day, for 100 each."""
    day = campaign.workspace.local_day(now) - timedelta(days=days_ago)
    for arm, conversions in (("a", a), ("b", b)):
        report(
            campaign,
            day,
            arm=arm,
            reported_at=now,
            spend=Decimal(100),
            conversions=conversions,
            clicks=conversions * clicks,
            impressions=9000,
        )


def arms_of(browse: Browse) -> str:
    """The section of the page, as text."""
    page = browse(Role.MARKETER).get(reverse("campaign", args=["harbour", "quiz"])).content.decode()
    found = re.search(r'<section[^>]*aria-labelledby="arms">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(1)))


def test_arms__first_day_is_not_over__stand_where_the_chart_shows_them(
    workspace: Workspace, browse: Browse, now: datetime
) -> None:
    tell(launch(workspace, now, days_ago=0), now, days_ago=0, a=4, b=5)
    arms = arms_of(browse)
    assert "$25.00 so far No day of A has closed yet." in arms
    assert "$20.00 so far No day of B has closed yet." in arms
    assert "Not known yet. No day of B has closed yet." in arms


def test_arms__days_too_young_to_count__say_so_beside_what_is_reported(
    workspace: Workspace, browse: Browse, now: datetime
) -> None:
    MaturityEstimate.objects.create(
        workspace=workspace,
        source=Source.objects.of(workspace).get(key="meta"),
        share=(shares := [0.1, 0.4, 0.9, 1.0]),
        low=shares,
        high=shares,
        days_known=[30, 30, 30],
        days=30,
        last_day=workspace.local_day(now),
        learnt_at=now,
    )
    tell(launch(workspace, now, days_ago=1), now, days_ago=1, a=4, b=5)
    arms = arms_of(browse)
    assert "$25.00 so far No day of A counts yet: most of what comes late is still to come." in arms


def test_arms__one_has_no_conversion__names_it_where_nothing_can_be_compared(
    workspace: Workspace, browse: Browse, now: datetime
) -> None:
    campaign = launch(workspace, now, days_ago=5)
    for days_ago in range(1, 6):
        tell(campaign, now, days_ago=days_ago, a=0, b=5)
    arms = arms_of(browse)
    assert "not known A has no conversions yet." in arms
    assert "Not known yet. A has no conversions yet." in arms


def test_arms__never_on_the_same_day__say_that_they_cannot_be_compared(
    workspace: Workspace, browse: Browse, now: datetime
) -> None:
    campaign = launch(workspace, now, days_ago=6)
    for arm, days_ago in (("a", 5), ("b", 4)):
        day = workspace.local_day(now) - timedelta(days=days_ago)
        report(campaign, day, arm=arm, reported_at=now, spend=Decimal(100), conversions=9)
    assert "Not known yet. B and the control have no day in common yet that counts." in arms_of(browse)


def test_arms__one_reports_nothing__says_that(workspace: Workspace, browse: Browse, now: datetime) -> None:
    campaign = launch(workspace, now, days_ago=6)
    day = workspace.local_day(now) - timedelta(days=4)
    report(campaign, day, arm="a", reported_at=now, spend=Decimal(100), conversions=9)
    assert "not known Nothing is reported yet of B that this could be worked out of." in arms_of(browse)


def test_arms__one_day_counts__says_what_confidence_waits_for(
    workspace: Workspace, browse: Browse, now: datetime
) -> None:
    tell(launch(workspace, now, days_ago=4), now, days_ago=4, a=40, b=30)
    assert "B Confidence and p-value take two days that count in both arms." in arms_of(browse)


@pytest.mark.parametrize(
    ("metric", "told"),
    [("cpa", r"Between \d+% cheaper and \d+% costlier"), ("ctr", r"Between \d+% lower and \d+% higher")],
)
def test_interval__of_any_metric__begins_with_its_lower_end_as_the_verdict_does(
    workspace: Workspace, browse: Browse, now: datetime, metric: str, told: str
) -> None:
    campaign = launch(workspace, now, days_ago=6, metric=metric)
    for days_ago in range(1, 7):
        tell(campaign, now, days_ago=days_ago, a=20 + days_ago % 2, b=21, clicks=5)
    in_table, in_verdict = re.findall(told, arms_of(browse), re.IGNORECASE)
    assert in_table.lower() == in_verdict.lower()
