"""The whole loop over REST alone: from the backlog to the money that moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from config.celery import app as celery_app

BASE = "/api/v1/"
MONDAY = date(2026, 11, 23)


class Team:
    """A marketer's program with a key, and a manager in the browser, as the days go by."""

    def __init__(self, capture: DjangoCaptureOnCommitCallbacks) -> None:
        self.capture = capture
        self.program = APIClient()
        self.manager = APIClient()

    def ask(
        self, method: str, path: str, body: Any = None, *, by: APIClient | None = None, status: int = 200
    ) -> Any:
        """A call that commits: what waits for the commit is done, as the worker would."""
        with self.capture(execute=True):
            answer = getattr(by or self.program, method)(BASE + path, body)
        assert answer.status_code == status, answer.content
        return answer.json()

    def get(self, path: str) -> Any:
        return self.ask("get", path)

    def post(self, path: str, body: Any = None, *, by: APIClient | None = None, status: int = 200) -> Any:
        return self.ask("post", path, body, by=by, status=status)


@contextmanager
def on(day: date, hour: int = 8) -> Iterator[None]:
    """What is done at that hour (UTC)."""
    moment = datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")
    with time_machine.travel(moment, tick=False):
        yield


@pytest.fixture
def team(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Team:
    monkeypatch.setitem(celery_app.conf, "task_always_eager", True)
    monkeypatch.setitem(celery_app.conf, "task_eager_propagates", True)
    team = Team(django_capture_on_commit_callbacks)
    with on(MONDAY - timedelta(days=3)):
        quiet = {"stdout": StringIO()}
        call_command(
            "create_workspace",
            "Pilots",
            *("--slug", "pilots", "--timezone", "UTC", "--currency", "USD"),
            *("--owner", "olga@example.com", "--password", "correct horse battery"),
            **quiet,
        )
        for email, role in (("mia@example.com", "marketer"), ("max@example.com", "manager")):
            call_command(
                "add_member", "pilots", email, "--role", role, "--password", "correct horse battery", **quiet
            )
        secret = StringIO()
        scopes = ("read", "metrics:write", "plan:write", "budget:propose")
        call_command(
            "create_api_key",
            *("pilots", "connector", "--for", "mia@example.com"),
            *(word for scope in scopes for word in ("--scope", scope)),
            stdout=secret,
        )
        team.program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret.getvalue().strip()}")
        assert team.manager.login(email="max@example.com", password="correct horse battery")
    return team


def hypothesis(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "change": "a founder filmed on a phone",
        "audience": "cold, 25-44",
        "expected_effect": "lower cost per conversion",
        "because": "sales calls praise candour",
        "kind": "creative_angle",
        "buyer_stage": "awareness",
        "driver": "trust",
        "owner": "mia@example.com",
        "primary_metric": "cpa",
        "target": "40.00",
        "mde_relative": 0.2,
    }


def criterion(metric: str, comparator: str, threshold: str, evidence: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "comparator": comparator,
        "threshold": threshold,
        "level": "campaign",
        "guards": {"spend": "500.00"},
        "evidence": evidence,
        "action": "pause",
    }


def winning_day(day: date) -> list[dict[str, Any]]:
    """150.00 a day in each arm, at 10.00 a conversion in one and 12.50 in the other."""
    return [
        {
            "campaign": "founder-video",
            "arm": arm,
            "day": day.isoformat(),
            "impressions": 20_000,
            "clicks": 400,
            "spend": "150.00",
            "conversions": conversions,
        }
        for arm, conversions in (("studio", 12), ("founder", 15))
    ]


def losing_day(day: date, spend: str) -> list[dict[str, Any]]:
    """A click for 500 impressions: 0.2 %, where 0.5 % was agreed."""
    return [
        {
            "campaign": "discount",
            "arm": "all",
            "day": day.isoformat(),
            "impressions": 50_000,
            "clicks": 100,
            "spend": spend,
            "conversions": 1,
        }
    ]


