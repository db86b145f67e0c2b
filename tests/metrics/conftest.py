"""A campaign with two arms, and somebody who posts its numbers."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from experiments.models import Campaign, Observation
from experiments.services.observations import BatchResult, Given, Row, record_observations
from tests.factories import make_actor, make_live_campaign, make_workspace
from workspaces.models import Workspace
from workspaces.permissions import Actor

Record = Callable[..., BatchResult]
A_DAY = date(2026, 11, 17)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace("pilots")


@pytest.fixture
def actor(workspace: Workspace) -> Actor:
    return make_actor(workspace)


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return make_live_campaign(workspace, "hook-test")


@pytest.fixture
def record(actor: Actor, campaign: Campaign, at: datetime) -> Record:
    """Post rows; ``later`` says when, else at the test's moment."""

    def post(*rows: Any, later: datetime | None = None, **options: Any) -> BatchResult:
        return record_observations(rows, by=actor, at=later or at, **options)

    return post


def said(**given: Any) -> Row:
    """A row of arm b on a Tuesday; whatever is no field of the key is a measure."""
    fields = ("campaign", "arm", "day", "source", "entity", "reported_at", "currency")
    key: dict[str, Any] = {"campaign": "hook-test", "arm": "b", "day": A_DAY}
    key |= {name: value for name, value in given.items() if name in fields}
    measures: dict[str, Given] = {name: value for name, value in given.items() if name not in fields}
    return Row(**key, measures=measures)


def stored(**lookup: Any) -> dict[str, Any]:
    """The measures of the one observation that there is, or that is looked up."""
    return Observation.objects.get(**lookup).measures()
