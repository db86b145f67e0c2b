"""Web server and worker killed at random moments, a hundred times, while a team works with them.

A program posts the days of its campaigns under an Idempotency-Key each, some of which break a rule; another
proposes plans, which a signed-in manager approves. Whoever hears nothing asks again. At the end there is one
sweep, and then it is looked at: nothing that was accepted is lost, and nothing has happened twice. The
embedded variant (SQLite, a broker of files) and the other (PostgreSQL, Redis) take half of the kills each.

The reference is the same work on the same site without a kill. Usage: python -m bench.crash [--kills N]
[--seed N] [--only embedded|servers] [--patience SECONDS] [--calm SECONDS]
"""

import argparse
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bench._site import ROOT, Caller, Receiver, Site, receiver

CAMPAIGNS, LOSERS, DAYS = 6, 8, 3
# As many unanswered batches a program keeps before it stops making new ones.
MOST_WAITING = 10
# What is lost on the way, or refused because the first is still under way, is asked again.
AGAIN = frozenset({409, 500, 502, 503})


@dataclass
class Poster:
    """Posts batch after batch; remembers which were accepted and which nobody has answered yet."""

    caller: Caller
    today: date
    random: random.Random
    patience: float
    sent: int = 0
    keys: int = 0
    accepted: int = 0
    errors: list[str] = field(default_factory=list)
    newest: dict[str, tuple[str, int]] = field(default_factory=dict)
    waiting: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    losers: list[str] = field(default_factory=list)

    def work(self, over: Event) -> None:
        while not over.is_set():
            if len(self.waiting) < MOST_WAITING:
                self.post_next()
            elif not self._try(*self.waiting[0]):
                # Nobody is there, or the first try is under way: the next is asked for first.
                self.waiting.append(self.waiting.pop(0))
                time.sleep(0.05)

    def post_next(self) -> None:
        self.sent += 1
        names = [f"campaign-{number}" for number in range(CAMPAIGNS)]
        places = self.random.sample([(name, age) for name in names for age in range(DAYS)], 4)
        rows = [
            self._row(name, age, impressions=1000, clicks=self.sent, spend="1.00") for name, age in places
        ]
        if self.losers and self.sent % 5 == 0:
            rows.append(self._row(self.losers.pop(), 0, impressions=50_000, clicks=5, spend="200.00"))
        self.waiting.append((self._new_key(), rows))
        self._try(*self.waiting[-1])

    def _new_key(self) -> str:
        self.keys += 1
        return f"batch-{self.keys}"

    def _row(self, campaign: str, age: int, **measures: Any) -> dict[str, Any]:
        day = (self.today - timedelta(days=age)).isoformat()
        now = datetime.now(UTC).isoformat()
        return {"campaign": campaign, "arm": "a", "day": day, "reported_at": now, **measures}

    def _try(self, once: str, rows: list[dict[str, Any]]) -> bool:
        with suppress(OSError, HTTPException):
            status, answer = self.caller.post("metrics/", rows, once=once)
            if status == 200:
                self.waiting.remove((once, rows))
                self._accept(rows)
                return True
            if status not in AGAIN:
                sys.exit(f"A post was answered {status}: {answer}")
            if status != 409:
                self.errors.append(f"{status}: {answer}")
        return False

    def _accept(self, rows: list[dict[str, Any]]) -> None:
        self.accepted += 1
        for row in rows:
            place = f"{row['campaign']} {row['arm']} {row['day']}"
            said = (row["reported_at"], row["clicks"])
            self.newest[place] = max(self.newest.get(place, said), said)

    def finish(self) -> None:
        """Until all is accepted: with the same keys for a while, then as one who has given them up."""
        deadline = time.monotonic() + self.patience
        while self.waiting:
            once, rows = self.waiting[0]
            if not self._try(once, rows):
                if time.monotonic() > deadline:
                    self.waiting[0] = (self._new_key(), rows)
                time.sleep(0.1)


@dataclass
class Movers:
    """A program that proposes and applies, a manager who approves; each plan moves an amount of its own."""

    program: Caller
    manager: Caller
    random: random.Random
    applied: set[int] = field(default_factory=set)

    def work(self, over: Event) -> None:
        while not over.is_set():
            with suppress(OSError, HTTPException, KeyError, ValueError):
                self._move()

    def _move(self) -> None:
        target = f"campaign-{self.random.randrange(CAMPAIGNS)}"
        line = {"from": "reserve", "to": target, "amount": f"{self.random.randrange(1, 500) / 100:.2f}"}
        _, plan = self.program.post("reallocations/", {"lines": [line]}, once=secrets.token_hex())
        path, digest = f"reallocations/{plan['id']}", {"plan_digest": plan["plan_digest"]}
        for caller, act, body in ((self.manager, "approve", digest), (self.program, "apply", {})):
            self._until_heard(caller, f"{path}/{act}/", body)
        status, plan = self.program.get(f"{path}/")
        if status == 200 and plan["state"] == "applied":
            self.applied.add(plan["id"])

    def _until_heard(self, caller: Caller, path: str, body: dict[str, Any]) -> None:
        for _ in range(20):
            with suppress(OSError, HTTPException):
                caller.post(path, body)
                return
            time.sleep(0.1)


