"""The pass over everything: whom it judges, what a dry run says, and what an error does not stop."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experiments import tasks
from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, ZombieFlag
from experiments.services.judging import preview_sweep, sweep
from tests.factories import make_campaign, make_criteria, make_hypothesis, make_workspace, report
from workspaces.models import Event, Workspace

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def make_loser(
    workspace: Workspace, key: str = "hook-test", *, launched_at: datetime = LAUNCH, **rule: Any
) -> Campaign:
    """A campaign that breaches as soon as its first three days are closed."""
    campaign = make_campaign(
        workspace,
        key,
        arms=["a"],
        launched_at=launched_at,
        hypothesis=make_hypothesis(workspace),
        budget=Decimal(9000),
    )
    make_criteria(campaign, rule)
    for later in range(3):
        at = launched_at + timedelta(days=later)
        report(campaign, at.date(), impressions=50_000, clicks=100, spend=500, reported_at=at)
    return campaign


def test_sweep__judges_every_workspace_and_numbers_the_events(workspace: Workspace) -> None:
    make_loser(workspace)
    make_loser(make_workspace("others"))

    result = sweep(at=NOW)

    assert (result.judging.judged, len(result.judging.breaches)) == (2, 2)
    assert not Event.objects.unpublished().exists()


def test_sweep__finished_campaign__is_judged_while_it_spends_is_flagged_or_has_news(
    workspace: Workspace,
) -> None:
    def finished(key: str, *days: str) -> Campaign:
        campaign = make_campaign(
            workspace, key, arms=["a"], status=CampaignStatus.KILLED, launched_at=LAUNCH, ended_at=LAUNCH
        )
        for day in days:
            report(campaign, day, spend=10)
        return campaign

    finished("at-rest", "2026-11-16")
    walking = finished("walking", "2026-11-18")
    news = finished("news")
    Campaign.objects.filter(pk=news.pk).update(judge_due_at=NOW)
    make_campaign(workspace, "draft", status=CampaignStatus.DRAFT)

    result = sweep(at=NOW)

    assert result.judging.judged == 2
    assert ZombieFlag.objects.get().campaign == walking
    # Restated to nothing, its flag brings it back once more, to be cleared.
    report(walking, "2026-11-18", spend=0)
    assert len(sweep(at=NOW).judging.cleared) == 1
    assert sweep(at=NOW).judging.judged == 0


def test_sweep__one_rotten_campaign__keeps_no_other_from_being_judged(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    # No service lets such a rule in: values have no always-valid evidence.
    rotten = make_loser(workspace, "rotten", metric="roas", evidence="always_valid")
    sound = make_loser(workspace, "sound")
    for day in ("16", "17", "18"):
        report(rotten, f"2026-11-{day}", revenue=1, conversions=1)

    result = sweep(at=NOW + timedelta(days=1))

    assert result.judging.failed == (rotten.key,)
    assert Breach.objects.get().campaign == sound
    assert f"Campaign {rotten.key} could not be judged" in caplog.text


def test_sweep__more_campaigns__no_more_queries_to_look(workspace: Workspace) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            preview_sweep(at=NOW)
        return len(queries)

    make_loser(workspace, "first")
    few = count()
    for number in range(5):
        make_loser(workspace, f"more-{number}")

    assert count() == few


def test_preview__says_what_would_be_judged__and_writes_nothing(workspace: Workspace) -> None:
    make_loser(workspace)
    make_campaign(workspace, "unplanned", arms=["a"], launched_at=LAUNCH)
    events = Event.objects.count()

    preview = preview_sweep(at=NOW)

    [rule] = preview.criteria
    assert (rule["campaign"], rule["state"], rule["becomes"]) == ("hook-test", "waiting", "breached")
    assert {(flag["campaign"], flag["signal"]) for flag in preview.zombies} == {
        ("unplanned", "unplanned"),
        ("unplanned", "blind"),
    }
    for model in (Breach, CriterionWatch, Judgement, ZombieFlag):
        assert not model.objects.exists()
    assert Event.objects.count() == events


def test_preview__earlier_time__sees_the_days_that_were_closed_then(workspace: Workspace) -> None:
    make_loser(workspace)

    [rule] = preview_sweep(at=datetime(2026, 11, 17, 6, tzinfo=UTC)).criteria
    assert str(rule["data_through"]) == "2026-11-16"
    assert preview_sweep(at=LAUNCH - timedelta(minutes=1)).campaigns == 0


def command(*options: str) -> str:
    out = StringIO()
    call_command("sweep", *options, stdout=out)
    return out.getvalue()


def test_command__with_a_time__prints_and_changes_nothing(workspace: Workspace) -> None:
    make_loser(workspace)

    text = command("--at", "2026-11-20T08:00+01:00")
    shown = json.loads(command("--at", "2026-11-20T08:00+01:00", "--json"))

    assert "a sweep would judge 1 campaigns" in text
    assert "hook-test: Pause the campaign when the CTR is probably below 0.5%" in text
    assert "waiting → breached" in text
    assert shown["criteria"][0]["becomes"] == "breached"
    assert not Breach.objects.exists()


def test_command__without_a_time__sweeps(workspace: Workspace) -> None:
    make_loser(workspace, launched_at=timezone.now() - timedelta(days=7))

    assert "1 campaigns judged: 1 new breaches" in command()
    assert json.loads(command("--json"))["judged"] == 1
    assert Breach.objects.exists()


@pytest.mark.parametrize("at", ["tomorrow", "2026-11-20T08:00", "2026-13-01T00:00Z"])
def test_command__no_time_with_an_offset__is_refused(at: str) -> None:
    with pytest.raises(CommandError, match="Write it like"):
        command("--at", at)


def test_tasks__judge_with_the_clock_of_the_server(workspace: Workspace) -> None:
    before = timezone.now()
    campaign = make_loser(workspace, launched_at=before - timedelta(days=7))

    tasks.judge_campaigns([campaign.pk])
    tasks.sweep()

    assert before <= Breach.objects.get().at <= timezone.now()
