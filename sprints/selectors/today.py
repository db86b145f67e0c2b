"""What needs somebody, in order of money, and how much of it needs the person who looks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from django.db.models import Expression, Q

from experiments.models import Breach, Campaign, ZombieFlag
from experiments.selectors.burning import counted_days
from experiments.selectors.estimates import Tenants
from sprints.choices import CommitmentState, ReallocationState, SprintStatus
from sprints.models import Commitment, Sprint
from sprints.selectors.accounts import CampaignAccount
from sprints.selectors.board import boards_of, goes_on_spending
from sprints.selectors.fit import misfits
from sprints.selectors.graveyard import QUARTER
from sprints.selectors.savings import movements_of
from sprints.selectors.today_numbers import noes_of_late, today_numbers
from sprints.selectors.today_rows import SpokenOf, TodayRows, read_campaigns, read_rows
from sprints.selectors.waiting import NOTHING, BurningZombie, OpenBreach, ScaledCampaign, Today, WaitingPlan
from workspaces.models import Event, User, Workspace
from workspaces.models.content import digest_of
from workspaces.models.kept import kept
from workspaces.models.rows import alone
from workspaces.permissions import Actor, Permission

ZOMBIES_SHOWN = 8

# Of up to 1 MB each where much goes on.
_MOST_KEPT = 20


def read_today(workspace: Workspace, *, told: Sequence[Event] = (), by: Actor, at: datetime) -> Today:
    """What waits at ``at`` and how much of it for ``by``, in as many queries for much as for little.

    ``told``: at most ``today_rows.EVENTS_TOLD`` events that stand beside it, whose campaigns are read along.
    """
    rows, tenants = read_rows(workspace, killed_since=at - QUARTER, at=at)
    said = digest_of(rows)
    keys = sorted({event.campaign_key for event in told})
    campaigns = read_campaigns(workspace, _spoken_of(rows, said=said), keys)
    return _today(
        rows,
        campaigns,
        tenants,
        said=digest_of(said, campaigns),
        may_plan=by.can(Permission.PLAN),
        mine={plan.pk for plan in rows.plans if _is_for(plan, by)},
        at=at,
    )


def _speaks_of(rows: TodayRows, /, *, said: str) -> SpokenOf:
    lines = [line for plan in rows.plans for line in plan.lines.all()]
    breached = {breach.campaign_id for watch in rows.breached for breach in watch.breaches.all()}
    named = breached | set(list(_calling(rows, breached))[:ZOMBIES_SHOWN])
    named |= {pk for line in lines for pk in (line.source_campaign_id, line.target_campaign_id) if pk}
    taken = [item.hypothesis_id for sprint in _running(rows) for item in sprint.commitments.all()]
    return SpokenOf(sorted(named), taken)


# ``said``: the digest of the rows while nobody has asked for any: those whose ids are known stay untold.
_spoken_of = kept(_speaks_of, by=lambda _rows, *, said: said, most=_MOST_KEPT)


def _worked_out(
    rows: TodayRows,
    spoken_of: Sequence[Campaign],
    tenants: Tenants,
    /,
    *,
    said: str,
    may_plan: bool,
    mine: AbstractSet[int],
    at: datetime,
) -> Today:
    [workspace] = tenants.workspaces.values()
    today = workspace.local_day(at)
    campaigns = {campaign.pk: campaign for campaign in spoken_of}
    sprints, plans = list(rows.sprints), list(rows.plans)
    for row in (*sprints, *campaigns.values()):
        row.workspace = workspace
    running = _running(rows)
    breaches = _breaches(rows, workspace)
    breached = {breach.campaign_id for breach in breaches}
    calling = _calling(rows, breached)
    shown = list(calling.values())[:ZOMBIES_SHOWN]
    lines = [line for plan in plans for line in plan.lines.all()]
    # What waits says which campaign it is about, and nothing of its rules: those stand on its board.
    about = {pk: alone(campaign) for pk, campaign in campaigns.items()}
    for flag in chain.from_iterable(shown):
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
    spoken_of_above = placed | breached | calling.keys()
    return Today(
        breaches=_open_breaches(workspace, breaches, campaigns, rows.calling, numbers.paces),
        plans=_waiting_plans(workspace, plans, numbers.accounts, mine=mine, at=at),
        zombies=_burning(shown, spend, today=today),
        zombies_calling=len(calling),
        zombie_money_per_day=sum((flags[0].money_per_day or NOTHING for flags in calling.values()), NOTHING),
        undecided=_undecided(sprints, today),
        unstarted=[one for one in sprints if one.waits_for_start(today)],
        scaled=_scaled([one for one in others if one.pk not in spoken_of_above], numbers.paces),
        noes=noes_of_late(list(rows.killed), tenants),
        boards=boards_of(running, on_boards, numbers.boards, movements=movements, at=at),
        campaigns=list(campaigns.values()),
        may_plan=may_plan,
    )


# What the rows and campaigns ``said``, be it read or not; the time by what it closes and settles.
_today = kept(
    _worked_out,
    by=lambda _rows, _campaigns, tenants, *, said, may_plan, mine, at: [
        said,
        tenants,
        tenants.clock(at),
        may_plan,
        mine,
    ],
    most=_MOST_KEPT,
)


def _calling(rows: TodayRows, breached: AbstractSet[int]) -> dict[int, list[ZombieFlag]]:
    """The flags that call, by campaign: each one's costliest first, and the costliest campaign first."""
    flags: defaultdict[int, list[ZombieFlag]] = defaultdict(list)
    for flag in rows.calling:
        if flag.campaign_id not in breached:
            flags[flag.campaign_id].append(flag)
    return flags