def calm(poster: Poster, workers: Sequence[Callable[[Event], None]], *, seconds: float) -> float:
    """Batches accepted in a second, while nobody kills anything."""
    over, began, before = Event(), time.monotonic(), poster.accepted
    threads = [Thread(target=work, args=[over], daemon=True) for work in workers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return (poster.accepted - before) / (time.monotonic() - began)


def storm(
    site: Site,
    poster: Poster,
    workers: Sequence[Callable[[Event], None]],
    *,
    kills: int,
    drawn: random.Random,
) -> float:
    """The same while one of the two is killed again and again."""
    over, began, before = Event(), time.monotonic(), poster.accepted
    threads = [Thread(target=work, args=[over], daemon=True) for work in workers]
    for thread in threads:
        thread.start()
    for number in range(kills):
        time.sleep(drawn.uniform(0.05, 2))
        site.check_alive()
        name = drawn.choice(["web", "worker"])
        site.kill(name)
        site.start(name)
        if name == "web":
            site.until_it_answers()
        print(f"{number + 1} of {kills}: killed the {name}", file=sys.stderr)
    over.set()
    for thread in threads:
        thread.join()
    return (poster.accepted - before) / (time.monotonic() - began)


def check(left: dict[str, Any], poster: Poster, movers: Movers, heard: Receiver) -> None:
    """What must be so, whatever was killed when."""
    lost = {
        place: (clicks, left["clicks"].get(place))
        for place, (_, clicks) in poster.newest.items()
        if left["clicks"].get(place) != clicks
    }
    assert not lost, f"Accepted and not there: {lost}"
    assert poster.accepted <= left["batches"] <= poster.keys, "A batch was stored twice, or not at all."
    losers = {f"loser-{number}": 1 for number in range(LOSERS)} if not poster.losers else None
    assert losers is None or left["breaches"] == left["paused"] == losers, (left["breaches"], left["paused"])
    assert set(left["breaches"].values()) <= {1}
    assert left["breaches"] == left["paused"]
    assert movers.applied <= set(left["applied"]), "A plan that was applied is not."
    assert left["undelivered"] == 0
    assert set(left["sequences"]) == set(heard.ids), "An event was not told."
    assert all(len(ids) == 1 for ids in heard.ids.values()), "An event was told under two ids."
    all_ids = [one for ids in heard.ids.values() for one in ids]
    assert len(all_ids) == len(set(all_ids)), "Two events were told under one id."


def measure(environment: dict[str, str], asked: argparse.Namespace, *, kills: int) -> dict[str, Any]:
    drawn = random.Random(asked.seed)  # noqa: S311 - it only has to be repeatable
    with tempfile.TemporaryDirectory(prefix="quickno-crash-") as folder, receiver() as heard:
        site = Site(Path(folder), environment)
        try:
            ready = site.ask("bench._inside", "prepare", heard.url, str(LOSERS))
            site.start("web")
            site.start("worker")
            site.until_it_answers()
            poster = Poster(
                Caller(site, key=ready["key"]),
                date.fromisoformat(ready["today"]),
                drawn,
                asked.patience,
                losers=[f"loser-{number}" for number in range(LOSERS)],
            )
            manager = Caller(site)
            manager.sign_in("max@bench.example")
            movers = Movers(Caller(site, key=ready["key"]), manager, drawn)
            workers = [poster.work, movers.work]
            without = calm(poster, workers, seconds=asked.calm)
            with_kills = storm(site, poster, workers, kills=kills, drawn=drawn)
            while poster.losers:
                poster.post_next()
            poster.finish()
            site.close()
            left = site.ask("bench._inside", "audit")
            check(left, poster, movers, heard)
            assert not poster.errors, poster.errors
        except BaseException:
            print(site.said(), file=sys.stderr)
            raise
        finally:
            site.close()
    return {
        "ratio": with_kills / without,
        "batches": poster.accepted,
        "plans": len(movers.applied),
        "events": left["events"],
        "batches_a_second": round(with_kills, 1),
        "without_kills": round(without, 1),
    }


def servers() -> dict[str, str]:
    """A database of its own on the private PostgreSQL, and a Redis database of its own."""
    address = urlsplit(os.environ["DATABASE_URL_POSTGRES"])
    name = f"crash_{secrets.token_hex(4)}"
    with psycopg.connect(address.geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    redis = urlsplit(os.environ["REDIS_URL"])._replace(path="/15").geturl()
    return {"DATABASE_URL": address._replace(path=f"/{name}").geturl(), "CELERY_BROKER_URL": redis}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", choices=["embedded", "servers"])
    parser.add_argument("--patience", type=float, default=90)
    parser.add_argument("--calm", type=float, default=10)
    asked = parser.parse_args()
    if asked.only != "embedded" and "DATABASE_URL_POSTGRES" not in os.environ:
        command = [str(ROOT / "bin" / "services"), sys.executable, "-m", "bench.crash", *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"Seed {asked.seed}", file=sys.stderr)
    variants = [asked.only] if asked.only else ["embedded", "servers"]
    kills = asked.kills // len(variants)
    environments = {"embedded": dict, "servers": servers}
    found = {name: measure(environments[name](), asked, kills=kills) for name in variants}
    result = {
        "benchmark": f"work on, web and worker killed {kills * len(variants)} times, nothing lost or twice",
        "ratio": min(one["ratio"] for one in found.values()),
        "reference": "batches a second of the same site without a kill",
        "kills": kills * len(variants),
        "seed": asked.seed,
        **found,
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
