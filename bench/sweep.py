"""A sweep: how long judging every live campaign takes, beside the one query that reads the same numbers.

The reference is a `GROUP BY` of the observations by arm, day and source with the sums that the judging needs,
its result fetched. PostgreSQL may use both cores for it. 1,000,000 observations are 10,000 live campaigns of
2 arms over 7 days, each arm's day reported by 7 ads, or by 8 in the first seventh of the campaigns; 20
workspaces share them. Every campaign has a hypothesis with a target, a budget and an end, a rule on each arm
and one on the campaign. One in 25 does badly, one in 20 has overspent.

In a steady sweep nothing has come in since the last one: watches and flags stand, and few change. In the
first one everything is new. `python -m bench.sweep 1000` takes that many campaigns.

Where other programs share the machine, no seven seconds are undisturbed. So each part of a sweep counts with
its fastest round, as a post does; how long the fastest whole round took stands beside it. A tenth of the
campaigns has a database of its own, and is swept in turns with the whole.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Self

import django

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases

from api.decoding import decode_rows
from bench._campaigns import CAMPAIGNS, LAUNCH, NOW, make_campaigns, make_workspaces
from config.memory import keep_what_is_loaded
from experiments.models import (
    Breach,
    Campaign,
    CriterionWatch,
    Observation,
    ZombieFlag,
)
from experiments.services.judging import judge_campaigns, judge_where_changed, sweep_chunks
from experiments.services.judging.judge import CHUNK
from experiments.services.observations import record_observations
from workspaces.models import Membership
from workspaces.permissions import Actor
from workspaces.services import publish_all_events

ROUNDS = 3
# Minutes after the first sweep.
STEADY = (2, 4, 6, 8, 10)
POSTS = 50
ROOT = Path(__file__).resolve().parent.parent
GROUP_BY = """
    SELECT arm_id, day, source_id, MAX(reported_at),
           SUM(impressions)::float8, SUM(clicks)::float8, SUM(conversions)::float8, SUM(spend)::float8
    FROM experiments_observation JOIN experiments_arm ON experiments_arm.id = arm_id
    GROUP BY arm_id, day, source_id
"""


def analyse() -> None:
    """What the database does by itself sooner or later."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def seconds(deed: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """The best of several rounds, which is the one that other programs disturbed least."""

    def once() -> float:
        gc.collect()
        began = time.perf_counter()
        deed()
        return time.perf_counter() - began

    return min(once() for _ in range(rounds))


def group_by() -> None:
    with connection.cursor() as cursor:
        cursor.execute(GROUP_BY)
        cursor.fetchall()


# In the workers ------------------------------------------------------------------------------------


def join(database: str) -> None:
    """Work on the benchmark's database, and begin as a worker does."""
    connection.settings_dict["NAME"] = database
    keep_what_is_loaded()


def timed_sweep(minute: int) -> list[float]:
    """How long each part of a sweep takes: to find whom to judge, to judge each chunk, to number events."""
    at = NOW + timedelta(minutes=minute)
    chunks: list[list[int]] = []
    return [
        seconds(lambda: chunks.extend(sweep_chunks(at=at)), rounds=1),
        *(seconds(partial(judge_where_changed, chunk, at=at), rounds=1) for chunk in chunks),
        seconds(publish_all_events, rounds=1),
    ]


def chunks_of_all() -> list[list[int]]:
    return sweep_chunks(at=NOW)


def judge(ids: list[int], minute: int) -> int:
    return judge_where_changed(ids, at=NOW + timedelta(minutes=minute)).judged


def queries(deed: Callable[[], object]) -> int:
    """How many there are beside the statements that begin and end a transaction."""
    with CaptureQueriesContext(connection) as captured:
        deed()
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in captured.captured_queries)


def queries_of(ids: list[int]) -> int:
    return queries(lambda: judge_where_changed(ids, at=NOW + timedelta(minutes=20)))


