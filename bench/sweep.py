"""A sweep: how long judging every live campaign takes, beside the one query that reads the same numbers.

The reference is a `GROUP BY` of the observations by arm, day and source with the sums that the judging needs,
its result fetched. PostgreSQL may use both cores for it. 1,000,000 observations are 10,000 live campaigns of
2 arms over 7 days, each arm's day reported by 7 ads, or by 8 in the first seventh of the campaigns; 20
workspaces share them. Every campaign has a hypothesis with a target, a budget and an end, a rule on each arm
and one on the campaign. One in 25 does badly, one in 20 has overspent.

In a steady sweep nothing has come in since the last one: watches and flags stand, and few change. In the
first one everything is new. `python -m bench.sweep 1000` takes that many campaigns.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

import django

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

import numpy as np
from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases

from api.decoding import decode_rows
from config.memory import keep_what_is_loaded
from experiments.models import (
    Arm,
    Breach,
    Campaign,
    CriterionWatch,
    Hypothesis,
    KillCriterion,
    Observation,
    ObservationBatch,
    ZombieFlag,
)
from experiments.models.criterion import criteria_digest
from experiments.services.judging import judge_campaigns, judge_where_changed, sweep
from experiments.services.judging.judge import CHUNK
from experiments.services.observations import record_observations
from experiments.services.observations.totals import add_up_days
from sprints.models import Transfer
from workspaces.models import Membership, Source, Workspace
from workspaces.permissions import Actor
from workspaces.services import create_workspace

WORKSPACES, CAMPAIGNS, ARMS, DAYS, ADS = 20, 10_000, ("a", "b"), 7, 7
ROUNDS = 3
POSTS = 50
ROOT = Path(__file__).resolve().parent.parent
LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# The morning after the seventh day: all are closed, the last three are not settled.
NOW = LAUNCH + timedelta(days=DAYS, minutes=-30)
REPORTED = NOW - timedelta(hours=1)
MEASURES = ("impressions", "clicks", "conversions", "spend")
GROUP_BY = """
    SELECT arm_id, day, source_id, MAX(reported_at),
           SUM(impressions)::float8, SUM(clicks)::float8, SUM(conversions)::float8, SUM(spend)::float8
    FROM experiments_observation JOIN experiments_arm ON experiments_arm.id = arm_id
    GROUP BY arm_id, day, source_id
