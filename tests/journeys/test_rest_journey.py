"""The whole loop over REST alone: from the backlog to the money that moved."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.journeys.rest import Caller
from tests.journeys.site import Site
from tests.journeys.story import (
    FUNDS,
    LEARNINGS,
    LOSER,
    PASSWORD,
    RESOLUTION,
    SPRINT,
    WINNER,
    Team,
    campaigns,
    hypothesis,
    tell,
)


class RestTeam(Team):
    """Mia's program plans; Max has signed in, because no key may do what a manager does."""

    sprint: dict[str, Any]
    hypotheses: dict[str, dict[str, Any]]

    def __init__(self, program: Caller, manager: Caller) -> None:
        self.program = program
        self.manager = manager

    def plan(self) -> None:
        post = self.program.post
        self.hypotheses = {
            title: post("hypotheses/", hypothesis(title), status=201) for title in (WINNER, LOSER)
        }
        self.sprint = post("sprints/", SPRINT, status=201)
        for item in self.hypotheses.values():
            post(f"sprints/{self.sprint['id']}/commit/", {"hypothesis": item["id"]})
        for title, campaign in campaigns().items():
            post("campaigns/", {**campaign, "hypothesis": self.hypotheses[title]["id"]}, status=201)

    def fund_and_start(self) -> None:
        self.program.post("ledger/fund/", FUNDS, status=403)
        self.manager.post("ledger/fund/", FUNDS, status=201)
        assert self.program.post(f"sprints/{self.sprint['id']}/start/")["status"] == "running"

    def see_it_live(self) -> None:
        assert self.program.get("campaigns/discount/")["status"] == "live"

    def see_it_paused(self) -> None:
        paused = self.program.get("campaigns/discount/")
        assert (paused["status"], paused["spend"]) == ("paused", "600.00")
        (rule,) = self.program.get("campaigns/discount/criteria/")["results"]
        assert (rule["state"], rule["value"], rule["threshold"]) == ("breached", 0.002, "0.005")
        self.program.post("campaigns/discount/resume/", status=409)

    def lay_the_undead_to_rest(self) -> None:
        zombies = self.program.get("zombies/?state=open")["results"]
        undead = next(item for item in zombies if item["signal"] == "undead")
        assert (undead["campaign"], undead["money_since"]) == ("discount", "40.00")
        self.program.post(f"zombies/{undead['id']}/acknowledge/")
        killed = {"resolution": "killed", "reason": RESOLUTION}
        self.program.post(f"zombies/{undead['id']}/resolve/", killed)
        assert self.program.get("campaigns/discount/")["status"] == "killed"

    def review(self) -> None:
        post, sprint = self.program.post, f"sprints/{self.sprint['id']}"
        analysis = self.program.get("campaigns/founder-video/analysis/")
        assert analysis["verdict"]["code"] != "insufficient"
        post(f"{sprint}/review/")
        post(f"{sprint}/close/", status=409)
        for title, decision in ((WINNER, "scale"), (LOSER, "kill")):
            words = {"moved_the_business": title == WINNER, "learning": LEARNINGS[title]}
            told = post(f"hypotheses/{self.hypotheses[title]['id']}/decide/", {"decision": decision, **words})
            assert (told["status"], told["decision"]) == ("decided", decision)
        assert post(f"{sprint}/close/")["status"] == "closed"

    def move_the_money(self) -> None:
        plan = self.program.post("reallocations/propose/", {"sprint": self.sprint["id"]}, status=201)
        assert [(line["from"], line["to"], line["amount"]) for line in plan["lines"]] == [
            ("discount", "founder-video", "360.00")
        ]
        path, approval = f"reallocations/{plan['id']}", {"plan_digest": plan["plan_digest"]}
        self.program.post(f"{path}/approve/", approval, status=403)
        self.program.post(f"{path}/apply/", status=409)
        approved = self.manager.post(f"{path}/approve/", approval)
        assert (approved["proposed_by"], approved["approved_by"]) == ("mia@example.com", "max@example.com")
        assert self.program.post(f"{path}/apply/")["state"] == "applied"

    def look_back(self) -> None:
        (plan,) = self.program.get("reallocations/")["results"]
        self.program.post(f"reallocations/{plan['id']}/apply/", status=409)


@pytest.fixture
def team(site: Site) -> Team:
    secret = StringIO()
    scopes = ("read", "metrics:write", "plan:write", "budget:propose")
    with site.same_time_here():
        call_command(
            "create_api_key",
            *("pilots", "connector", "--for", "mia@example.com"),
            *(word for scope in scopes for word in ("--scope", scope)),
            stdout=secret,
        )
    manager = Caller(site.address)
    manager.sign_in("max@example.com", PASSWORD)
    return RestTeam(Caller(site.address, key=secret.getvalue().strip()), manager)


def test_loop__over_rest__stops_what_fails_and_moves_its_money(site: Site, team: Team) -> None:
    tell(site, team)
