"""A post of 50,000 rows: how fast it is read, checked and stored, and what plainer ways of doing so take.

The references see the same rows in the same process. A serializer of Django REST framework validates them
without looking anything up, and one `executemany` writes them, decoded already and unchecked, into the same
table by the same key. The database is the benchmark's own, on the server of DATABASE_URL or else a file.
"""

import gc
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import django

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from rest_framework import serializers

from api.decoding import decode_rows
from experiments.choices import MEASURES, MeasureUnit
from experiments.models import Arm, Campaign, DayTotal, Observation, Restatement
from experiments.services.observations import Row, record_observations
from experiments.services.observations.rows import Faults, RowReader
from workspaces.models import Membership, Source
from workspaces.permissions import Actor
from workspaces.services import create_workspace, ensure_source

CAMPAIGNS, ARMS, DAYS = 250, ("a", "b"), 100
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
# A usual day, as a connector reports it: money as text, counts as numbers.
USUAL = {"impressions": 40_000, "clicks": 500, "conversions": 9, "spend": 230, "revenue": 810}
ROUNDS = 3


def body(seed: int) -> bytes:
    """What a connector posts for a team with many campaigns."""
    drawn = random.Random(seed)  # noqa: S311
    rows = [
        {
            "campaign": f"campaign-{number}",
            "arm": arm,
            "day": (NOW.date() - timedelta(days=age)).isoformat(),
            **{name: sent(name, usual * drawn.uniform(0.5, 1.5)) for name, usual in USUAL.items()},
        }
        for number in range(CAMPAIGNS)
        for arm in ARMS
        for age in range(DAYS)
    ]
    return json.dumps(rows).encode()


def sent(name: str, amount: float) -> str | int:
    return f"{amount:.2f}" if MEASURES[name].unit == MeasureUnit.MONEY else round(amount)


class PlainRow(serializers.Serializer[Any]):
    """The same row as a serializer checks it."""

    campaign = serializers.SlugField()
    arm = serializers.SlugField()
    day = serializers.DateField()
    impressions = serializers.IntegerField(min_value=0, max_value=10**12)
    clicks = serializers.IntegerField(min_value=0, max_value=10**12)
    conversions = serializers.DecimalField(max_digits=15, decimal_places=4, min_value=0)
    spend = serializers.DecimalField(max_digits=15, decimal_places=4, min_value=0)
    revenue = serializers.DecimalField(max_digits=15, decimal_places=4, min_value=0)


def seconds(deed: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def make_team() -> Actor:
    """A connector's workspace with its campaigns, and nothing reported yet."""
    workspace = create_workspace(
        name="Bench",
        slug="bench",
        timezone="UTC",
        currency="USD",
        owner_email="owner@bench.example",
        owner_password=None,
        at=NOW,
    )
    ensure_source(workspace, "meta")
    campaigns = Campaign.objects.bulk_create(
        Campaign(
            workspace=workspace, key=f"campaign-{number}", name="Campaign", channel="meta", created_at=NOW
        )
        for number in range(CAMPAIGNS)
    )
    Arm.objects.bulk_create(
        Arm(
            workspace=workspace,
            campaign=campaign,
            key=arm,
            name=arm,
            is_control=position == 1,
            planned_share="0.5",
            position=position,
        )
        for campaign in campaigns
        for position, arm in enumerate(ARMS, 1)
    )
    return Actor.of_member(Membership.objects.select_related("user", "workspace").get(workspace=workspace))


def read(text: bytes) -> list[Row]:
    return decode_rows(text, content_type="application/json")  # type: ignore[return-value] # all are good


def check(text: bytes, team: Actor) -> None:
    """Decode and validate, as far as no database is needed."""
    faults = Faults()
    reader = RowReader(currency=team.workspace.currency, at=NOW, faults=faults)
    assert len(list(reader.reports(read(text)))) == CAMPAIGNS * len(ARMS) * DAYS
    assert not faults


def check_by_serializer(text: bytes) -> None:
    many = PlainRow(data=json.loads(text), many=True)
    many.is_valid(raise_exception=True)


def post(text: bytes, team: Actor, *, minute: int) -> None:
    record_observations(read(text), by=team, at=NOW + timedelta(minutes=minute))


def plain_rows(text: bytes, team: Actor, batch_id: int) -> Iterator[Sequence[Any]]:
    """The rows with their ids, as a program would have them that checks nothing and knows all."""
    arms = {
        (campaign, arm): pk for campaign, arm, pk in Arm.objects.values_list("campaign__key", "key", "id")
    }
    source = Source.objects.of(team.workspace).get(key="meta").pk
    for row in json.loads(text):
        yield (
            team.workspace.pk,
            arms[row["campaign"], row["arm"]],
            row["day"],
            source,
            "",
            NOW.isoformat(),
            batch_id,
            *(row[name] for name in USUAL),
        )


def upsert(rows: Sequence[Sequence[Any]]) -> None:
    names = ["workspace_id", "arm_id", "day", "source_id", "entity", "reported_at", "batch_id", *USUAL]
    replaced = ", ".join(f"{name} = excluded.{name}" for name in ("reported_at", "batch_id", *USUAL))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {Observation._meta.db_table} ({', '.join(names)}) "  # noqa: S608, SLF001
            f"VALUES ({', '.join(['%s'] * len(names))}) "
            f"ON CONFLICT (workspace_id, arm_id, day, source_id, entity) DO UPDATE SET {replaced}",
            rows,
        )


def measure() -> dict[str, object]:
    """The best of several rounds, which is the one that other programs disturbed least."""
    team = make_team()
    first, restated = body(1), body(2)
    took: dict[str, list[float]] = {}

    def note(name: str, deed: Callable[[], object]) -> None:
        took.setdefault(name, []).append(seconds(deed))

    for _ in range(ROUNDS):
        note("checking", lambda: check(first, team))
        note("checking_by_serializer", lambda: check_by_serializer(first))
        note("first_post", lambda: post(first, team, minute=1))
        note("same_again", lambda: post(first, team, minute=2))
        note("restated", lambda: post(restated, team, minute=3))
        batch = Observation.objects.latest("id").batch_id
        ready = list(plain_rows(restated, team, batch))
        note("plain_update", partial(upsert, ready))
        empty()
        note("plain_insert", partial(upsert, ready))
        empty()
    best = {name: min(times) for name, times in took.items()}
    return {
        "benchmark": f"decoding and checking a post of {CAMPAIGNS * len(ARMS) * DAYS:,} rows",
        "ratio": best["checking_by_serializer"] / best["checking"],
        "reference": "json and a serializer of Django REST framework",
        "database": connection.vendor,
        "first_post_to_plain_insert": round(best["first_post"] / best["plain_insert"], 2),
        "restated_to_plain_update": round(best["restated"] / best["plain_update"], 2),
        "seconds": {name: round(value, 2) for name, value in best.items()},
    }


def empty() -> None:
    """Without what was observed; its history goes first."""
    with connection.cursor() as cursor:
        for model in (Restatement, Observation, DayTotal):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608, SLF001


if __name__ == "__main__":
    made = setup_databases(verbosity=0, interactive=False)
    try:
        result = measure()
    finally:
        teardown_databases(made, verbosity=0)
    print(json.dumps(result))
