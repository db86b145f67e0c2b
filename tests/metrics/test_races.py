"""Connectors that post at the same time: none overwrites a newer report, and none waits for ever."""

from datetime import datetime, timedelta

from experiments.models import Observation, Restatement
from experiments.services.observations import record_observations
from tests.factories import make_actor, make_live_campaign, make_workspace
from tests.metrics.conftest import A_DAY, said
from tests.racing import race

KEYS = ("alpha", "beta", "gamma")


def test_record__overlapping_batches_in_opposite_orders__end_with_the_newest(
    shared_db: None, at: datetime
) -> None:
    workspace = make_workspace()
    actor = make_actor(workspace)
    for key in KEYS:
        make_live_campaign(workspace, key)

    def batch(number: int) -> None:
        keys = KEYS if number % 2 else KEYS[::-1]
        made_at = at + timedelta(minutes=number)
        rows = [
            said(campaign=key, day=A_DAY - timedelta(days=n), clicks=number, reported_at=made_at)
            for key in keys
            for n in range(20)
        ]
        record_observations(rows, by=actor, at=made_at)

    outcome = race(*(lambda number=number: batch(number) for number in range(6)))

    assert outcome == ["done"] * 6
    assert Observation.objects.count() == len(KEYS) * 20
    assert set(Observation.objects.values_list("clicks", "reported_at")) == {(5, at + timedelta(minutes=5))}
    # Each restatement tells of an older value than the one that replaced it.
    for restatement in Restatement.objects.select_related("batch"):
        assert restatement.reported_at < restatement.batch.at


def test_record__two_grains_at_once__one_is_refused(shared_db: None, at: datetime) -> None:
    workspace = make_workspace()
    actor = make_actor(workspace)
    make_live_campaign(workspace, "hook-test")

    outcome = race(
        lambda: record_observations([said(spend=9)], by=actor, at=at),
        lambda: record_observations([said(entity="ad-1", spend=9)], by=actor, at=at),
    )

    assert outcome == ["done", "mixed_grain"]
    assert Observation.objects.count() == 1
