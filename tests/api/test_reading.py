"""What reading answers: the shapes that clients rely on, page by page, at a constant cost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign, Hypothesis, KillCriterion, ZombieFlag
from sprints.choices import AccountKind, DecisionKind, ReallocationMethod, TransferKind
from sprints.models import Commitment, Decision, Reallocation, ReallocationLine, Sprint, Transfer
from tests.api.conftest import BASE, CAMPAIGN, HYPOTHESIS
from tests.factories import make_campaign, make_workspace
from workspaces.choices import Role
from workspaces.models import Event, Membership, Workspace
from workspaces.models.kept import forget_results

SPRINT = {"name": "Hooks for cold audiences", "starts_on": "2026-11-23", "ends_on": "2026-11-27"}


def test_sprint__read__has_the_agreed_fields(planner: APIClient) -> None:
    hypothesis = planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {"owner": "marketer@pilots.example"}).json()
    sprint = planner.post(f"{BASE}sprints/", SPRINT | {"goal": "Leads"}).json()
    assert sprint == SPRINT | {
        "id": sprint["id"],
        "number": 1,
        "goal": "Leads",
        "status": "planning",
        "hypotheses": [],
    }
    answer = planner.post(f"{BASE}sprints/{sprint['id']}/commit/", {"hypothesis": hypothesis["id"]})
    assert answer.json() == sprint | {"hypotheses": [hypothesis["id"]]}
    assert planner.get(f"{BASE}sprints/{sprint['id']}/").json() == answer.json()
    told = planner.get(f"{BASE}hypotheses/{hypothesis['id']}/").json()
    assert (told["sprint"], told["status"]) == (sprint["id"], "committed")


def test_hypothesis__read__has_its_fields_and_what_came_of_it(planner: APIClient) -> None:
    sent = HYPOTHESIS | {
        "owner": "marketer@pilots.example",
        "persona": "Head of sales",
        "outcome_metric": "cost_per_sales_qualified_lead",
        "guardrail_metrics": ["cpm"],
        "impact": 7,
        "confidence": 6,
        "ease": 8,
        "predicted_success": 0.4,
    }
    answer = planner.post(f"{BASE}hypotheses/", sent)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body == sent | {
        "id": body["id"],
        "objection": "",
        "conversion_name": "",
        "conversion_name_plural": "",
        "status": "backlog",
        "sprint": None,
        "parent": None,
        "campaigns": [],
        "decision": None,
        "moved_the_business": None,
        "learning": None,
    }


def test_campaign__read__has_its_fields_and_how_it_fares(planner: APIClient) -> None:
    hypothesis = planner.post(f"{BASE}hypotheses/", HYPOTHESIS).json()
    answer = planner.post(f"{BASE}campaigns/", CAMPAIGN | {"hypothesis": hypothesis["id"]})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    for field in ("key", "name", "channel", "budget", "components"):
        assert body[field] == CAMPAIGN[field]
    assert body["hypothesis"] == hypothesis["id"]
    assert [{key: arm[key] for key in CAMPAIGN["arms"][0]} for arm in body["arms"]] == CAMPAIGN["arms"]
    sent = CAMPAIGN["kill_criteria"]
    assert [{key: rule[key] for key in sent[0]} for rule in body["kill_criteria"]] == sent
    assert (body["status"], body["launched_at"], body["amended"]) == ("draft", None, False)
    assert (body["spend"], body["primary_metric"]) == ("0.00", "cpa")
    assert planner.get(f"{BASE}hypotheses/{hypothesis['id']}/").json()["campaigns"] == [body["key"]]


@pytest.mark.parametrize(("currency", "expected"), [("USD", "100.00"), ("JPY", "100"), ("BHD", "100.000")])
def test_money__read__has_the_places_of_its_currency(
    currency: str, expected: str, member: Callable[[Role], Membership]
) -> None:
    workspace = make_workspace("mint", currency=currency)
    client = APIClient(headers={"Quickno-Workspace": "mint"})
    client.force_login(workspace.memberships.get().user)
    answer = client.post(f"{BASE}ledger/fund/", {"amount": "100", "reason": "A start"})
    assert (answer.status_code, answer.json()["amount"]) == (201, expected)
    balances = client.get(f"{BASE}ledger/balances/").json()
    assert balances["reserve"] == expected
    listed = client.get(f"{BASE}ledger/").json()["results"]
    assert [(item["from"], item["to"], item["amount"]) for item in listed] == [
        ("outside", "reserve", expected)
    ]


def test_hypotheses__filtered__are_those_that_fit(planner: APIClient) -> None:
    for title, change in (
        ("One", {}),
        ("Two", {"kind": "pricing", "driver": "gain", "buyer_stage": "intent"}),
        ("Three", {"owner": "marketer@pilots.example", "because": "reviews praise speed"}),
    ):
        answer = planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {"title": title} | change)
        assert answer.status_code == 201, answer.content

    def titles(query: str) -> list[str]:
        return [item["title"] for item in planner.get(f"{BASE}hypotheses/?{query}").json()["results"]]

    assert titles("") == ["Three", "Two", "One"]
    assert titles("kind=pricing") == ["Two"]
    assert titles("driver=trust") == ["Three", "One"]
    assert titles("stage=intent") == ["Two"]
    assert titles("owner=Marketer@pilots.example") == ["Three"]
    assert titles("status=committed") == []
    assert titles("search=SPEED") == ["Three"]
    assert titles("search=reviews+praise&driver=gain") == []


def test_list__longer_than_a_page__is_read_page_by_page_in_one_order(
    planner: APIClient, workspace: Workspace, at: datetime
) -> None:
    Hypothesis.objects.bulk_create(
        Hypothesis(workspace=workspace, created_at=at, **HYPOTHESIS | {"title": str(number)})
        for number in range(25)
    )
    url, seen, pages = f"{BASE}hypotheses/?page_size=10", [], 0
    while url:
        body = planner.get(url).json()
        assert body.keys() == {"count", "next", "previous", "results"}
        assert body["count"] == 25
        seen += [int(item["title"]) for item in body["results"]]
        url, pages = body["next"], pages + 1
    assert (pages, seen) == (3, list(range(24, -1, -1)))
    assert len(planner.get(f"{BASE}hypotheses/?page_size=100000").json()["results"]) == 25


def test_list__page_size_beyond_200__is_200(planner: APIClient, workspace: Workspace, at: datetime) -> None:
    Sprint.objects.bulk_create(
        Sprint(
            workspace=workspace,
            number=number,
            name="S",
            starts_on=at.date(),
            ends_on=at.date() + timedelta(days=4),
            created_at=at,
        )
        for number in range(1, 203)
    )
    assert len(planner.get(f"{BASE}sprints/?page_size=5000").json()["results"]) == 200


def test_events__read_in_parts__misses_nothing_and_repeats_nothing(planner: APIClient) -> None:
    for number in range(7):
        planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {"title": str(number)})
    url, seen = f"{BASE}events/?limit=3", []
    while url:
        body = planner.get(url).json()
        assert body.keys() == {"next", "previous", "results"}
        assert len(body["results"]) <= 3
        seen += [item["sequence"] for item in body["results"]]
        url = body["next"]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == Event.objects.count()
    assert planner.get(f"{BASE}events/?after={seen[-1]}").json() == {
        "next": None,
        "previous": None,
        "results": [],
    }


def test_event__read__names_who_did_what_to_what(planner: APIClient) -> None:
    body = planner.post(f"{BASE}hypotheses/", HYPOTHESIS).json()
    event = planner.get(f"{BASE}events/").json()["results"][-1]
    assert event.keys() == {"sequence", "kind", "at", "actor", "subject", "data"}
    assert event["kind"] == "hypothesis.created"
    assert event["subject"] == {"type": "hypothesis", "id": str(body["id"])}
    assert event["actor"] == "marketer@pilots.example (key connector)"


def make_rows(workspace: Workspace, numbers: range, *, at: datetime) -> None:
    """So many of everything that is listed."""
    owner = workspace.memberships.select_related("user").get(role=Role.OWNER).user
    for number in numbers:
        sprint = Sprint.objects.create(
            workspace=workspace,
            number=number,
            name="S",
            starts_on=at.date(),
            ends_on=at.date() + timedelta(days=4),
            created_at=at,
        )
        hypothesis = Hypothesis.objects.create(workspace=workspace, created_at=at, owner=owner, **HYPOTHESIS)
        Commitment.objects.create(
            workspace=workspace, sprint=sprint, hypothesis=hypothesis, position=1, committed_at=at
        )
        Decision.objects.create(
            workspace=workspace,
            hypothesis=hypothesis,
            sprint=sprint,
            decision=DecisionKind.KILL,
            moved_the_business=False,
            learning="None",
            decided_by=owner,
            decided_at=at,
        )
        killed: Campaign = make_campaign(workspace, f"old-{number}", status=CampaignStatus.KILLED)
        campaign = make_campaign(workspace, f"c-{number}", hypothesis=hypothesis, revives=killed)
        KillCriterion.objects.create(
            workspace=workspace,
            campaign=campaign,
            position=1,
            metric="ctr",
            comparator="below",
            threshold=Decimal("0.005"),
            guards={"days": 2},
        )
        ZombieFlag.objects.create(
            workspace=workspace, campaign=campaign, signal=ZombieSignal.BLIND, since=at, flagged_at=at
        )
        plan = Reallocation.objects.create(
            workspace=workspace,
            sprint=sprint,
            method=ReallocationMethod.HAND,
            plan_digest="a" * 64,
            proposed_by=owner,
            proposed_at=at,
            expires_at=at,
        )
        line = ReallocationLine.objects.create(
            workspace=workspace,
            reallocation=plan,
            position=0,
            target_campaign=campaign,
            amount=Decimal(1),
            reason="By hand",
        )
        Transfer.objects.create(
            workspace=workspace,
            kind=TransferKind.FUNDING,
            source_kind=AccountKind.OUTSIDE,
            target_kind=AccountKind.CAMPAIGN,
            target_campaign=campaign,
            amount=Decimal(1),
            at=at,
            by=owner,
            by_label="Owner",
            line=line,
        )


@pytest.mark.parametrize(
    "path",
    ["sprints/", "hypotheses/", "campaigns/", "zombies/", "reallocations/", "ledger/", "ledger/balances/"],
)
def test_list__of_20_rows__asks_no_more_than_of_one(
    path: str,
    workspace: Workspace,
    session: Callable[[Role], APIClient],
    at: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = session(Role.VIEWER)
    make_rows(workspace, range(1, 2), at=at)
    first: Any = client.get(BASE + path)
    assert first.status_code == 200

    forget_results()
    with CaptureQueriesContext(connection) as alone:
        client.get(BASE + path)
    make_rows(workspace, range(2, 21), at=at)
    forget_results()
    with django_assert_num_queries(len(alone)):
        client.get(BASE + path)
