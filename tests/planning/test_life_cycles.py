"""Life cycles are tables: what is in one happens through its service, what is not in it never does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from experiments.choices import (
    ARM_TRANSITIONS,
    CAMPAIGN_TRANSITIONS,
    FILE_IMPORT_TRANSITIONS,
    HYPOTHESIS_TRANSITIONS,
    WATCH_TRANSITIONS,
    ZOMBIE_TRANSITIONS,
    ArmStatus,
    CampaignStatus,
    FileImportState,
    HypothesisStatus,
    WatchState,
    ZombieState,
)
from experiments.exceptions import InvalidTransition
from experiments.models import (
    Arm,
    Campaign,
    CriterionWatch,
    FileImport,
    Hypothesis,
    KillCriterion,
    ZombieFlag,
)
from experiments.services.campaigns import (
    complete_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
    start_campaign,
)
from experiments.services.hypotheses import archive_hypothesis
from sprints.choices import REALLOCATION_TRANSITIONS, SPRINT_TRANSITIONS, ReallocationState, SprintStatus
from sprints.models import Reallocation, Sprint
from sprints.services.planning import cancel_sprint, close_sprint, open_review, start_sprint
from tests.factories import make_campaign, make_hypothesis, make_sprint
from workspaces.models import Event
from workspaces.permissions import Actor

TABLES: dict[Any, Any] = {
    (Hypothesis, "status", HypothesisStatus): HYPOTHESIS_TRANSITIONS,
    (Campaign, "status", CampaignStatus): CAMPAIGN_TRANSITIONS,
    (Arm, "status", ArmStatus): ARM_TRANSITIONS,
    (CriterionWatch, "state", WatchState): WATCH_TRANSITIONS,
    (ZombieFlag, "state", ZombieState): ZOMBIE_TRANSITIONS,
    (FileImport, "state", FileImportState): FILE_IMPORT_TRANSITIONS,
    (Sprint, "status", SprintStatus): SPRINT_TRANSITIONS,
    (Reallocation, "state", ReallocationState): REALLOCATION_TRANSITIONS,
}
PAIRS = [
    (model, field, before, after, after in table[before])
    for (model, field, states), table in TABLES.items()
    for before, after in product(states, states)
]


@pytest.mark.parametrize(
    ("model", "field", "before", "after"),
    [pair[:4] for pair in PAIRS if not pair[4]],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_life_cycle__pair_that_is_not_in_its_table__is_refused(
    model: Any, field: str, before: str, after: str
) -> None:
    # A watch speaks of its criterion by name.
    related = {"criterion": KillCriterion()} if model is CriterionWatch else {}
    thing = model(**{field: before}, **related)
    with pytest.raises(InvalidTransition):
        thing.move_to(after)
    assert getattr(thing, field) == before


@pytest.mark.parametrize(
    ("model", "field", "before", "after"),
    [pair[:4] for pair in PAIRS if pair[4]],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_life_cycle__pair_in_its_table__happens(model: Any, field: str, before: str, after: str) -> None:
    thing = model(**{field: before})
    thing.move_to(after)
    assert getattr(thing, field) == after


def test_life_cycle__every_state__is_in_its_table() -> None:
    for (_, _, states), table in TABLES.items():
        assert set(table) == set(states)


# The services, from every state: which of them may act on a campaign, a hypothesis or a sprint in it

CAMPAIGN_ACTS: dict[str, tuple[Callable[..., Any], set[CampaignStatus]]] = {
    "launch": (
        lambda key, **who: start_campaign(key, runs_until=None, **who),
        {CampaignStatus.DRAFT},
    ),
    "pause": (
        lambda key, **who: pause_campaign(key, reason="Too dear", **who),
        {CampaignStatus.LIVE, CampaignStatus.SCALED},
    ),
    "resume": (resume_campaign, {CampaignStatus.PAUSED}),
    "kill": (
        lambda key, **who: kill_campaign(key, reason="Too dear", **who),
        {CampaignStatus.LIVE, CampaignStatus.PAUSED, CampaignStatus.SCALED},
    ),
    "complete": (complete_campaign, {CampaignStatus.LIVE, CampaignStatus.PAUSED, CampaignStatus.SCALED}),
    "scale": (scale_campaign, {CampaignStatus.LIVE, CampaignStatus.PAUSED}),
    "discard": (discard_campaign, {CampaignStatus.DRAFT}),
}


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (act, status)
        for act, (_, allowed) in CAMPAIGN_ACTS.items()
        for status in CampaignStatus
        if status not in allowed
    ],
)
def test_campaign__act_that_its_state_forbids__changes_and_tells_nothing(
    act: str, status: CampaignStatus, marketer: Actor, at: datetime
) -> None:
    service, _ = CAMPAIGN_ACTS[act]
    campaign = make_campaign(marketer.workspace, status=status)
    told = Event.objects.count()
    with pytest.raises(InvalidTransition) as refusal:
        service("hook-test", by=marketer, at=at)
    assert refusal.value.code == "invalid_transition"
    campaign.refresh_from_db()
    assert campaign.status == status
    assert Event.objects.count() == told


def test_campaign__killed__is_told_that_a_revival_is_a_new_campaign(marketer: Actor, at: datetime) -> None:
    make_campaign(marketer.workspace, status=CampaignStatus.KILLED)
    with pytest.raises(InvalidTransition, match="comes back as a new campaign"):
        scale_campaign("hook-test", by=marketer, at=at)


SPRINT_ACTS: dict[str, tuple[Callable[..., Any], SprintStatus]] = {
    "start": (start_sprint, SprintStatus.PLANNING),
    "review": (open_review, SprintStatus.RUNNING),
    "close": (close_sprint, SprintStatus.IN_REVIEW),
    "cancel": (cancel_sprint, SprintStatus.PLANNING),
}


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (act, status)
        for act, (_, allowed) in SPRINT_ACTS.items()
        for status in SprintStatus
        if status != allowed
    ],
)
def test_sprint__act_that_its_state_forbids__changes_and_tells_nothing(
    act: str, status: SprintStatus, marketer: Actor, at: datetime
) -> None:
    service, _ = SPRINT_ACTS[act]
    sprint = make_sprint(marketer, at=at)
    Sprint.objects.update(status=status)
    told = Event.objects.count()
    with pytest.raises(InvalidTransition) as refusal:
        service(sprint.pk, by=marketer, at=at)
    assert refusal.value.code == "invalid_transition"
    sprint.refresh_from_db()
    assert sprint.status == status
    assert Event.objects.count() == told


@pytest.mark.parametrize(
    "status", [status for status in HypothesisStatus if status != HypothesisStatus.BACKLOG]
)
def test_hypothesis__not_in_the_backlog__is_not_archived(
    status: HypothesisStatus, marketer: Actor, at: datetime
) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user, status=status)
    with pytest.raises(InvalidTransition):
        archive_hypothesis(hypothesis.pk, by=marketer, at=at + timedelta(hours=1))