"""


def make_workspaces() -> list[Workspace]:
    return [
        create_workspace(
            name=f"Team {number}",
            slug=f"team-{number}",
            timezone="UTC",
            currency="USD",
            owner_email=f"owner@team-{number}.example",
            owner_password=None,
            at=LAUNCH,
        )
        for number in range(WORKSPACES)
    ]


def make_campaigns(workspaces: Sequence[Workspace], numbers: range) -> None:
    """Live campaigns with all that belongs to them, and a week of reports."""
    drawn = np.random.default_rng(numbers.start)
    teams = [workspaces[number * WORKSPACES // CAMPAIGNS % WORKSPACES] for number in numbers]
    plans = Hypothesis.objects.bulk_create(
        (
            Hypothesis(
                workspace=team,
                title=f"Hook {number}",
                kind="creative_angle",
                buyer_stage="awareness",
                driver="trust",
                primary_metric="cpa",
                target=30 + number % 20,
                created_at=LAUNCH,
            )
            for number, team in zip(numbers, teams, strict=True)
        ),
        batch_size=2000,
    )
    campaigns = Campaign.objects.bulk_create(
        (
            Campaign(
                workspace=plan.workspace,
                hypothesis=plan,
                key=f"campaign-{number}",
                name=f"Campaign {number}",
                channel="meta",
                status="live",
                created_at=LAUNCH,
                launched_at=LAUNCH,
                starts_on=LAUNCH.date(),
                runs_until=LAUNCH.date() + timedelta(days=DAYS + 2),
            )
            for number, plan in zip(numbers, plans, strict=True)
        ),
        batch_size=2000,
    )
    Transfer.objects.bulk_create(
        (
            Transfer(
                workspace=campaign.workspace,
                kind="launch",
                source_kind="outside",
                target_kind="campaign",
                target_campaign=campaign,
                # One in twenty has spent it already.
                amount=Decimal(3000 if number % 20 else 1200),
                at=LAUNCH,
                by_label="Bench",
            )
            for number, campaign in enumerate(campaigns)
        ),
        batch_size=2000,
    )
    arms = Arm.objects.bulk_create(
        (
            Arm(
                workspace=campaign.workspace,
                campaign=campaign,
                key=arm,
                name=arm,
                is_control=position == 1,
                planned_share=Decimal("0.5"),
                position=position,
            )
            for campaign in campaigns
            for position, arm in enumerate(ARMS, 1)
        ),
        batch_size=2000,
    )
    make_criteria(campaigns, drawn)
    report(arms, drawn, fuller=len(campaigns) // 7 * len(ARMS))


def make_criteria(campaigns: Sequence[Campaign], drawn: np.random.Generator) -> None:
    """A click rate that each arm must reach and a price that the campaign must keep, for each its own."""
    rules = []
    for campaign in campaigns:
        least, most = Decimal(int(drawn.integers(40, 52))) / 10000, int(drawn.integers(58, 90))
        own = [
            {"metric": "ctr", "comparator": "below", "threshold": least, "level": "arm"},
            {"metric": "cpa", "comparator": "above", "threshold": Decimal(most)},
        ]
        guards: list[dict[str, Any]] = [{"impressions": 20_000, "days": 2}, {"spend": f"{most * 4}.00"}]
        rules += [
            KillCriterion(
                workspace=campaign.workspace,
                campaign=campaign,
                position=position,
                guards=guards[position - 1],
                frozen_at=LAUNCH,
                **rule,
            )
            for position, rule in enumerate(own, 1)
        ]
        campaign.criteria_digest = criteria_digest(rules[-2:])
    Campaign.objects.bulk_update(campaigns, ["criteria_digest"], batch_size=1000)
    KillCriterion.objects.bulk_create(rules, batch_size=2000)


def report(arms: Sequence[Arm], drawn: np.random.Generator, *, fuller: int) -> None:
    """Every ad's numbers of every day; the first `fuller` arms have an ad more."""
    shape = (len(arms), DAYS, ADS + 1)
    shown = drawn.poisson(1500, shape)
    does_badly = np.repeat(drawn.random(len(arms) // len(ARMS)) < 0.04, len(ARMS))[:, None, None]
    noise = drawn.lognormal(0, 0.15, (len(arms), DAYS, 1))
    clicks = drawn.binomial(shown, np.where(does_badly, 0.003, 0.007) * noise)
    conversions = drawn.binomial(clicks, np.where(does_badly, 0.05, 0.06) * np.ones(shape))
    spend = np.round(drawn.gamma(40, 18 / 40, shape), 2)
    batches = {
        workspace.pk: ObservationBatch.objects.create(
            workspace=workspace, at=REPORTED, by_label="connector", channel="api"
        ).pk
        for workspace in Workspace.objects.all()
    }
    sources = dict(Source.objects.filter(key="meta").values_list("workspace", "pk"))
    days = [(LAUNCH + timedelta(days=number)).date() for number in range(DAYS)]
    names = ("workspace_id", "arm_id", "day", "source_id", "entity", "reported_at", "batch_id", *MEASURES)
    said = (shown.tolist(), clicks.tolist(), conversions.tolist(), spend.tolist())
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {Observation._meta.db_table} ({', '.join(names)}) FROM STDIN") as copy,  # noqa: SLF001
    ):
        for index, arm in enumerate(arms):
            home = arm.workspace_id
            ads = range(ADS + (index < fuller))
            for day, ad in ((day, ad) for day in range(DAYS) for ad in ads):
                copy.write_row(
                    (
                        *(home, arm.pk, days[day], sources[home], f"ad-{ad}", REPORTED, batches[home]),
                        *(amounts[index][day][ad] for amounts in said),
                    )
                )
    add_up_days(Observation.objects.filter(arm__in=[arm.pk for arm in arms]))


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


def timed_sweep(minute: int) -> float:
    return seconds(lambda: sweep(at=NOW + timedelta(minutes=minute)), rounds=1)


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

    def __init__(self, count: int) -> None:
        self.pool = ProcessPoolExecutor(
            count,
            mp_context=get_context("spawn"),
            initializer=join,
            initargs=(connection.settings_dict["NAME"],),
        )
        self.count = count
        # Started and warm, as workers are when a sweep comes: each judges one campaign.
        ids = live()[: 4 * count]
        list(self.pool.map(judge, [[pk] for pk in ids], [0] * len(ids)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def sweep(self, minute: int) -> float:
        return self.pool.submit(timed_sweep, minute).result()

    def share(self, minute: int) -> float:
        """Seconds until all chunks are judged by whoever is free."""
        chunks = list(chunked(live()))
        return seconds(lambda: list(self.pool.map(judge, chunks, [minute] * len(chunks))), rounds=1)


def live() -> list[int]:
    return list(Campaign.objects.launched().order_by("pk").values_list("pk", flat=True))


def chunked(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def measure_round(prefix: str) -> dict[str, float]:
    """A first and a steady sweep by one process, and a steady one by two."""
    took: dict[str, float] = {f"{prefix}group_by": seconds(group_by)}
    with Workers(1) as worker:
        took[f"{prefix}first"] = worker.sweep(0)
        analyse()
        took[f"{prefix}steady"] = min(worker.sweep(minute) for minute in (5, 10, 15))
        took[f"{prefix}peak_mb"] = worker.pool.submit(peak_megabytes).result()
        took["queries_a_chunk"] = worker.pool.submit(queries_of, live()[:CHUNK]).result()
    with Workers(2) as workers:
        took[f"{prefix}steady_two_processes"] = min(workers.share(minute) for minute in (20, 25, 30))
    return took


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
    milliseconds: dict[str, list[float]] = {"changed": [], "confirmed": []}
    most = dict.fromkeys(milliseconds, 0)
    for pk, key in healthy.values_list("pk", "key")[:POSTS]:
        for minute, (clicks, name) in enumerate(
            [(10, "changed"), (10, "confirmed"), (11, "changed"), (11, "confirmed")], 40
        ):
            at = NOW + timedelta(minutes=minute)
            post(key, clicks, team, at=at)
            if clicks == 10:
                took = seconds(partial(judge_campaigns, [pk], at=at), rounds=1)
                milliseconds[name].append(1e3 * took)
            else:
                most[name] = max(most[name], queries(partial(judge_campaigns, [pk], at=at)))
    return {
        **{
            f"ms_after_a_post_{name}": round(statistics.median(took), 1)
            for name, took in milliseconds.items()
        },
        **{f"queries_after_a_post_{name}": count for name, count in most.items()},
    }


def measure(campaigns: int) -> dict[str, object]:
    workspaces = make_workspaces()
    few = max(campaigns // 10, 1)
    make_campaigns(workspaces, range(few))
    analyse()
    took = measure_round("few_")
    make_campaigns(workspaces, range(few, campaigns))
    analyse()
    took |= measure_round("")
    return {
        "benchmark": f"steady sweep of {campaigns:,} campaigns, {Observation.objects.count():,} observations",
        "ratio": took["group_by"] / took["steady"],
        "reference": "the one GROUP BY that reads the same rows",
        "times_the_group_by": round(took["steady"] / took["group_by"], 2),
        "times_the_group_by_two_processes": round(took["steady_two_processes"] / took["group_by"], 2),
        "times_for_ten_times_the_campaigns": round(took["steady"] / took["few_steady"], 2),
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
