"""Making a plan: by the rule, by hand, or to undo one that was applied."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from experiments.models import Campaign
from experiments.stats.budget import RESERVE, shift_plan, thompson_plan
from sprints.choices import ReallocationMethod, ReallocationState
from sprints.exceptions import NotFound, Refused
from sprints.models import Reallocation, ReallocationLine, Sprint, sentences
from sprints.models.ledger import OPEN_STATES
from sprints.models.sentences import KEPT_IN
from sprints.selectors.accounts import campaign_accounts
from sprints.selectors.candidates import Candidate, candidates_of, describe
from sprints.selectors.chances import Band
from sprints.selectors.evidence import plan_evidence, standing
from sprints.selectors.ranks import compared_by, ranked
from sprints.services.ledger import lock_accounts
from sprints.services.reallocations.lines import build_line, check_fit, read_lines
from sprints.services.reallocations.plans import lock_plan, write_plan
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency
from workspaces.permissions import Actor, Permission

# From, to (``None``: the reserve) and how much.
Moves = dict[tuple[Campaign | None, Campaign | None], Decimal]
# A plan in one of these has moved its money or still may.
STANDING_STATES = (*OPEN_STATES, ReallocationState.APPLIED)
# So many campaigns a refusal explains; a page shows the rest.
MOST_REASONS = 5


@transaction.atomic
def propose_reallocation(*, sprint_id: int | None = None, by: Actor, at: datetime) -> Reallocation:
    """Propose what the policy's rule says for all campaigns with money; ``sprint_id``: the sprint that asks.

    Raises ``Refused``: ``nothing_to_move`` with the reason, ``already_proposed`` where the same lines wait.
    """
    by.require(Permission.PROPOSE)
    sprint = _find_sprint(sprint_id, by=by)
    workspace = lock_accounts(by.workspace)
    candidates = candidates_of(workspace, at=at)
    method = ReallocationMethod(workspace.reallocation_rule)
    if method == ReallocationMethod.THOMPSON:
        candidates = ranked(candidates)
    compute = thompson_plan if method == ReallocationMethod.THOMPSON else shift_plan
    with override(KEPT_IN):
        money = [one.as_money() for one in candidates]
    plan = compute(money, exponent=workspace.currency_exponent, growth_cap=Decimal(str(workspace.growth_cap)))
    if not plan.lines:
        raise Refused("nothing_to_move", _why_nothing(candidates))
    campaigns = {one.campaign.key: one.campaign for one in candidates} | {RESERVE: None}
    lines = [
        build_line(
            campaigns[move.source],
            campaigns[move.destination],
            move.amount,
            move.reason,
            workspace=workspace,
        )
        for move in plan.lines
    ]
    _refuse_twin(lines, method=method, by=by)
    moved = {key for line in lines for key in (line.source_key, line.target_key)}
    with override(KEPT_IN):
        rule = _say_rule(method, candidates, cap=workspace.growth_cap)
        passed_over = _passed_over(candidates, moved)
    evidence = plan_evidence(
        lines,
        {one.campaign.pk: one for one in candidates},
        workspace=workspace,
        rule=rule,
        passed_over=passed_over,
        at=at,
    )
    return write_plan(lines, evidence=evidence, method=method, sprint=sprint, by=by, at=at)


def _say_rule(method: ReallocationMethod, candidates: Sequence[Candidate], *, cap: float) -> str:
    share = f"{cap:.0%}"
    if method != ReallocationMethod.THOMPSON:
        return sentences.HALF_TO_WINNERS.format(cap=share)
    metric = compared_by(candidates)
    if metric is None:
        return sentences.FOLLOW_THE_BEST.format(cap=share)
    return sentences.FOLLOW_THE_BEST_BY.format(metric=metric.label, cap=share)


@transaction.atomic
def create_reallocation(*, lines: Sequence[Mapping[str, Any]], by: Actor, at: datetime) -> Reallocation:
    """Propose lines ``{"from", "to", "amount", "reason"?}``; an account is a campaign's key or ``reserve``.

    Raises ``Invalid`` for what can never be and ``TransferRefused`` for what the ledger or a campaign's state
    forbids now; each names every row that is wrong.
    """
    by.require(Permission.PROPOSE)
    read = read_lines(lines, workspace=by.workspace)
    return write_by_hand(read, rule=sentences.BY_HAND, by=by, at=at)


@transaction.atomic
def undo_reallocation(reallocation_id: int, *, by: Actor, at: datetime) -> Reallocation:
    """Propose the opposite of an applied plan, as far as its money is unspent; it is approved like any other.

    A finished campaign gets nothing back: what it gave goes to the reserve. Raises ``Refused``
    (``not_applied``, ``already_undone``, ``nothing_to_undo``).
    """
    by.require(Permission.PROPOSE)
    plan, lines = lock_plan(reallocation_id, by=by)
    if plan.state != ReallocationState.APPLIED:
        message = _("Plan {number} was never applied: there is nothing to undo.")
        raise Refused("not_applied", message.format(number=plan.number))
    if Reallocation.objects.of(by.workspace).filter(undoes=plan, state__in=STANDING_STATES).exists():
        message = _("A plan that undoes plan {number} is under way or applied.")
        raise Refused("already_undone", message.format(number=plan.number))
    opposite = _opposite_of(lines)
    if not opposite:
        raise Refused(
            "nothing_to_undo",
            _(
                "All that plan {number} moved is in the reserve, and the campaigns it came from have ended."
            ).format(number=plan.number),
        )
    unspent = _as_far_as_unspent(opposite, workspace=plan.workspace, at=at)
    undoing = [
        build_line(
            source, target, amount, sentences.UNDOING.format(number=plan.number), workspace=by.workspace
        )
        for (source, target), amount in unspent.items()
    ]
    wanted, found = sum(opposite.values()), sum(unspent.values())
    if not undoing:
        message = _("All that plan {number} moved is spent or held back by now.")
        raise Refused("nothing_to_undo", message.format(number=plan.number))
    rule = sentences.UNDOES.format(number=plan.number)
    if found < wanted:
        with override(KEPT_IN):
            rule = sentences.UNDOES_IN_PART.format(
                number=plan.number,
                found=in_currency(found, by.workspace.currency),
                wanted=in_currency(wanted, by.workspace.currency),
            )
    return write_by_hand(undoing, rule=rule, undoes=plan, by=by, at=at)


def _opposite_of(lines: Sequence[ReallocationLine]) -> Moves:
    """Each line the other way; what a finished campaign gave goes back to the reserve."""
    opposite: defaultdict[tuple[Campaign | None, Campaign | None], Decimal] = defaultdict(Decimal)
    for line in lines:
        back_to = line.source_campaign
        if back_to is not None and back_to.is_finished:
            back_to = None
        if line.target_campaign != back_to:
            opposite[line.target_campaign, back_to] += line.amount
    return opposite


def _as_far_as_unspent(moves: Moves, *, workspace: Workspace, at: datetime) -> Moves:
    """The same movements, none beyond what its account still has; those that share one take it in turn."""
    givers = {source.pk: source for source, _ in moves if source is not None}
    accounts = campaign_accounts(list(givers.values()), at=at)
    left: dict[int | None, Decimal] = {pk: account.available for pk, account in accounts.items()}
    left[None] = workspace.reserve
    cut: Moves = {}
    for (source, target), amount in moves.items():
        giver = source.pk if source else None
        given = min(amount, left[giver])
        if given > 0:
            cut[source, target] = given
            left[giver] -= given
    return cut


def _find_sprint(sprint_id: int | None, *, by: Actor) -> Sprint | None:
    if sprint_id is None:
        return None
    sprint = Sprint.objects.of(by.workspace).filter(pk=sprint_id).first()
    if sprint is None:
        raise NotFound(_("There is no sprint {number} here.").format(number=sprint_id))
    return sprint


def write_by_hand(
    lines: Sequence[ReallocationLine],
    *,
    rule: str,
    sprint: Sprint | None = None,
    undoes: Reallocation | None = None,
    by: Actor,
    at: datetime,
) -> Reallocation:
    """Check that these lines fit, and store them as a plan that follows no rule of amounts."""
    involved = {
        side.pk: side
        for line in lines
        for side in (line.source_campaign, line.target_campaign)
        if side is not None
    }
    workspace = lock_accounts(by.workspace, involved)
    check_fit(lines, workspace=workspace, at=at)
    evidence = plan_evidence(
        lines,
        {one.campaign.pk: one for one in describe(involved.values(), at=at)},
        workspace=workspace,
        rule=rule,
        at=at,
    )
    return write_plan(
        lines,
        evidence=evidence,
        method=ReallocationMethod.HAND,
        sprint=sprint,
        undoes=undoes,
        by=by,
        at=at,
    )


def _refuse_twin(lines: Sequence[ReallocationLine], *, method: ReallocationMethod, by: Actor) -> None:
    """A second click makes no second plan."""
    moves = [(line.source_campaign_id, line.target_campaign_id, line.amount) for line in lines]
    waiting = Reallocation.objects.of(by.workspace).waiting().filter(method=method)
    for plan in waiting.prefetch_related("lines"):
        if moves == [
            (line.source_campaign_id, line.target_campaign_id, line.amount) for line in plan.lines.all()
        ]:
            message = _("Plan {number} moves the same money and waits for approval.")
            raise Refused("already_proposed", message.format(number=plan.number))


def _passed_over(candidates: Sequence[Candidate], moved: AbstractSet[str]) -> list[dict[str, str]]:
    """Who has money and is not in the plan, and why."""
    return [
        {"campaign": one.campaign.key, "name": one.campaign.name, "why": _why_not(one)}
        for one in candidates
        if one.campaign.key not in moved
    ]


def _why_not(one: Candidate) -> str:
    if one.is_blind:
        words = _(sentences.BLIND)
        return words.format(campaign=one.campaign.name)
    if one.is_ranked and (why := one.why_not_receive()):
        receives = _(sentences.RECEIVES_NOTHING).format(why=why)
        return f"{standing(one)} {receives}"
    if one.rank is None and one.chance.band == Band.RECEIVER and (why := one.why_not_receive()):
        words = _(sentences.DOES_WELL)
        return words.format(campaign=one.campaign.name, why=why)
    return standing(one)


def _why_nothing(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return _("There is nothing to move: no launched campaign has any money.")
    reasons = (_why_not(one) for one in candidates[:MOST_REASONS])
    return " ".join(
        [
            _("There is nothing to move."),
            *reasons,
            _("What the rule leaves, a plan written by hand can move."),
        ]
    )
