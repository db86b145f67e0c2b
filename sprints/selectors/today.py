"""What needs somebody, in order of money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from experiments.models import Breach, Campaign, ZombieFlag
from experiments.selectors.measurements import daily_spend
from sprints.choices import CommitmentState, ReallocationState, SprintStatus
from sprints.models import Commitment, Reallocation, Sprint
from workspaces.models import Workspace

PACE_DAYS = 3
ZOMBIES_SHOWN = 8
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenBreach:
    """A rule that has fired and that nobody has answered yet."""

    breach: Breach
    campaign: Campaign
    money_per_day: Decimal | None
    decide_by: datetime

    @property
    def goes_on_spending(self) -> bool:
        return self.campaign.is_spending


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A reallocation for a manager's yes or no, or an approved one that is still to be applied."""

    plan: Reallocation
    amount: Decimal

    @property
    def proposers(self) -> set[int | None]:
        """The ids of those who stand behind it, and so do not approve it."""
        return {self.plan.proposed_by_id, self.plan.proposed_key_maker_id}

    @property
    def is_approved(self) -> bool:
        return self.plan.state == ReallocationState.APPROVED


@dataclass(frozen=True, slots=True)
class Today:
    """Everything that waits for a person."""

    breaches: Sequence[OpenBreach]
    plans: Sequence[WaitingPlan]
    zombies: Sequence[ZombieFlag]
    zombies_calling: int
    zombie_money_per_day: Decimal
    undecided: Sequence[Commitment]
    unstarted: Sequence[Sprint]

    @property
    def decisions(self) -> int:
        return (
            len(self.breaches)
            + len(self.plans)
            + self.zombies_calling
            + len(self.undecided)
            + len(self.unstarted)
        )

    @property
    def money_per_day(self) -> Decimal:
        """What is spent each day until somebody decides; each campaign once."""
        flagged = {flag.campaign_id for flag in self.zombies}
        breached = {
            item.campaign.pk: item.money_per_day or NOTHING
            for item in self.breaches
            if item.goes_on_spending and item.campaign.pk not in flagged
        }
        return self.zombie_money_per_day + sum(breached.values(), NOTHING)


def read_today(workspace: Workspace, *, at: datetime) -> Today:
    """What waits at ``at``, in a fixed number of queries."""
    today = workspace.local_day(at)
    zombies = list(
        ZombieFlag.objects.of(workspace)
        .calling()
        .by_money()
        .select_related("campaign", "campaign__workspace")
    )
    costliest: dict[int, Decimal] = {}
    for flag in zombies:
        costliest[flag.campaign_id] = max(
            flag.money_per_day or NOTHING, costliest.get(flag.campaign_id, NOTHING)
        )
    return Today(
        breaches=_open_breaches(workspace),
        plans=_waiting_plans(workspace),
        zombies=zombies[:ZOMBIES_SHOWN],
        zombies_calling=len(zombies),
        zombie_money_per_day=sum(costliest.values(), NOTHING),
        undecided=_undecided(workspace, today),
        unstarted=list(
            Sprint.objects.of(workspace)
            .planning()
            .filter(starts_on__lte=today)
            .order_by("starts_on", "number")
        ),
    )


def pace(days: dict[date, Decimal]) -> Decimal | None:
    """The mean of the last reported days; ``None`` where nothing was reported."""
    latest = sorted(days)[-PACE_DAYS:]
    return sum((days[day] for day in latest), NOTHING) / len(latest) if latest else None


def _open_breaches(workspace: Workspace) -> list[OpenBreach]:
    breaches = list(
        Breach.objects.of(workspace)
        .open()
        .select_related("campaign", "campaign__workspace", "watch__criterion", "watch__arm")
        .order_by("at")
    )
    campaigns = list({breach.campaign_id: breach.campaign for breach in breaches}.values())
    spend = daily_spend(campaigns) if campaigns else {}
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


def _waiting_plans(workspace: Workspace) -> list[WaitingPlan]:
    plans = (
        Reallocation.objects.of(workspace)
        .open()
        .select_related("proposed_by", "approved_by")
        .prefetch_related("lines")
        .order_by("expires_at")
    )
    waiting = [WaitingPlan(plan, sum((line.amount for line in plan.lines.all()), NOTHING)) for plan in plans]
    return sorted(waiting, key=lambda item: item.amount, reverse=True)


def _undecided(workspace: Workspace, today: date) -> list[Commitment]:
    """Hypotheses whose sprint has ended or is in review, and that nobody has decided."""
    commitments = (
        Commitment.objects.of(workspace)
        .filter(
            state=CommitmentState.ACTIVE, sprint__status__in=[SprintStatus.RUNNING, SprintStatus.IN_REVIEW]
        )
        .select_related("sprint", "hypothesis__owner")
        .order_by("sprint__ends_on", "position")
    )
    return [
        commitment
        for commitment in commitments
        if commitment.sprint.status == SprintStatus.IN_REVIEW or commitment.sprint.ends_on < today
    ]