def plan_sprint(team: Team) -> tuple[Any, Any, Any]:
    """A sprint with two hypotheses and a campaign for each; return it, the winner and the loser."""
    with on(MONDAY - timedelta(days=3), 9):
        winner = team.post("hypotheses/", hypothesis("Founder video beats studio video"), status=201)
        loser = team.post("hypotheses/", hypothesis("A discount brings them in"), status=201)
        sprint = team.post(
            "sprints/",
            {
                "name": "Hooks for cold audiences",
                "goal": "Leads below 40 USD",
                "starts_on": "2026-11-23",
                "ends_on": "2026-11-27",
            },
            status=201,
        )
        for item in (winner, loser):
            team.post(f"sprints/{sprint['id']}/commit/", {"hypothesis": item["id"]})
        team.post(
            "campaigns/",
            {
                "key": "founder-video",
                "name": "Founder video",
                "hypothesis": winner["id"],
                "channel": "meta",
                "budget": "2500.00",
                "arms": [
                    {"key": "studio", "name": "Studio", "is_control": True, "planned_share": 0.5},
                    {"key": "founder", "name": "Founder", "is_control": False, "planned_share": 0.5},
                ],
                "kill_criteria": [criterion("cpa", "above", "80.00", "probable")],
            },
            status=201,
        )
        team.post(
            "campaigns/",
            {
                "key": "discount",
                "name": "Discount",
                "hypothesis": loser["id"],
                "channel": "meta",
                "budget": "1000.00",
                "arms": [{"key": "all", "name": "All", "planned_share": 1}],
                "kill_criteria": [criterion("ctr", "below", "0.005", "observed")],
            },
            status=201,
        )
    return sprint, winner, loser


