"""What needs somebody, in order of money, and how much of it needs the person who looks."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.db.models import CharField, DateTimeField, Expression, F, IntegerField, Q, QuerySet

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, ZombieFlag
from experiments.selectors.burning import counted_days
from experiments.selectors.estimates import AS_TENANTS, tenants_of
from sprints.choices import CommitmentState, ReallocationState, SprintStatus
from sprints.models import Commitment, Reallocation, ReallocationLine, Sprint
from sprints.selectors.accounts import CampaignAccount
from sprints.selectors.board import WITH_PROGRESS, boards_of, with_standing
from sprints.selectors.fit import misfits
from sprints.selectors.graveyard import QUARTER
from sprints.selectors.savings import movements_of, with_movements
from sprints.selectors.today_numbers import killed_of_late, noes_of_late, today_numbers
from sprints.selectors.waiting import NOTHING, BurningZombie, OpenBreach, ScaledCampaign, Today, WaitingPlan
from workspaces.models import Event, User, Workspace
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Given, Prepared
from workspaces.models.rows import alone
from workspaces.permissions import Actor, Permission

PACE_DAYS = 3
ZOMBIES_SHOWN = 8
SCALED_SHOWN = 8
EVENTS_TOLD = 8

_WORKSPACE = Given("workspace", IntegerField())
# Of the campaigns that events name by their keys.
_KEYS = [f"key_{number}" for number in range(EVENTS_TOLD)]


def _told_of() -> "QuerySet[Campaign]":
    mine = Campaign.objects.filter(workspace=_WORKSPACE)
    scaled = mine.filter(status=CampaignStatus.SCALED).order_by("-scaled_at", "-pk")
    keys, taken = [Given(key, CharField()) for key in _KEYS], GivenKeys("taken")
    # The rules of what stands on a board and of what an event tells; the others are only named.
    rules = Q(campaign__hypothesis__among=taken) | Q(campaign__key__in=keys)
    return (
        with_movements(with_standing(rules))
        .filter(workspace=_WORKSPACE)
        .filter(
            Q(pk__among=GivenKeys("named"))
            | Q(key__in=keys)
            | Q(hypothesis__among=taken)
            | Q(pk__in=scaled.values("pk")[:SCALED_SHOWN])
        )
    )


_CAMPAIGNS = Prepared(lambda: _told_of().order_by("pk"))
# The workspace with what judging goes by, and all of it that needs no more than a word of each.
_WORKSPACES: Prepared[Any] = Prepared(
    lambda: (
        AS_TENANTS.filter(pk=_WORKSPACE)
        .with_rows("calling", ZombieFlag.objects.calling().by_money(), by="workspace")
        .with_rows("killed", killed_of_late(), by="workspace")
    )
)
# The places of open breaches, with how their evidence grew.
_BREACHED = Prepared(
    lambda: (
        CriterionWatch.objects.filter(breaches__in=Breach.objects.open(), workspace=_WORKSPACE)
        .select_related("criterion", "arm")
        .with_rows("judgements", Judgement.objects.only("data_through", "strength").order_by("data_through"))
        .with_rows("breaches", Breach.objects.open())
    )
)
# What is not over; the first that ends comes first.
_SPRINTS = Prepared(lambda: WITH_PROGRESS.filter(workspace=_WORKSPACE).open().order_by("ends_on", "number"))
# Plans that have not run out; the first that does comes first.
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


def read_today(workspace: Workspace, *, told: Sequence[Event] = (), by: Actor, at: datetime) -> Today:
    """What waits at ``at`` and how much of it for ``by``, in as many queries for much as for little.

    ``told``: at most ``EVENTS_TOLD`` events that stand beside it, whose campaigns are read along.
    """
    today = workspace.local_day(at)
    [brought] = _WORKSPACES.read(workspace=workspace.pk, killed_since=at - QUARTER)
    zombies: list[ZombieFlag] = brought.__dict__.pop("calling")
    killed: list[Any] = brought.__dict__.pop("killed")
    tenants = tenants_of([brought])
    costliest: dict[int, Decimal] = {}
    for flag in zombies:
        costliest[flag.campaign_id] = max(
            flag.money_per_day or NOTHING, costliest.get(flag.campaign_id, NOTHING)
        )
    shown = zombies[:ZOMBIES_SHOWN]
    sprints = _sprints(workspace)
    running = [one for one in sprints if one.status == SprintStatus.RUNNING]
    breaches = _breaches(workspace)
    plans = _PLANS.read(workspace=workspace.pk, at=at)
    lines = [line for plan in plans for line in plan.lines.all()]
    named = {flag.campaign_id for flag in shown} | {breach.campaign_id for breach in breaches}
    named |= {pk for line in lines for pk in (line.source_campaign_id, line.target_campaign_id) if pk}
    keys = {event.campaign_key for event in told}
    campaigns = _campaigns(workspace, running, named, keys)
    # What waits says which campaign it is about, and nothing of its rules: those stand on its board.
    about = {pk: alone(campaigns[pk]) for pk in named}
    for flag in shown:
        flag.campaign = about[flag.campaign_id]
    for breach in breaches:
        breach.campaign = about[breach.campaign_id]
    for line in lines:
        line.source_campaign = about[line.source_campaign_id] if line.source_campaign_id else None
        line.target_campaign = about[line.target_campaign_id] if line.target_campaign_id else None
    taken = {item.hypothesis_id for sprint in running for item in sprint.commitments.all()}
    on_boards = [one for one in campaigns.values() if one.hypothesis_id in taken and one.launched_at]
    placed = {one.pk for one in on_boards}
    others = [one for one in campaigns.values() if one.pk not in placed]
    donors = {line.source_campaign.pk: line.source_campaign for line in lines if line.source_campaign}
    numbers = today_numbers(on_boards, others, list(donors.values()), tenants, at=at)
    spend = numbers.spend
    movements = [moved for one in on_boards for moved in movements_of(one)]
    spoken_of = placed | set(costliest) | {breach.campaign_id for breach in breaches}
    return Today(
        breaches=_open_breaches(workspace, breaches, spend),
        plans=_waiting_plans(workspace, plans, numbers.accounts, by=by, at=at),
        zombies=_burning(shown, spend, today=today),
        zombies_calling=len(zombies),
        zombie_money_per_day=sum(costliest.values(), NOTHING),
        undecided=_undecided(sprints, today),
        unstarted=[one for one in sprints if one.waits_for_start(today)],
        scaled=_scaled([one for one in others if one.pk not in spoken_of], spend),
        noes=noes_of_late(killed, tenants),
        running=running,
        boards=boards_of(running, on_boards, numbers.boards, movements=movements, at=at),
        campaigns=list(campaigns.values()),
        may_plan=by.can(Permission.PLAN),
    )


def _campaigns(
    workspace: Workspace,
    running: Sequence[Sprint],
    named: AbstractSet[int],
    keys: AbstractSet[str],
) -> dict[int, Campaign]:
    """Every campaign that the page speaks of, by id in the order of the ids: those that are named by their
    ids or keys, those of the sprints that run, and the latest scaled ones.
    """
    campaigns = _CAMPAIGNS.read(
        workspace=workspace.pk,
        named=named,
        taken=[item.hypothesis_id for sprint in running for item in sprint.commitments.all()],
        **dict(zip_longest(_KEYS, keys, fillvalue="")),
    )
    for campaign in campaigns:
        campaign.workspace = workspace
    return {campaign.pk: campaign for campaign in campaigns}


def _sprints(workspace: Workspace) -> list[Sprint]:
    sprints = _SPRINTS.read(workspace=workspace.pk)
    for sprint in sprints:
        sprint.workspace = workspace
    return sprints


def waits_for(user: User | Expression | None, *, may_approve: bool, may_apply: bool) -> Q:
    """Plans whose next word is this person's: the yes to somebody else's plan, or the applying."""
    words = Q(pk__in=[])
    if may_approve:
        is_own = Q(proposed_by=user) | Q(proposed_key_maker=user)
        words |= Q(state=ReallocationState.PROPOSED) & ~is_own
    if may_apply:
        words |= Q(state=ReallocationState.APPROVED)
    return words


def _is_for(plan: Reallocation, by: Actor) -> bool:
    """``waits_for`` about one plan that has been read."""
    if plan.state == ReallocationState.APPROVED:
        return by.can(Permission.APPLY)
    return by.can(Permission.APPROVE) and not plan.is_proposal_of(by.user)


def pace(days: dict[date, Decimal]) -> Decimal | None:
    """The mean of the last reported days; ``None`` where nothing was reported."""
    latest = sorted(days)[-PACE_DAYS:]
    return sum((days[day] for day in latest), NOTHING) / len(latest) if latest else None


def _breaches(workspace: Workspace) -> list[Breach]:
    """Open ones, with the watch that each is of and how its evidence grew."""
    breaches: list[Breach] = []
    for watch in _BREACHED.read(workspace=workspace.pk):
        watch.criterion.workspace = workspace
        breaches += watch.breaches.all()
    return sorted(breaches, key=lambda breach: (breach.at, breach.pk))


def _open_breaches(
    workspace: Workspace, breaches: Sequence[Breach], spend: Mapping[int, dict[date, Decimal]]
) -> list[OpenBreach]:
    items = [
        OpenBreach(
            breach,
            breach.campaign,
            pace(spend[breach.campaign_id]),
            breach.at + timedelta(hours=workspace.grace_hours),
        )
        for breach in breaches
    ]
    return sorted(items, key=lambda item: (not item.goes_on_spending, -(item.money_per_day or NOTHING)))


def _burning(
    flags: Sequence[ZombieFlag], spend: Mapping[int, dict[date, Decimal]], *, today: date
) -> list[BurningZombie]:
    burnt = [counted_days(flag, spend[flag.campaign_id]) for flag in flags]
    last = max((on for by_day in burnt for on in by_day), default=today - timedelta(days=1))
    most = max((amount for by_day in burnt for amount in by_day.values()), default=NOTHING)
    return [BurningZombie(flag, by_day, last, most) for flag, by_day in zip(flags, burnt, strict=True)]


def _scaled(campaigns: Sequence[Campaign], spend: Mapping[int, dict[date, Decimal]]) -> list[ScaledCampaign]:
    """The costliest first."""
    scaled = [ScaledCampaign(one, pace(spend[one.pk])) for one in campaigns if one.is_scaled]
    return sorted(scaled, key=lambda item: -(item.money_per_day or NOTHING))


def _waiting_plans(
    workspace: Workspace,
    plans: Sequence[Any],
    accounts: Mapping[int, CampaignAccount],
    *,
    by: Actor,
    at: datetime,
) -> list[WaitingPlan]:
    """Plans that can be carried out as they are; the others have minutes to live."""
    waiting = [
        WaitingPlan(
            alone(plan),
            amount=sum((line.amount for line in plan.lines.all()), NOTHING),
            do_nothing=plan.do_nothing or {},
            is_mine=_is_for(plan, by),
        )
        for plan in plans
        if not misfits(list(plan.lines.all()), workspace=workspace, accounts=accounts, at=at)
    ]
    return sorted(waiting, key=lambda item: item.amount, reverse=True)


def _undecided(sprints: Sequence[Sprint], today: date) -> list[Commitment]:
    """Hypotheses whose sprint has ended or is in review, and that nobody has decided."""
    return [
        commitment
        for sprint in sprints
        if sprint.waits_for_decisions(today)
        for commitment in sprint.commitments.all()
        if commitment.state == CommitmentState.ACTIVE
    ]
