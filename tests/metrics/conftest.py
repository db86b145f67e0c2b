"""A campaign with two arms, and somebody who posts its numbers."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from experiments.models import Campaign, Observation
from experiments.services.exports import ImportOptions, ImportOutcome, import_export, preview_import
from experiments.services.observations import BatchResult, Given, Row, record_observations
from tests.factories import make_actor, make_live_campaign, make_workspace
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

Record = Callable[..., BatchResult]
A_DAY = date(2026, 11, 17)
FILES = Path(__file__).parent / "files"
Import = Callable[..., ImportOutcome]


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


def content(file: str | bytes) -> bytes:
    """A file's bytes: of one in the folder, or as they are given."""
    return file if isinstance(file, bytes) else (FILES / file).read_bytes()


def table(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def take(actor: Actor, at: datetime) -> Import:
    """Import a file."""

    def run(file: str | bytes, *, later: datetime | None = None, **options: Any) -> ImportOutcome:
        return import_export(
            content(file), file_name="export.csv", options=ImportOptions(**options), by=actor, at=later or at
        )

    return run


@pytest.fixture
def look(actor: Actor, at: datetime) -> Import:
    """Say what a file would do; whatever it says, nothing is written."""

    def run(file: str | bytes, **options: Any) -> ImportOutcome:
        before = Observation.objects.count(), Event.objects.count(), Campaign.objects.count()
        outcome = preview_import(content(file), options=ImportOptions(**options), by=actor, at=at)
        assert (Observation.objects.count(), Event.objects.count(), Campaign.objects.count()) == before
        return outcome

    return run


@pytest.fixture
def arms(workspace: Workspace) -> Campaign:
    """A campaign whose arms are called as ad sets are."""
    campaign = make_live_campaign(workspace, "hook-test", name="Hook test", arms=("studio", "founder"))
    campaign.arms.filter(key="founder").update(name="Founder\n(phone)")
    return campaign


def one_arm(workspace: Workspace, key: str = "hook-test", **fields: Any) -> Campaign:
    return make_live_campaign(workspace, key, arms=("all",), **{"name": "Hook test", **fields})
