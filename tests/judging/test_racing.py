"""Workers that judge the same campaign at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Breach, CriterionWatch, Judgement, ZombieFlag
from experiments.services.judging import JudgingResult, judge_campaigns, judge_where_changed
from tests.factories import make_campaign, make_criteria, make_workspace, report
from workspaces.models import Event

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def both(work: Callable[[], JudgingResult]) -> list[JudgingResult]:
    """What two workers bring that begin together."""
    together = Barrier(2)

    def begin() -> JudgingResult:
        together.wait(timeout=10)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        return [future.result() for future in [workers.submit(begin), workers.submit(begin)]]


@pytest.mark.usefixtures("shared_db")
@pytest.mark.parametrize("judge", [judge_campaigns, judge_where_changed], ids=["after a post", "in a sweep"])
def test_judging__two_workers_at_once__make_one_breach_and_one_pause(
    judge: Callable[..., JudgingResult],
) -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])
    make_criteria(campaign, {})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=100, spend=500)

    results = both(lambda: judge([campaign.pk], at=NOW))

    assert sorted(len(result.breaches) for result in results) == [0, 1]
    assert Breach.objects.count() == 1
    assert Event.objects.filter(kind="criterion.breached").count() == 1
    assert Event.objects.filter(kind="campaign.paused").count() == 1
    assert (CriterionWatch.objects.count(), Judgement.objects.count()) == (1, 1)
    # Reported long ago, it is blind until it is paused: neither worker flags what the other has stopped.
    assert not ZombieFlag.objects.exists()


@pytest.mark.usefixtures("shared_db")
@pytest.mark.parametrize("judge", [judge_campaigns, judge_where_changed], ids=["after a post", "in a sweep"])
def test_judging__two_workers_at_once__raise_one_flag(judge: Callable[..., JudgingResult]) -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])
    report(campaign, "2026-11-19", spend=500, reported_at=NOW)

    results = both(lambda: judge([campaign.pk], at=NOW))

    assert sorted(len(result.flagged) for result in results) == [0, 1]
    assert [result.failed for result in results] == [(), ()]
    assert ZombieFlag.objects.get().signal == "unplanned"
    assert Event.objects.filter(kind="zombie.flagged").count() == 1


@pytest.mark.django_db
def test_judging__waiting_for_the_rows__reads_the_flags_after_it() -> None:
    """Of what was true before another worker let go of the rows, nothing is remembered."""
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])

    with CaptureQueriesContext(connection) as queries:
        judge_campaigns([campaign.pk], at=NOW)

    [held, *_] = (query["sql"] for query in queries if '"judge_due_at"' in query["sql"])
    assert ZombieFlag._meta.db_table not in held
