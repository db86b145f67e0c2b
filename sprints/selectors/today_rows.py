"""The rows that Today is worked out from, untold until somebody asks for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.db.models import CharField, DateTimeField, F, IntegerField, Q

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, ZombieFlag
from experiments.models.campaign import CampaignQuerySet
from experiments.selectors.estimates import AS_TENANTS, Tenants, tenants_of
from sprints.choices import ReallocationState
from sprints.models import Reallocation, ReallocationLine, Sprint
from sprints.selectors.board import WITH_PROGRESS, with_standing
from sprints.selectors.savings import with_movements
from sprints.selectors.today_numbers import killed_of_late
from workspaces.models import Workspace
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Given, Prepared
from workspaces.models.rows import take_rows

SCALED_SHOWN = 8
EVENTS_TOLD = 8

_WORKSPACE = Given("workspace", IntegerField())
# Of the campaigns that events name by their keys.
_KEYS = [f"key_{number}" for number in range(EVENTS_TOLD)]


@dataclass(frozen=True, slots=True)
class TodayRows:
    """``breached``: the places of open breaches, with how their evidence grew. ``sprints``: what is not over;
    the first that ends comes first. ``killed``: of late.
    """

    calling: Sequence[ZombieFlag]
    breached: Sequence[CriterionWatch]
    sprints: Sequence[Sprint]
    killed: Sequence[Any]
    # That have not run out; the first that does comes first.
    plans: Sequence[Any]


@dataclass(frozen=True, slots=True)
class SpokenOf:
    """The ids of campaigns that are named, and of hypotheses that running sprints have taken on."""

    named: Sequence[int]
    taken: Sequence[int]


_ROWS: Prepared[Any] = Prepared(
    lambda: (
        AS_TENANTS.filter(pk=_WORKSPACE)
        .with_rows("calling", ZombieFlag.objects.calling().by_money(), by="workspace")
        .with_rows("breached", _breached(), joined=["criterion", "arm"], by="workspace")
        .with_rows("sprints_on", WITH_PROGRESS.open().order_by("ends_on", "number"), by="workspace")
        .with_rows("killed", killed_of_late(), by="workspace")
    )
)
_PLANS: Prepared[Any] = Prepared(
    lambda: (
        Reallocation.objects.filter(workspace=_WORKSPACE)
        .open()
        .filter(Q(expires_at__gt=Given("at", DateTimeField())) | Q(state=ReallocationState.APPROVED))
        # Of the evidence only what is said here: all of it is a plan's own page.
        .defer("evidence")
        .annotate(do_nothing=F("evidence__do_nothing"))
        .select_related("proposed_by", "approved_by")
        .with_rows("lines", ReallocationLine.objects.order_by("position"))
        .order_by("expires_at")
    )
)
_CAMPAIGNS: Prepared[Any] = Prepared(
    lambda: (
        Workspace.objects.only("pk")
        .filter(pk=_WORKSPACE)
        .with_rows("told_of", _told_of().order_by("pk"), joined=["hypothesis"], by="workspace")
    )
)


def read_rows(workspace: Workspace, *, killed_since: datetime, at: datetime) -> tuple[TodayRows, Tenants]:
    """What waits at ``at``, and what its workspace brings."""
    [brought] = _ROWS.read(workspace=workspace.pk, killed_since=killed_since)
    calling, breached, sprints, killed = take_rows(brought, "calling", "breached", "sprints_on", "killed")
    plans = _PLANS.read(workspace=workspace.pk, at=at)
    rows = TodayRows(calling, breached, sprints, killed, plans)
    return rows, tenants_of([brought])


def read_campaigns(workspace: Workspace, spoken_of: SpokenOf, keys: Iterable[str]) -> Sequence[Campaign]:
    """Every campaign that the page speaks of, in the order of the ids: those that are named by their ids or
    keys, those of the sprints that run, and the latest scaled ones.
    """
    [brought] = _CAMPAIGNS.read(
        workspace=workspace.pk,
        named=spoken_of.named,
        taken=spoken_of.taken,
        **dict(zip_longest(_KEYS, keys, fillvalue="")),
    )
    [campaigns] = take_rows(brought, "told_of")
    found: Sequence[Campaign] = campaigns
    return found


def _breached() -> Any:
    return (
        CriterionWatch.objects.filter(breaches__in=Breach.objects.open())
        .order_by("pk")
        .with_rows("judgements", Judgement.objects.only("data_through", "strength").order_by("data_through"))
        .with_rows("breaches", Breach.objects.open())
    )


def _told_of() -> CampaignQuerySet:
    mine = Campaign.objects.filter(workspace=_WORKSPACE)
    scaled = mine.filter(status=CampaignStatus.SCALED).order_by("-scaled_at", "-pk")
    keys, taken = [Given(key, CharField()) for key in _KEYS], GivenKeys("taken")
    # The rules of what stands on a board and of what an event tells; the others are only named.
    rules = Q(campaign__hypothesis__among=taken) | Q(campaign__key__in=keys)
    return with_movements(with_standing(rules)).filter(
        Q(pk__among=GivenKeys("named"))
        | Q(key__in=keys)
        | Q(hypothesis__among=taken)
        | Q(pk__in=scaled.values("pk")[:SCALED_SHOWN])
    )
