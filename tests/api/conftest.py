"""Clients of the API: with a key, or with the session of a person in a role."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from api.services import create_key
from experiments.models import Campaign
from tests.factories import make_live_campaign, make_member, make_workspace
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor

BASE = "/api/v1/"
HYPOTHESIS: dict[str, Any] = {
    "title": "Founder video beats studio video",
    "change": "a founder filmed on a phone",
    "audience": "cold, 25-44",
    "expected_effect": "lower cost per lead",
    "because": "sales calls praise candour",
    "kind": "creative_angle",
    "buyer_stage": "awareness",
    "driver": "trust",
    "primary_metric": "cpa",
    "target": "40.00",
    "mde_relative": 0.2,
}
CAMPAIGN: dict[str, Any] = {
    "key": "founder-video",
    "name": "Founder video",
    "channel": "meta",
    "budget": "2500.00",
    "arms": [
        {"key": "a", "name": "Studio", "is_control": True, "planned_share": 0.5},
        {"key": "b", "name": "Founder", "is_control": False, "planned_share": 0.5},
    ],
    "components": ["landing page", "two ads"],
    "kill_criteria": [
        {
            "metric": "ctr",
            "comparator": "below",
            "threshold": "0.005",
            "level": "campaign",
            "guards": {"spend": "2000.00"},
            "evidence": "probable",
            "confidence": 0.95,
            "action": "pause",
        }
    ],
}

ClientOf = Callable[..., APIClient]


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace("pilots")


@pytest.fixture
def elsewhere(db: None) -> Workspace:
    return make_workspace("others")


@pytest.fixture
def member(workspace: Workspace) -> Callable[[Role], Membership]:
    """The workspace's member with a role."""
    made: dict[Role, Membership] = {
        Role.OWNER: Membership.objects.select_related("workspace", "user").get(workspace=workspace)
    }

    def find(role: Role) -> Membership:
        if role not in made:
            made[role] = make_member(workspace, role)
        return made[role]

    return find


@pytest.fixture
def session(member: Callable[[Role], Membership]) -> Callable[[Role], APIClient]:
    """A signed-in person with a role."""

    def sign_in(role: Role) -> APIClient:
        client = APIClient()
        client.force_login(member(role).user)
        return client

    return sign_in


@pytest.fixture
def secret_of(member: Callable[[Role], Membership], at: datetime) -> Callable[..., str]:
    """The secret of a key with these scopes, acting for the member with that role."""

    def make(*scopes: Scope, role: Role = Role.MARKETER) -> str:
        # Made by the owner: a viewer has no keys of their own, but a role can be lost.
        owner = Actor.of_member(member(Role.OWNER))
        _, secret = create_key(name="connector", scopes=scopes, for_user=member(role).user, by=owner, at=at)
        return secret

    return make


@pytest.fixture
def with_key(secret_of: Callable[..., str]) -> ClientOf:
    """A program with a key of these scopes, acting for the member with that role."""

    def make(*scopes: Scope, role: Role = Role.MARKETER) -> APIClient:
        return APIClient(headers={"Authorization": f"Bearer {secret_of(*scopes, role=role)}"})

    return make


@pytest.fixture
def planner(with_key: ClientOf) -> APIClient:
    """A program that may plan and read."""
    return with_key(Scope.READ, Scope.PLAN_WRITE)


@pytest.fixture
def hook_test(workspace: Workspace) -> Campaign:
    """A live campaign with the arms a and b."""
    return make_live_campaign(workspace, "hook-test")


@pytest.fixture
def connector(with_key: ClientOf) -> APIClient:
    """A program that may post numbers and read them."""
    return with_key(Scope.READ, Scope.METRICS_WRITE)
