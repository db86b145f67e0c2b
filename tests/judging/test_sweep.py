"""The pass over everything: whom it judges, what a dry run says, and what an error does not stop."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experiments import tasks
from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, ZombieFlag
from experiments.services.judging import judge_campaigns, preview_sweep, sweep
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


def count_queries(deed: Callable[[], object]) -> int:
    """Without the statements that begin and end transactions."""
    with CaptureQueriesContext(connection) as queries:
        deed()
    ends = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(ends) for query in queries.captured_queries)


def make_steady(workspace: Workspace, key: str, *, budget: int = 9000) -> Campaign:
    """A campaign that does well, has been judged and is reported every day."""
    campaign = make_campaign(
        workspace, key, launched_at=LAUNCH, hypothesis=make_hypothesis(workspace), budget=Decimal(budget)
    )
    make_criteria(campaign, {}, {"metric": "cpa", "comparator": "above", "threshold": 60, "level": "arm"})
    for arm in ("a", "b"):
        for day in ("16", "17", "18"):
            numbers: dict[str, Any] = {"impressions": 50_000, "clicks": 400, "conversions": 15, "spend": 500}
            report(campaign, f"2026-11-{day}", arm=arm, reported_at=NOW, **numbers)
    judge_campaigns([campaign.pk], at=NOW)
    return campaign


@pytest.mark.parametrize(("budget", "flagged"), [(9000, 0), (1000, 5)], ids=["in peace", "in trouble"])
def test_sweep__more_campaigns__no_more_queries(workspace: Workspace, budget: int, flagged: int) -> None:
    """Nothing is new, be it that nothing is wrong or that what is wrong is known."""

    def count() -> int:
        sweep(at=NOW)
        return count_queries(lambda: sweep(at=NOW + timedelta(minutes=5)))

    make_steady(workspace, "first", budget=budget)
    few = count()
    for number in range(4):
        make_steady(workspace, f"more-{number}", budget=budget)

    assert count() == few
    assert ZombieFlag.objects.unresolved().count() == flagged


@pytest.mark.parametrize("clicks", [400, 380], ids=["confirmed", "changed"])
def test_judging__one_campaign_after_a_post__takes_eight_queries_at_most(
    workspace: Workspace, clicks: int
) -> None:
    campaign = make_steady(workspace, "steady")
    report(campaign, "2026-11-18", clicks=clicks, reported_at=NOW)
    Campaign.objects.filter(pk=campaign.pk).update(judge_due_at=NOW)
    before = list(Judgement.objects.values_list("at"))

    assert count_queries(lambda: judge_campaigns([campaign.pk], at=NOW + timedelta(minutes=1))) <= 8

    campaign.refresh_from_db()
    assert campaign.judge_due_at is None
    assert (list(Judgement.objects.values_list("at")) != before) is (clicks != 400)


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
    tasks.sweep_chunk([campaign.pk])

    assert before <= Breach.objects.get().at <= timezone.now()


def test_task__sweep__hands_every_campaign_to_the_workers_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.services.judging.judge.CHUNK", 2)
    handed: list[list[int]] = []
    monkeypatch.setattr(tasks.sweep_chunk, "delay", handed.append)
    campaigns = [make_loser(workspace, f"loser-{number}") for number in range(5)]

    tasks.sweep()

    assert sorted(pk for chunk in handed for pk in chunk) == [campaign.pk for campaign in campaigns]
    assert sorted(map(len, handed)) == [1, 2, 2]
    # A message that nobody took is void when the next sweep sends its own.
    assert timedelta(seconds=tasks.SWEEP_PERIOD) == settings.CELERY_BEAT_SCHEDULE["sweep"]["schedule"]
    assert (tasks.sweep.expires, tasks.sweep_chunk.expires) == (tasks.SWEEP_PERIOD, tasks.SWEEP_PERIOD)


def test_task__sweep_chunk__does_what_a_sweep_does(workspace: Workspace) -> None:
    sound, tampered = make_loser(workspace, "sound"), make_loser(workspace, "tampered")
    tampered.kill_criteria.update(retired_at=NOW)

    tasks.sweep_chunk([sound.pk, tampered.pk])

    assert Breach.objects.get().campaign == sound