def _running(rows: TodayRows) -> list[Sprint]:
    return [one for one in rows.sprints if one.status == SprintStatus.RUNNING]


def waits_for(user: User | Expression | None, *, may_approve: bool, may_apply: bool) -> Q:
    """Plans whose next word is this person's: the yes to somebody else's plan, or the applying."""
    words = Q(pk__in=[])
    if may_approve:
        is_own = Q(proposed_by=user) | Q(proposed_key_maker=user)
        words |= Q(state=ReallocationState.PROPOSED) & ~is_own
    if may_apply:
        words |= Q(state=ReallocationState.APPROVED)
    return words


def _is_for(plan: Any, by: Actor) -> bool:
    """``waits_for`` about one plan that has been read."""
    if plan.state == ReallocationState.APPROVED:
        return by.can(Permission.APPLY)
    return by.can(Permission.APPROVE) and not plan.is_proposal_of(by.user)


def _breaches(rows: TodayRows, workspace: Workspace) -> list[Breach]:
    """Open ones, with the watch that each is of and how its evidence grew."""
    breaches: list[Breach] = []
    for watch in rows.breached:
        watch.criterion.workspace = workspace
        breaches += watch.breaches.all()
    return sorted(breaches, key=lambda breach: (breach.at, breach.pk))


def _open_breaches(
    workspace: Workspace,
    breaches: Sequence[Breach],
    campaigns: Mapping[int, Campaign],
    calling: Sequence[ZombieFlag],
    paces: Mapping[int, Decimal | None],
) -> list[OpenBreach]:
    items = [
        OpenBreach(
            breach,
            breach.campaign,
            paces[breach.campaign_id],
            breach.at + timedelta(hours=workspace.grace_hours),
            [flag for flag in calling if flag.campaign_id == breach.campaign_id],
            goes_on_spending=goes_on_spending(campaigns[breach.campaign_id]),
        )
        for breach in breaches
    ]
    return sorted(items, key=lambda item: (not item.goes_on_spending, -(item.money_per_day or NOTHING)))


def _burning(
    calling: Sequence[Sequence[ZombieFlag]], spend: Mapping[int, dict[date, Decimal]], *, today: date
) -> list[BurningZombie]:
    burnt = [counted_days(flag, spend[flag.campaign_id]) for flag, *_ in calling]
    last = max((on for by_day in burnt for on in by_day), default=today - timedelta(days=1))
    most = max((amount for by_day in burnt for amount in by_day.values()), default=NOTHING)
    return [
        BurningZombie(flag, others, by_day, last, most)
        for (flag, *others), by_day in zip(calling, burnt, strict=True)
    ]


def _scaled(campaigns: Sequence[Campaign], paces: Mapping[int, Decimal | None]) -> list[ScaledCampaign]:
    """The costliest first."""
    scaled = [ScaledCampaign(one, paces[one.pk]) for one in campaigns if one.is_scaled]
    return sorted(scaled, key=lambda item: -(item.money_per_day or NOTHING))


def _waiting_plans(
    workspace: Workspace,
    plans: Sequence[Any],
    accounts: Mapping[int, CampaignAccount],
    *,
    mine: AbstractSet[int],
    at: datetime,
) -> list[WaitingPlan]:
    """Plans that can be carried out as they are; the others have minutes to live."""
    waiting = [
        WaitingPlan(
            alone(plan),
            amount=sum((line.amount for line in plan.lines.all()), NOTHING),
            do_nothing=plan.do_nothing or {},
            is_mine=plan.pk in mine,
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
