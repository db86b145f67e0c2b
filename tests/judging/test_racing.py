"""Workers that judge the same campaign at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from experiments.models import Breach, CriterionWatch, Judgement, ZombieFlag
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_workspace, report
from workspaces.models import Event

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.mark.usefixtures("shared_db")
def test_judging__two_workers_at_once__make_one_breach_and_one_pause() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])
    make_criteria(campaign, {})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=100, spend=500)
    together = Barrier(2)

    def work() -> tuple[int, ...]:
        together.wait(timeout=10)
        try:
            return judge_campaigns([campaign.pk], at=NOW).breaches
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        breaches = [future.result() for future in [workers.submit(work), workers.submit(work)]]

    assert sorted(map(len, breaches)) == [0, 1]
    assert Breach.objects.count() == 1
    assert Event.objects.filter(kind="criterion.breached").count() == 1
    assert Event.objects.filter(kind="campaign.paused").count() == 1
    assert (CriterionWatch.objects.count(), Judgement.objects.count()) == (1, 1)
    # Reported long ago, it is blind until it is paused: neither worker flags what the other has stopped.
    assert not ZombieFlag.objects.exists()
