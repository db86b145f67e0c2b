"""Who may do what: every call by role, by scope, and from another workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from api.models import WebhookEndpoint
from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign, Hypothesis, KillCriterion, ZombieFlag
from sprints.choices import ReallocationMethod
from sprints.models import Reallocation, ReallocationLine, Sprint
from tests.api.conftest import BASE, CAMPAIGN, HYPOTHESIS, ClientOf
from tests.factories import make_campaign, make_member
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace


@dataclass(frozen=True)
class Call:
    """A call with the least role and the scope that it takes; ``None``: no key ever."""

    method: str
    path: str
    role: Role
    scope: Scope | None
    body: Any = None


SIZING = {"primary_metric": "cpa", "mde_relative": 0.2, "stands_at": "40.00", "money_per_day": "400.00"}
READ = [
    Call("get", path, Role.VIEWER, Scope.READ)
    for path in (
        "sprints/",
        "sprints/{sprint}/",
        "hypotheses/",
        "hypotheses/{hypothesis}/",
        "campaigns/",
        "campaigns/{draft}/",
        "campaigns/{live}/analysis/",
        "campaigns/{live}/criteria/",
        "zombies/",
        "zombies/{zombie}/",
        "reallocations/",
        "reallocations/{plan}/",
        "ledger/",
        "ledger/balances/",
        "events/",
        "webhook-endpoints/",
        "webhook-endpoints/{endpoint}/",
        "webhook-endpoints/{endpoint}/deliveries/",
    )
]
READ.append(Call("post", "hypotheses/preview/", Role.VIEWER, Scope.READ, SIZING))
_WHY = {"reason": "Because it is time."}
_CRITERIA = CAMPAIGN["kill_criteria"]
PLAN = [
    Call(method, path, Role.MARKETER, Scope.PLAN_WRITE, body)
    for method, path, body in (
        ("post", "sprints/", {"name": "A", "starts_on": "2026-11-23", "ends_on": "2026-11-27"}),
        ("patch", "sprints/{sprint}/", {"goal": "More leads"}),
        ("post", "sprints/{sprint}/commit/", {"hypothesis": "{hypothesis}"}),
        ("post", "sprints/{sprint}/release/", {"hypothesis": "{hypothesis}"}),
        ("post", "sprints/{sprint}/start/", None),
        ("post", "sprints/{sprint}/review/", None),
        ("post", "sprints/{sprint}/close/", None),
        ("post", "sprints/{sprint}/cancel/", None),
        ("post", "hypotheses/", HYPOTHESIS),
        ("patch", "hypotheses/{hypothesis}/", {"title": "Another"}),
        ("post", "hypotheses/{hypothesis}/archive/", None),
        (
            "post",
            "hypotheses/{hypothesis}/decide/",
            {"decision": "kill", "moved_the_business": False, "learning": "Nobody cared."},
        ),
        ("post", "campaigns/", CAMPAIGN),
        ("patch", "campaigns/{draft}/", {"name": "Another"}),
        ("post", "campaigns/{draft}/launch/", None),
        ("post", "campaigns/{live}/pause/", _WHY),
        ("post", "campaigns/{live}/resume/", None),
        ("post", "campaigns/{live}/kill/", _WHY),
        ("post", "campaigns/{live}/complete/", None),
        ("post", "campaigns/{live}/scale/", None),
        ("post", "campaigns/{draft}/discard/", None),
        ("post", "campaigns/{live}/adopt/", {"kill_criteria": _CRITERIA, "budget": "100.00"}),
        ("post", "campaigns/{live}/arms/b/stop/", _WHY),
        ("post", "zombies/{zombie}/acknowledge/", None),
        ("post", "zombies/{zombie}/resolve/", {"resolution": "killed", **_WHY}),
        ("post", "webhook-endpoints/", {"url": "https://8.8.8.8/"}),
        ("post", "webhook-endpoints/{endpoint}/test/", None),
        ("delete", "webhook-endpoints/{endpoint}/", None),
    )
]
PROPOSE = [
    Call(
        "post",
        "reallocations/",
        Role.MARKETER,
        Scope.BUDGET_PROPOSE,
        {"lines": [{"from": "reserve", "to": "live", "amount": "1.00"}]},
    ),
    Call("post", "reallocations/propose/", Role.MARKETER, Scope.BUDGET_PROPOSE, {"sprint": "{sprint}"}),
    Call("post", "reallocations/{plan}/withdraw/", Role.MARKETER, Scope.BUDGET_PROPOSE),
    Call("post", "reallocations/{plan}/apply/", Role.MARKETER, Scope.BUDGET_PROPOSE),
]
MANAGE = [
    Call("post", "reallocations/{plan}/approve/", Role.MANAGER, None, {"plan_digest": "a" * 64}),
    Call("post", "reallocations/{plan}/reject/", Role.MANAGER, None, _WHY),
    Call("post", "ledger/fund/", Role.MANAGER, None, {"amount": "100.00", **_WHY}),
    Call("post", "campaigns/{live}/amend_criteria/", Role.MANAGER, None, {"criteria": _CRITERIA, **_WHY}),
    Call(
        "post",
        "campaigns/{live}/criteria/{criterion}/overrule/",
        Role.MANAGER,
        None,
        {"until": "2026-12-01", **_WHY},
    ),
]
CALLS = [*READ, *PLAN, *PROPOSE, *MANAGE]
NAMES = [f"{call.method} {call.path}" for call in CALLS]


@pytest.fixture
def things(workspace: Workspace, member: Callable[[Role], Membership], at: datetime) -> dict[str, Any]:
    """One of each, in the workspace."""
    marketer = member(Role.MARKETER).user
    live = make_campaign(workspace, "live", status=CampaignStatus.LIVE, criteria_digest="a" * 64)
    criterion = KillCriterion.objects.create(
        workspace=workspace,
        campaign=live,
        position=1,
        metric="ctr",
        comparator="below",
        threshold=Decimal("0.005"),
        guards={"spend": "2000.00"},
    )
    plan = Reallocation.objects.create(
        workspace=workspace,
        method=ReallocationMethod.HAND,
        plan_digest="a" * 64,
        proposed_by=marketer,
        proposed_at=at,
        expires_at=at + timedelta(days=3),
    )
    ReallocationLine.objects.create(
        workspace=workspace,
        reallocation=plan,
        position=0,
        target_campaign=live,
        amount=Decimal(1),
        reason="By hand",
    )
    values = {key: value for key, value in HYPOTHESIS.items() if key != "target"}
    return {
        "sprint": Sprint.objects.create(
            workspace=workspace,
            number=1,
            name="Hooks",
            starts_on=at.date(),
            ends_on=at.date() + timedelta(days=4),
            created_at=at,
        ).pk,
        "hypothesis": Hypothesis.objects.create(workspace=workspace, created_at=at, **values).pk,
        "draft": make_campaign(workspace, "draft", status=CampaignStatus.DRAFT).key,
        "live": live.key,
        "criterion": criterion.pk,
        "zombie": ZombieFlag.objects.create(
            workspace=workspace, campaign=live, signal=ZombieSignal.BLIND, since=at, flagged_at=at
        ).pk,
        "plan": plan.pk,
        "endpoint": WebhookEndpoint.objects.create(
            workspace=workspace,
            url="https://8.8.8.8/",
            secret="whsec_" + "a" * 44,
            created_at=at,
            created_by=marketer,
            after_sequence=0,
        ).pk,
    }


def ask(client: APIClient, call: Call, things: dict[str, Any]) -> Any:
    """Make the call and take back what it did."""
    body = call.body
    if isinstance(body, dict):
        body = {
            key: things[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
            for key, value in body.items()
        }
    before = transaction.savepoint()
    answer = getattr(client, call.method)(BASE + call.path.format(**things), body)
    transaction.savepoint_rollback(before)
    return answer


def test_table__holds_every_call() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    known = {(call.method, call.path.count("/"), call.path.rstrip("/").split("/")[0]) for call in CALLS}
    for path, methods in schema["paths"].items():
        inner = path.removeprefix(BASE)
        if inner.startswith(("metrics/", "imports/", "kill-criteria/")):
            continue  # tested where they are made
        for method in methods:
            assert (method, inner.count("/"), inner.split("/")[0]) in known, f"{method} {path}"


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
def test_call__by_a_person__takes_the_role(
    call: Call, things: dict[str, Any], session: Callable[[Role], APIClient]
) -> None:
    for role in Role:
        answer = ask(session(role), call, things)
        if role.includes(call.role):
            assert answer.status_code not in {401, 403, 404, 405, 500}, (role, answer.content)
        else:
            assert answer.status_code == 403, (role, answer.content)
            assert answer.json()["code"] == "missing_role"


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
def test_call__by_a_key__takes_the_scope(call: Call, things: dict[str, Any], with_key: ClientOf) -> None:
    for scope in Scope:
        # An owner's key: that it is refused is for want of the scope.
        answer = ask(with_key(scope, role=Role.OWNER), call, things)
        if scope == call.scope:
            assert answer.status_code not in {401, 403, 404, 405, 500}, (scope, answer.content)
        else:
            assert answer.status_code == 403, (scope, answer.content)
            expected = "person_required" if call.scope is None else "missing_scope"
            assert answer.json()["code"] == expected


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.scope],
    ids=[name for call, name in zip(CALLS, NAMES, strict=True) if call.scope],
)
def test_call__by_the_key_of_a_viewer__may_no_more_than_the_viewer(
    call: Call, things: dict[str, Any], with_key: ClientOf
) -> None:
    answer = ask(with_key(*Scope, role=Role.VIEWER), call, things)
    assert (answer.status_code == 403) == (call.role != Role.VIEWER), answer.content


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if "{" in call.path],
    ids=[name for name in NAMES if "{" in name],
)
def test_call__for_what_another_workspace_has__is_404(
    call: Call, things: dict[str, Any], elsewhere: Workspace
) -> None:
    stranger = APIClient()
    stranger.force_login(make_member(elsewhere, Role.OWNER, email="stranger@example.com").user)
    answer = ask(stranger, call, things)
    assert answer.status_code == 404, answer.content
    assert answer.json()["code"] == "not_found"


def test_lists__of_another_workspace__are_empty(things: dict[str, Any], elsewhere: Workspace) -> None:
    stranger = APIClient()
    stranger.force_login(make_member(elsewhere, Role.OWNER, email="stranger@example.com").user)
    for path in ("sprints/", "hypotheses/", "campaigns/", "zombies/", "reallocations/", "ledger/"):
        body = stranger.get(BASE + path).json()
        assert (body["count"], body["results"]) == (0, []), path
    assert Campaign.objects.exists()
