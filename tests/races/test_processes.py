"""Four processes on one database; on SQLite it is one file, in WAL and with immediate transactions."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from experiments.models import Campaign, Observation
from sprints.choices import TransferKind
from sprints.models import Reallocation, Transfer
from sprints.services.reallocations import create_reallocation, propose_reallocation
from tests.conftest import ROOT
from tests.factories import make_actor, make_workspace
from tests.journeys.site import database_url
from tests.money.harbour import build_harbour
from tests.races.truths import LOST, check_events, check_money
from tests.racing import PATIENCE
from workspaces.choices import Role
from workspaces.models import Event, Workspace
from workspaces.services import publish_all_events

PROCESSES = 4
ROUNDS = 3
NOW = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("shared_db")


@pytest.fixture
def workspace() -> Workspace:
    """With two plans that want the same money, and a manager for each process."""
    workspace = make_workspace("harbour", timezone="America/Chicago")
    build_harbour(workspace)
    mia = make_actor(workspace)
    for share in range(PROCESSES):
        make_actor(workspace, Role.MANAGER, email=f"manager-{share}@harbour.example")
    propose_reallocation(by=mia, at=NOW)
    line = {"from": "penalty-headlines", "to": "reserve", "amount": "1811.60"}
    create_reallocation(lines=[line], by=mia, at=NOW)
    publish_all_events()
    return workspace


@pytest.fixture
def processes(workspace: Workspace) -> Iterator[list["subprocess.Popen[str]"]]:
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": database_url()}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.races.crowd_process", str(share), str(ROUNDS)],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in range(PROCESSES)
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_processes__at_the_same_money_and_days__one_wins_and_none_finds_the_database_locked(
    workspace: Workspace, processes: list["subprocess.Popen[str]"]
) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    heard: Counter[str] = Counter()
    for process in processes:
        said, _ = process.communicate(timeout=2 * PATIENCE)
        # Whatever is no refusal ends the process.
        assert process.returncode == 0
        heard += Counter(json.loads(said))

    assert {outcome.partition(": ")[2] for outcome in heard} <= LOST | {"done"}
    every = PROCESSES * ROUNDS
    assert (heard["post: done"], heard["judge: done"], heard["fund: done"]) == (every, every, every)
    assert heard["kill: done"] == 1
    applied = Reallocation.objects.filter(state="applied")
    assert applied.count() == 1
    (winner,) = applied
    assert heard[f"apply {winner.pk}: done"] == heard[f"approve {winner.pk}: done"] == 1
    assert heard["pause: done"] - heard["resume: done"] in {0, 1}
    cents = Transfer.objects.filter(kind=TransferKind.FUNDING, reason="A cent")
    assert [row.amount for row in cents] == [Decimal("0.01")] * every
    posted = Event.objects.filter(kind="metrics.posted")
    assert posted.count() == every
    for observation in Observation.objects.filter(source__key="meta", arm__key="b", clicks__lt=50):
        # Whoever wrote last reported last.
        assert (observation.reported_at - NOW).total_seconds() == observation.clicks
    assert Campaign.objects.get(key="founder-video").status == "killed"
    check_money(workspace)
    check_events(workspace)