def test_loop__over_rest__stops_what_fails_and_moves_its_money(team: Team) -> None:
    sprint, winner, loser = plan_sprint(team)
    with on(MONDAY):
        team.post("ledger/fund/", {"amount": "5000.00", "reason": "November"}, status=403)
        team.post("ledger/fund/", {"amount": "5000.00", "reason": "November"}, by=team.manager, status=201)
        assert team.post(f"sprints/{sprint['id']}/start/")["status"] == "running"
    assert balances(team) == {"outside": "-5000.00", "reserve": "1500.00", **both("2500.00", "1000.00")}

    post_days(team, MONDAY, winning_day(MONDAY), losing_day(MONDAY, "300.00"))
    assert team.get("campaigns/discount/")["status"] == "live"
    tuesday, thursday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)
    post_days(team, tuesday, winning_day(tuesday), losing_day(tuesday, "300.00"))
    paused = team.get("campaigns/discount/")
    assert (paused["status"], paused["spend"]) == ("paused", "600.00")
    (rule,) = team.get("campaigns/discount/criteria/")["results"]
    assert (rule["state"], rule["value"], rule["threshold"]) == ("breached", 0.002, "0.005")
    team.post("campaigns/discount/resume/", status=409)

    post_days(team, tuesday + timedelta(days=1), winning_day(tuesday + timedelta(days=1)))
    # The platform goes on spending after the pause.
    post_days(team, thursday, winning_day(thursday), losing_day(thursday, "40.00"))
    with on(thursday + timedelta(days=1), 9):
        zombies = team.get("zombies/?state=open")["results"]
        undead = next(item for item in zombies if item["signal"] == "undead")
        assert (undead["campaign"], undead["money_since"]) == ("discount", "40.00")
        team.post(f"zombies/{undead['id']}/acknowledge/")
        team.post(
            f"zombies/{undead['id']}/resolve/", {"resolution": "killed", "reason": "Nobody clicks on it."}
        )
        assert team.get("campaigns/discount/")["status"] == "killed"

    for later in range(4, 7):
        day = MONDAY + timedelta(days=later)
        post_days(team, day, winning_day(day), losing_day(day, "0.00"))

    monday = MONDAY + timedelta(days=7)
    with on(monday, 10):
        assert team.get("campaigns/founder-video/analysis/")["verdict"]["code"] != "insufficient"
        team.post(f"sprints/{sprint['id']}/review/")
        team.post(f"sprints/{sprint['id']}/close/", status=409)
        learning = {"moved_the_business": True, "learning": "Candour sells."}
        team.post(f"hypotheses/{winner['id']}/decide/", {"decision": "scale", **learning})
        learning = {"moved_the_business": False, "learning": "Nobody wants a discount from strangers."}
        told = team.post(f"hypotheses/{loser['id']}/decide/", {"decision": "kill", **learning})
        assert (told["status"], told["decision"]) == ("decided", "kill")
        assert team.post(f"sprints/{sprint['id']}/close/")["status"] == "closed"

        plan = team.post("reallocations/propose/", {"sprint": sprint["id"]}, status=201)
        # 1000.00 given less 300.00, 300.00 and 40.00 spent.
        assert [(line["from"], line["to"], line["amount"]) for line in plan["lines"]] == [
            ("discount", "founder-video", "360.00")
        ]
        approval = {"plan_digest": plan["plan_digest"]}
        team.post(f"reallocations/{plan['id']}/approve/", approval, status=403)
        team.post(f"reallocations/{plan['id']}/apply/", status=409)
        approved = team.post(f"reallocations/{plan['id']}/approve/", approval, by=team.manager)
        assert (approved["proposed_by"], approved["approved_by"]) == ("mia@example.com", "max@example.com")
        assert team.post(f"reallocations/{plan['id']}/apply/")["state"] == "applied"
        team.post(f"reallocations/{plan['id']}/apply/", status=409)

        assert balances(team) == {"outside": "-5000.00", "reserve": "1500.00", **both("2860.00", "640.00")}
        transfers = team.get("ledger/")["results"]
        assert [(item["from"], item["to"], item["amount"]) for item in reversed(transfers)] == [
            ("outside", "reserve", "5000.00"),
            *sorted(
                [("reserve", "founder-video", "2500.00"), ("reserve", "discount", "1000.00")],
                key=lambda line: line[2],
                reverse=True,
            ),
            ("discount", "founder-video", "360.00"),
        ]
        assert kinds(team) == [
            "workspace.created",
            "member.added",
            "member.added",
            "api_key.created",
            "hypothesis.created",
            "hypothesis.created",
            "sprint.created",
            "hypothesis.committed",
            "hypothesis.committed",
            "campaign.created",
            "campaign.created",
            "ledger.funded",
            "campaign.launched",
            "campaign.launched",
            "sprint.started",
            "criterion.breached",
            "campaign.paused",
            # Undead, and a breach on which nobody acted for a day while the money went on.
            "zombie.flagged",
            "zombie.flagged",
            "zombie.acknowledged",
            "campaign.killed",
            "criterion.settled",
            "zombie.resolved",
            "zombie.resolved",
            "sprint.review_opened",
            "campaign.scaled",
            "hypothesis.decided",
            "hypothesis.decided",
            "sprint.closed",
            "reallocation.proposed",
            "reallocation.approved",
            "reallocation.applied",
        ]


def post_days(team: Team, day: date, *batches: list[dict[str, Any]]) -> None:
    """What the connector posts on the next morning, twice, as connectors do."""
    rows = [row for batch in batches for row in batch]
    with on(day + timedelta(days=1)):
        first = team.post("metrics/", rows)
        assert (first["inserted"], first["rejected"]) == (len(rows), 0)
        assert team.post("metrics/", rows)["unchanged"] == len(rows)


def balances(team: Team) -> dict[str, str]:
    """Where the money is; all of it sums to nothing."""
    body = team.get("ledger/balances/")
    found = {name: body[name] for name in ("outside", "reserve")}
    found |= {account["campaign"]: account["budget"] for account in body["campaigns"]}
    assert sum(map(Decimal, found.values())) == 0
    return found


def both(winner: str, loser: str) -> dict[str, str]:
    return {"founder-video": winner, "discount": loser}


def kinds(team: Team) -> list[str]:
    """What happened, in order, without the posts."""
    events = team.get("events/?limit=1000")["results"]
    assert [item["sequence"] for item in events] == list(range(1, len(events) + 1))
    return [item["kind"] for item in events if not item["kind"].startswith("metrics.")]
