"""A sprint as its pages show it: what is still missing before it, how it stands while it runs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from django.db.models import IntegerField, Prefetch, Q, prefetch_related_objects

from experiments.choices import CampaignStatus, EvidenceKind, ZombieSignal
from experiments.models import Arm, Breach, Campaign, CriterionWatch, KillCriterion, ZombieFlag
from experiments.models.campaign import CampaignQuerySet
from experiments.selectors.arm_rows import ArmRow, arm_rows
from experiments.selectors.campaign_pages import WATCHES, WITH_PLAN
from experiments.selectors.estimates import read_tenants
from sprints.choices import SprintStatus
from sprints.models import Commitment, Decision, Sprint
from sprints.selectors.board_numbers import board_numbers
from sprints.selectors.savings import Movement, budgets_at, budgets_when_ended, read_movements
from sprints.selectors.standing import Board, BoardNumbers, RunningCampaign, RunningHypothesis
from workspaces.models import Workspace
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Given, Prepared

STEPS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class SprintRow:
    """A line of the list of sprints."""

    sprint: Sprint
    # Each with what was decided about it there; "" while nothing is.
    hypotheses: Sequence[tuple[str, str]]


def sprint_rows(sprints: Sequence[Sprint]) -> list[SprintRow]:
    """Sprints with what they took on and what was decided, in two queries."""
    decided = {
        (decision.sprint_id, decision.hypothesis_id): decision.decision
        for decision in Decision.objects.filter(sprint__in=sprints)
    }
    rows: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    taken = Commitment.objects.kept().filter(sprint__in=sprints).order_by("position")
    for sprint_id, hypothesis_id, title in taken.values_list("sprint", "hypothesis", "hypothesis__title"):
        rows[sprint_id].append((title, decided.get((sprint_id, hypothesis_id), "")))
    return [SprintRow(sprint, rows[sprint.pk]) for sprint in sprints]


_KEPT = Commitment.objects.kept().order_by("position")
# With what each took on and what was decided in it.
WITH_PROGRESS = Sprint.objects.with_rows("commitments", _KEPT, joined=["hypothesis__owner"]).with_rows(
    "decisions", Decision.objects.all(), joined=["decided_by", "child", "carry_to"]
)


_UNDEAD = ZombieFlag.objects.unresolved().filter(signal=ZombieSignal.UNDEAD)


def with_standing(rules: Q | None = None) -> CampaignQuerySet:
    """With arms, the rules in force, how near each is to its line, what stands open, and of the zombie flags
    that it spends on after its stop.

    ``rules``: of which campaigns the rules are wanted; ``None`` for all.
    """
    criteria = KillCriterion.objects.in_force().filter(rules or Q()).order_by("position")
    return (
        Campaign.objects.with_rows("arms", Arm.objects.order_by("position"))
        .with_rows("kill_criteria", criteria.with_rows("watches", WATCHES, joined=["arm"]))
        .with_rows("breaches", Breach.objects.open().order_by("at"))
        .with_rows("zombie_flags", _UNDEAD.only("signal"))
    )


_STANDING = Prepared(
    lambda: (
        with_standing()
        .select_related("hypothesis__owner")
        .filter(hypothesis__among=GivenKeys("taken"))
        .launched()
        .order_by("pk")
    )
)
_PLANNED = Prepared(
    lambda: (
        WITH_PLAN.filter(hypothesis__among=GivenKeys("taken"))
        .exclude(status=CampaignStatus.DISCARDED)
        .order_by("pk")
    )
)
_AT_HAND_NOW = Q(status__in=[SprintStatus.PLANNING, SprintStatus.RUNNING, SprintStatus.IN_REVIEW])
_AT_HAND = Prepared(
    lambda: (
        WITH_PROGRESS.filter(workspace=Given("workspace", IntegerField()))
        .filter(_AT_HAND_NOW | Q(number=Given("number", IntegerField())))
        .order_by("starts_on", "number")
    )
)


_NUMBERED = Prepared(
    lambda: WITH_PROGRESS.filter(
        workspace=Given("workspace", IntegerField()), number=Given("number", IntegerField())
    )
)


def find_sprint(workspace: Workspace, *, number: int) -> Sprint | None:
    """The sprint of that number, with its progress; ``None`` where there is none."""
    for sprint in _NUMBERED.read(workspace=workspace.pk, number=number):
        sprint.workspace = workspace
        return sprint
    return None


def sprints_at_hand(workspace: Workspace, *, number: int) -> list[Sprint]:
    """What is planned, runs or is in review, and the sprint of that number, in the order of their days."""
    sprints = _AT_HAND.read(workspace=workspace.pk, number=number)
    for sprint in sprints:
        sprint.workspace = workspace
    return sprints


def read_board(sprint: Sprint, *, at: datetime) -> Board:
    """How the sprint stands at ``at``; a closed one as it stood at its end, whatever ran on or moved."""
    board, _ = read_for_review(sprint, asked=None, at=at)
    return board


def read_for_review(
    sprint: Sprint, *, asked: Callable[[Board], RunningHypothesis | None] | None, at: datetime
) -> tuple[Board, RunningHypothesis | None]:
    """The same, and the hypothesis that is ``asked`` about, whose arms alone are then compared."""
    is_closed = sprint.status == SprintStatus.CLOSED and sprint.closed_at is not None
    campaigns = campaigns_on([sprint])
    numbers = partial(
        board_numbers,
        as_of=sprint.ends_on if is_closed else None,
        tenants=read_tenants(campaign.workspace_id for campaign in campaigns),
        at=at,
    )
    [board] = boards_of(
        [sprint],
        campaigns,
        numbers(campaigns, with_analyses=asked is None),
        closed_at=sprint.closed_at if is_closed else None,
        at=at,
    )
    row = asked(board) if asked else None
    if row is None:
        return board, None
    compared = _compared(row, numbers([item.campaign for item in row.campaigns], with_analyses=True))
    return Board(sprint, [compared if one is row else one for one in board.hypotheses]), compared


def _compared(row: RunningHypothesis, numbers: Mapping[int, BoardNumbers]) -> RunningHypothesis:
    """With the arms of its campaigns compared."""
    return replace(
        row,
        campaigns=[
            replace(
                item,
                numbers=numbers[item.campaign.pk],
                arms=_arm_rows(item.campaign, numbers[item.campaign.pk]),
            )
            for item in row.campaigns
        ],
    )


def _arm_rows(campaign: Campaign, numbers: BoardNumbers) -> list[ArmRow]:
    analysis = numbers.analysis
    if analysis is None:
        return []
    return arm_rows(list(campaign.arms.all()), analysis.compared(), analysis.metric, events={})


def campaigns_on(sprints: Sequence[Sprint]) -> list[Campaign]:
    """The launched campaigns of these sprints of a workspace, with what a board needs of each."""
    if not sprints:
        return []
    campaigns = _STANDING.read(taken=[commitment.hypothesis_id for commitment in _commitments(sprints)])
    for campaign in campaigns:
        campaign.workspace = sprints[0].workspace
    return campaigns


def boards_of(
    sprints: Sequence[Sprint],
    campaigns: Sequence[Campaign],
    numbers: Mapping[int, BoardNumbers],
    *,
    closed_at: datetime | None = None,
    movements: Sequence[Movement] | None = None,
    at: datetime,
) -> list[Board]:
    """How these sprints stand by what was read.

    ``campaigns``: those of ``campaigns_on``; ``numbers``: theirs. ``closed_at``: when they were closed.
    ``movements``: where they have been read, those of the campaigns.
    """
    killed = [campaign for campaign in campaigns if campaign.status == CampaignStatus.KILLED]
    if movements is None:
        movements = read_movements(campaign.pk for campaign in (killed if closed_at is None else campaigns))
    budgets = (
        {campaign.pk: campaign.budget for campaign in campaigns}
        if closed_at is None
        else budgets_at({campaign.pk: closed_at for campaign in campaigns}, movements=movements)
    )
    killed_with = budgets_when_ended(killed, movements=movements)
    by_hypothesis: defaultdict[int | None, list[Campaign]] = defaultdict(list)
    for campaign in campaigns:
        by_hypothesis[campaign.hypothesis_id].append(campaign)

    def running(campaign: Campaign, sprint: Sprint) -> RunningCampaign:
        budget, today = budgets[campaign.pk], sprint.workspace.local_day(at)
        watch = _nearest_watch(campaign)
        return RunningCampaign(
            campaign=campaign,
            numbers=numbers[campaign.pk],
            budget=budget,
            planned_by_now=_planned_by_now(campaign, budget, sprint, today),
            killed_with=killed_with.get(campaign.pk),
            watch=watch,
            strengths=_strengths(watch)[-STEPS_SHOWN:],
            breaches=list(campaign.breaches.all()),
            goes_on_spending=goes_on_spending(campaign),
            arms=_arm_rows(campaign, numbers[campaign.pk]),
        )

    boards = []
    for sprint in sprints:
        decisions = {decision.hypothesis_id: decision for decision in sprint.decisions.all()}
        boards.append(
            Board(
                sprint,
                [
                    RunningHypothesis(
                        commitment,
                        commitment.hypothesis,
                        [running(one, sprint) for one in by_hypothesis[commitment.hypothesis_id]],
                        decisions.get(commitment.hypothesis_id),
                    )
                    for commitment in sprint.commitments.all()
                ],
            )
        )
    return boards


def kept_commitments(sprint: Sprint) -> list[Commitment]:
    return _commitments([sprint])


def _commitments(sprints: Sequence[Sprint]) -> list[Commitment]:
    """What they took on; whoever was not read ``WITH_PROGRESS`` has it read now."""
    decided = Decision.objects.select_related("decided_by", "child", "carry_to")
    prefetch_related_objects(
        sprints,
        Prefetch("commitments", queryset=_KEPT.select_related("hypothesis__owner")),
        Prefetch("decisions", queryset=decided),
    )
    return [commitment for sprint in sprints for commitment in sprint.commitments.all()]


def campaigns_of(commitments: Sequence[Commitment]) -> dict[int, list[Campaign]]:
    """The campaigns of each hypothesis, by its id, with their arms and the rules in force."""
    by_hypothesis: dict[int, list[Campaign]] = {item.hypothesis_id: [] for item in commitments}
    for campaign in _PLANNED.read(taken=list(by_hypothesis)):
        if campaign.hypothesis_id is not None:
            by_hypothesis[campaign.hypothesis_id].append(campaign)
    return by_hypothesis


def goes_on_spending(campaign: Campaign) -> bool:
    """Whether one that was read ``with_standing`` spends, be it meant to or not."""
    return campaign.is_spending or bool(campaign.zombie_flags.all())


def _nearest_watch(campaign: Campaign) -> CriterionWatch | None:
    """The place of a rule in force whose evidence is nearest to its line."""
    watches: list[CriterionWatch] = []
    for criterion in campaign.kill_criteria.all():
        criterion.workspace = campaign.workspace
        if criterion.evidence == EvidenceKind.PROBABLE:
            watches += criterion.watches.all()
    return min(watches, key=lambda watch: (_distance(watch), watch.pk), default=None)


def _strengths(watch: CriterionWatch | None) -> list[float]:
    """How sure the rule was, day by day."""
    if watch is None:
        return []
    return [item.strength for item in watch.judgements.all() if item.strength is not None]


def _distance(watch: CriterionWatch) -> float:
    return watch.criterion.confidence - (watch.strength or 0.0)


def _planned_by_now(campaign: Campaign, budget: Decimal, sprint: Sprint, today: date) -> Decimal | None:
    """The budget's share for the days that are over, were it spent evenly."""
    if campaign.starts_on is None:
        return None
    last = campaign.runs_until or sprint.ends_on
    length = (last - campaign.starts_on).days + 1
    over = min(max((today - campaign.starts_on).days, 0), length)
    return (budget * over / length).quantize(Decimal("0.01")) if length > 0 else None
