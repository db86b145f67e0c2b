"""Ten days of a team, from the backlog to the money that moved: told once, for REST and for a browser."""

from abc import ABC, abstractmethod
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.journeys.rest import Caller
from tests.journeys.site import Site

MONDAY = date(2026, 11, 23)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=later) for later in (1, 2, 3))
FRIDAY = MONDAY - timedelta(days=3)
NEXT_MONDAY = MONDAY + timedelta(days=7)
PASSWORD = "correct horse battery"

WINNER, LOSER = "Founder video beats studio video", "A discount brings them in"
SPRINT = {
    "name": "Hooks for cold audiences",
    "goal": "Leads below 40 USD",
    "starts_on": "2026-11-23",
    "ends_on": "2026-11-27",
}
FUNDS = {"amount": "5000.00", "reason": "November"}
RESOLUTION = "Nobody clicks on it."
LEARNINGS = {WINNER: "Candour sells.", LOSER: "Nobody wants a discount from strangers."}

TRANSFERS = [
    ("outside", "reserve", "5000.00"),
    ("reserve", "founder-video", "2500.00"),
    ("reserve", "discount", "1000.00"),
    # 1000.00 given less 300.00, 300.00 and 40.00 spent.
    ("discount", "founder-video", "360.00"),
]
EVENTS = [
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


def campaigns() -> dict[str, dict[str, Any]]:
    """The campaign of each hypothesis, but for the hypothesis."""
    return {
        WINNER: {
            "key": "founder-video",
            "name": "Founder video",
            "channel": "meta",
            "budget": "2500.00",
            "arms": [
                {"key": "studio", "name": "Studio", "is_control": True, "planned_share": 0.5},
                {"key": "founder", "name": "Founder", "is_control": False, "planned_share": 0.5},
            ],
            "kill_criteria": [_criterion("cpa", "above", "80.00", "probable")],
        },
        LOSER: {
            "key": "discount",
            "name": "Discount",
            "channel": "meta",
            "budget": "1000.00",
            "arms": [{"key": "all", "name": "All", "planned_share": 1}],
            "kill_criteria": [_criterion("ctr", "below", "0.005", "observed")],
        },
    }


def _criterion(metric: str, comparator: str, threshold: str, evidence: str) -> dict[str, Any]:
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


class Team(ABC):
    """Mia, a marketer; Max, a manager; and ``program``, the connector with Mia's key."""

    program: Caller

    @abstractmethod
    def plan(self) -> None:
        """A sprint of two hypotheses with a campaign each."""

    @abstractmethod
    def fund_and_start(self) -> None: ...

    @abstractmethod
    def see_it_live(self) -> None:
        """The discount has spent less than its guard: nothing is said yet."""

    @abstractmethod
    def see_it_paused(self) -> None:
        """Its rule has spoken, and only a manager could let it go on."""

    @abstractmethod
    def lay_the_undead_to_rest(self) -> None:
        """The platform went on spending after the pause."""

    @abstractmethod
    def review(self) -> None:
        """Decide both hypotheses, and close the sprint."""

    @abstractmethod
    def move_the_money(self) -> None:
        """Mia proposes, Max approves, and it is applied."""

    @abstractmethod
    def look_back(self) -> None:
        """What the ledger and the feed say in the end."""


def tell(site: Site, team: Team) -> None:
    """The whole loop. Numbers of a day are posted on the next morning."""
    site.go_to(FRIDAY, 9)
    team.plan()

    site.go_to(MONDAY, 8)
    team.fund_and_start()
    assert balances(team.program) == {
        "outside": "-5000.00",
        "reserve": "1500.00",
        "founder-video": "2500.00",
        "discount": "1000.00",
    }

    post(site, team, MONDAY, winning_day(MONDAY), losing_day(MONDAY, "300.00"))
    team.see_it_live()
    with site.without_worker():
        send(site, team, TUESDAY, winning_day(TUESDAY), losing_day(TUESDAY, "300.00"))
        # Nobody but the worker judges, and what it has not judged yet is not lost.
        team.see_it_live()
    site.until(lambda: team.program.get("campaigns/discount/")["status"] == "paused", "the pause")
    site.until_the_worker_rests()
    team.see_it_paused()

    post(site, team, WEDNESDAY, winning_day(WEDNESDAY))
    post(site, team, THURSDAY, winning_day(THURSDAY), losing_day(THURSDAY, "40.00"))
    team.lay_the_undead_to_rest()
    for later in range(4, 7):
        day = MONDAY + timedelta(days=later)
        post(site, team, day, winning_day(day), losing_day(day, "0.00"))

    site.go_to(NEXT_MONDAY, 10)
    team.review()
    team.move_the_money()
    team.look_back()
    assert balances(team.program) == {
        "outside": "-5000.00",
        "reserve": "1500.00",
        "founder-video": "2860.00",
        "discount": "640.00",
    }
    assert transfers(team.program) == TRANSFERS
    assert kinds(team.program) == EVENTS
    assert "ERROR" not in site.said()


def send(site: Site, team: Team, day: date, *batches: list[dict[str, Any]]) -> None:
    """What the connector posts on the next morning, twice, as connectors do."""
    rows = [row for batch in batches for row in batch]
    site.go_to(day + timedelta(days=1), 8)
    first = team.program.post("metrics/", rows)
    assert (first["inserted"], first["rejected"]) == (len(rows), 0)
    assert team.program.post("metrics/", rows)["unchanged"] == len(rows)


def post(site: Site, team: Team, day: date, *batches: list[dict[str, Any]]) -> None:
    """The same, and the worker has judged it."""
    send(site, team, day, *batches)
    site.until_the_worker_rests()


def balances(program: Caller) -> dict[str, str]:
    """Where the money is; all of it sums to nothing."""
    body = program.get("ledger/balances/")
    found = {name: body[name] for name in ("outside", "reserve")}
    found |= {account["campaign"]: account["budget"] for account in body["campaigns"]}
    assert sum(map(Decimal, found.values())) == 0
    return found


def transfers(program: Caller) -> list[tuple[str, str, str]]:
    """How the money got there, the first movement first."""
    rows = program.get("ledger/")["results"]
    return [(row["from"], row["to"], row["amount"]) for row in reversed(rows)]


def kinds(program: Caller) -> list[str]:
    """What happened, in order, without the posts."""
    events = program.get("events/?limit=1000")["results"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    return [event["kind"] for event in events if not event["kind"].startswith("metrics.")]