def peak_megabytes() -> float:
    """The most memory that this process ever held. What `getrusage` says includes the parent's."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 2**10


# --------------------------------------------------------------------------------------------------


class Workers:
    """So many processes that judge, as Celery's workers do."""

    def __init__(self, count: int, database: str) -> None:
        self.pool = ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=join, initargs=(database,)
        )
        self.chunks: list[list[int]] = self.pool.submit(chunks_of_all).result()
        # Started and warm, as workers are when a sweep comes: each judges one campaign.
        ids = self.chunks[0][: 4 * count]
        list(self.pool.map(judge, [[pk] for pk in ids], [0] * len(ids)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def sweep(self, minute: int) -> list[float]:
        return self.pool.submit(timed_sweep, minute).result()

    def share(self, minute: int) -> float:
        """Seconds until all chunks are judged by whoever is free."""
        minutes = [minute] * len(self.chunks)
        return seconds(lambda: list(self.pool.map(judge, self.chunks, minutes)), rounds=1)


def sweep_first(database: str) -> float:
    """How long the sweep takes to which much is new."""
    with Workers(1, database) as worker:
        took = sum(worker.sweep(0))
    analyse()
    return took


def measure_steady(few: str, many: str) -> dict[str, float]:
    """Sweeps of both databases in turns, by one process and by two."""
    took = {"group_by": seconds(group_by)}
    with Workers(1, few) as few_worker, Workers(1, many) as many_worker:
        workers = {"few_": few_worker, "": many_worker}
        rounds: dict[str, list[list[float]]] = {prefix: [] for prefix in workers}
        for minute in STEADY:
            for prefix, worker in workers.items():
                rounds[prefix].append(worker.sweep(minute))
            took["group_by"] = min(took["group_by"], seconds(group_by, rounds=1))
        for prefix, each in rounds.items():
            took[f"{prefix}steady"] = sum(map(min, zip(*each, strict=True)))
            took[f"{prefix}steady_whole_round"] = min(map(sum, each))
            took[f"{prefix}peak_mb"] = workers[prefix].pool.submit(peak_megabytes).result()
        took["queries_a_chunk"] = many_worker.pool.submit(queries_of, many_worker.chunks[0]).result()
    with Workers(2, few) as few_workers, Workers(2, many) as many_workers:
        shared = [(few_workers.share(minute + 20), many_workers.share(minute + 20)) for minute in STEADY]
        took["few_steady_two_processes"], took["steady_two_processes"] = map(min, zip(*shared, strict=True))
    return took


@contextmanager
def copied(database: str) -> Iterator[str]:
    """The name of another database with the same in it."""
    copy = f"{database}_few"
    connection.close()
    with connection._nodb_cursor() as cursor:  # noqa: SLF001 - Django's own way to make a database
        cursor.execute(f"CREATE DATABASE {copy} TEMPLATE {database}")
    try:
        yield copy
    finally:
        with connection._nodb_cursor() as cursor:  # noqa: SLF001
            cursor.execute(f"DROP DATABASE {copy}")


def post(campaign: str, clicks: int, team: Actor, *, at: datetime) -> None:
    """A connector says once more how often an ad of the fifth day was clicked."""
    row = {"campaign": campaign, "arm": "a", "entity": "ad-0", "day": str(LAUNCH.date() + timedelta(days=4))}
    body = json.dumps([{**row, "clicks": clicks}]).encode()
    record_observations(decode_rows(body, content_type="application/json"), by=team, at=at)


def measure_posts() -> dict[str, float]:
    """Judging a campaign alone, when a post has changed its numbers and when it has confirmed them."""
    team = Actor.of_member(Membership.objects.select_related("user", "workspace").order_by("pk")[0])
    healthy = Campaign.objects.of(team.workspace).live().order_by("pk")
    healthy = healthy.exclude(pk__in=ZombieFlag.objects.unresolved().values("campaign"))
    best: dict[str, list[float]] = {"changed": [], "confirmed": []}
    most = dict.fromkeys(best, 0)
    for pk, key in healthy.values_list("pk", "key")[:POSTS]:
        took: dict[str, list[float]] = {name: [] for name in best}
        # Each number of clicks is posted twice: it changes something once.
        for minute, clicks in enumerate(range(10, 10 + ROUNDS), 40):
            for second, name in enumerate(took):
                at = NOW + timedelta(minutes=minute, seconds=second)
                post(key, clicks, team, at=at)
                took[name].append(1e3 * seconds(partial(judge_campaigns, [pk], at=at), rounds=1))
        for second, (name, rounds) in enumerate(took.items()):
            best[name].append(min(rounds))
            at = NOW + timedelta(minutes=60, seconds=second)
            post(key, 9, team, at=at)
            most[name] = max(most[name], queries(partial(judge_campaigns, [pk], at=at)))
    return {
        **{f"ms_after_a_post_{name}": round(statistics.median(took), 1) for name, took in best.items()},
        **{f"queries_after_a_post_{name}": count for name, count in most.items()},
    }


def measure(campaigns: int) -> dict[str, object]:
    workspaces = make_workspaces()
    few = max(campaigns // 10, 1)
    make_campaigns(workspaces, range(few))
    analyse()
    many_database = connection.settings_dict["NAME"]
    took = {"few_first": sweep_first(many_database)}
    with copied(many_database) as few_database:
        make_campaigns(workspaces, range(few, campaigns))
        analyse()
        took["first"] = sweep_first(many_database)
        took |= measure_steady(few_database, many_database)
    return {
        "benchmark": f"steady sweep of {campaigns:,} campaigns, {Observation.objects.count():,} observations",
        "ratio": took["group_by"] / took["steady"],
        "reference": "the one GROUP BY that reads the same rows",
        "times_the_group_by": round(took["steady"] / took["group_by"], 2),
        "times_the_group_by_two_processes": round(took["steady_two_processes"] / took["group_by"], 2),
        "times_for_ten_times_the_campaigns": round(took["steady"] / took["few_steady"], 2),
        "times_for_ten_times_the_campaigns_two_processes": round(
            took["steady_two_processes"] / took["few_steady_two_processes"], 2
        ),
        "breaches": Breach.objects.count(),
        "watches": CriterionWatch.objects.count(),
        "flags": ZombieFlag.objects.count(),
        "chunk": CHUNK,
        "figures": {name: round(value, 2) for name, value in took.items()},
        **measure_posts(),
    }


def main() -> None:
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        again = f'DATABASE_URL="$DATABASE_URL_POSTGRES" exec "{sys.executable}" -m bench.sweep "$@"'
        services = subprocess.run(
            [ROOT / "bin" / "services", "sh", "-c", again, "sh", *sys.argv[1:]], check=False
        )
        sys.exit(services.returncode)
    made = setup_databases(verbosity=0, interactive=False)
    try:
        result = measure(int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS)
    finally:
        teardown_databases(made, verbosity=0)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
