"""The review: what the numbers suggest, what a person decides, and what follows for the campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from experiments.choices import CampaignStatus, HypothesisStatus, VerdictCode
from experiments.models import Breach, Campaign, Hypothesis
from experiments.models.sentences import retold
from experiments.models.team_words import words_of
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.results import CampaignVerdict
from experiments.services.campaigns import (
    complete_campaign,
    discard_campaign,
    kill_campaign,
    scale_campaign,
)
from experiments.services.hypotheses import create_hypothesis, stated
from experiments.services.lookups import lock_hypothesis
from experiments.services.values import Values
from experiments.templatetags._words import rule_in_words
from sprints.choices import CommitmentState, DecisionKind, SprintStatus
from sprints.exceptions import InvalidTransition, NotAllowed, Refused
from sprints.models import Commitment, Decision, Sprint
from sprints.services.lookups import lock_commitment, lock_sprint
from sprints.services.places import run_until_end_of, take_place
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

LONGEST_LEARNING = 5000
LONGEST_REASON = 500
DECISION_FIELDS = ("decision", "moved_the_business", "learning", "child", "carry_to")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the numbers say should be decided.

    ``verdicts`` holds each launched campaign's verdict (code, arm, reason) by the campaign's key. In a
    ``vanity_win`` the primary metric won while the outcome that it is meant to move did not.
    """

    decision: DecisionKind
    reason: str
    verdicts: dict[str, dict[str, Any]]
    vanity_win: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one campaign speaks for, and why, in a sentence about *it*."""

    campaign: Campaign
    verdict: CampaignVerdict
    vanity_win: bool
    speaks_for: DecisionKind
    reason: str


_VERDICT_SPEAKS_FOR = {
    VerdictCode.WIN: DecisionKind.SCALE,
    VerdictCode.LOSS: DecisionKind.KILL,
    # Two ways that do the same: the next idea is worth more than a longer look.
    VerdictCode.EQUIVALENT: DecisionKind.EVOLVE,
    VerdictCode.INCONCLUSIVE: DecisionKind.INCONCLUSIVE,
    VerdictCode.INSUFFICIENT: DecisionKind.INCONCLUSIVE,
}
# Of several campaigns the best speaks for the hypothesis: it is over only when none of them works.
_STRONGEST_FIRST = (DecisionKind.SCALE, DecisionKind.EVOLVE, DecisionKind.INCONCLUSIVE, DecisionKind.KILL)


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A launched campaign of which somebody has read the verdict and the first open breach already."""

    campaign: Campaign
    verdict: CampaignVerdict
    breach: Breach | None


def suggest_decision(
    hypothesis: Hypothesis, *, known: Sequence[KnownCampaign] | None = None, at: datetime
) -> Suggestion:
    """What the verdicts of the hypothesis's campaigns suggest at that moment; a person decides.

    ``known``: where they have been read, all of its launched campaigns in their order.
    """
    campaigns = _known_campaigns(hypothesis, at=at) if known is None else known
    if not campaigns:
        return Suggestion(
            DecisionKind.INCONCLUSIVE, _("None of its campaigns has run."), {}, vanity_win=False
        )
    readings = [_read_campaign(one, hypothesis, at=at) for one in campaigns]
    strongest = min(readings, key=lambda reading: _STRONGEST_FIRST.index(reading.speaks_for))
    name = f"{strongest.campaign.name}: " if len(readings) > 1 else ""
    return Suggestion(
        decision=strongest.speaks_for,
        reason=f"{name}{strongest.reason}",
        verdicts={reading.campaign.key: asdict(reading.verdict) for reading in readings},
        vanity_win=any(reading.vanity_win for reading in readings),
    )


def _known_campaigns(hypothesis: Hypothesis, *, at: datetime) -> list[KnownCampaign]:
    launched = hypothesis.campaigns.launched().select_related("workspace", "hypothesis").order_by("pk")
    return [
        KnownCampaign(
            campaign,
            analyse_campaign(campaign, at=at).verdict,
            campaign.breaches.open().order_by("pk").first(),
        )
        for campaign in launched
    ]


def _read_campaign(known: KnownCampaign, hypothesis: Hypothesis, *, at: datetime) -> _Reading:
    campaign, verdict, breach = known.campaign, known.verdict, known.breach
    is_vanity_win = verdict.code == VerdictCode.WIN and not _outcome_wins(
        campaign, verdict, hypothesis, at=at
    )
    words = words_of(hypothesis, campaign.workspace)
    speaks_for, reason = _VERDICT_SPEAKS_FOR[verdict.code], retold(verdict.reason, words)
    if breach is not None:
        speaks_for, reason = (
            DecisionKind.KILL,
            _("Its rule is broken: {rule}").format(rule=rule_in_words(campaign, breach.rule)),
        )
    elif campaign.status == CampaignStatus.KILLED:
        speaks_for = DecisionKind.KILL
        reason = _("It was killed: {reason}").format(reason=rule_in_words(campaign, campaign.stop_reason))
    elif is_vanity_win:
        speaks_for = DecisionKind.EVOLVE
        reason = _("It wins on the {metric}, but nothing shows yet that the {outcome} follows.").format(
            metric=words.metric(hypothesis.metric), outcome=words.metric(hypothesis.outcome_metric)
        )
    return _Reading(campaign, verdict, is_vanity_win, speaks_for, reason)


def _outcome_wins(
    campaign: Campaign, verdict: CampaignVerdict, hypothesis: Hypothesis, *, at: datetime
) -> bool:
    """Whether the arm that wins on the primary metric also wins on the outcome that this is meant to move."""
    if not hypothesis.metric.needs_outcome:
        return True
    outcome = analyse_campaign(campaign, metric=hypothesis.outcome_metric, at=at).verdict
    return (outcome.code, outcome.arm) == (VerdictCode.WIN, verdict.arm)


@transaction.atomic
def decide(
    hypothesis_id: int,
    *,
    decision: str,
    moved_the_business: bool,
    learning: str,
    child: Mapping[str, Any] | None = None,
    carry_to: int | None = None,
    by: Actor,
    at: datetime,
) -> Decision:
    """Answer for a hypothesis of a sprint that runs or is in review, and act on its campaigns.

    Scale scales them, kill kills them, evolve completes them and puts a child hypothesis into the backlog
    (``child``: what it says differently from its parent), inconclusive completes them, or, with ``carry_to``
    (the id of a sprint in planning with a free place), lets them go on there.
    """
    by.require(Permission.PLAN)
    person = by.user
    if person is None:
        raise NotAllowed(_("Quickno suggests; a person decides."), code="person_required")
    kind, learning = _read(
        {
            "decision": decision,
            "moved_the_business": moved_the_business,
            "learning": learning,
            "child": child,
            "carry_to": carry_to,
        }
    )
    commitment = lock_commitment(hypothesis_id, beside=carry_to, by=by)
    if commitment is None:
        hypothesis = lock_hypothesis(hypothesis_id, by=by)
        raise InvalidTransition(
            _("“{title}” is {state}; only what is committed to a sprint is decided.").format(
                title=hypothesis.title, state=hypothesis.get_status_display()
            )
        )
    hypothesis, sprint = commitment.hypothesis, commitment.sprint
    if sprint.status not in {SprintStatus.RUNNING, SprintStatus.IN_REVIEW}:
        raise InvalidTransition(
            _("{sprint} is {state}; a hypothesis is decided while its sprint runs or is in review.").format(
                sprint=sprint, state=sprint.get_status_display()
            )
        )
    # What is kept must not depend on who looked.
    with override("en"):
        suggestion = suggest_decision(hypothesis, at=at)
    target = None if carry_to is None else lock_sprint(carry_to, by=by)
    if target is None:
        _end(commitment, kind, learning=learning, by=by, at=at)
    else:
        _carry(commitment, target, at=at)
    decided = Decision.objects.create(
        workspace=by.workspace,
        hypothesis=hypothesis,
        sprint=sprint,
        decision=kind,
        moved_the_business=moved_the_business,
        learning=learning,
        evidence=suggestion.verdicts,
        vanity_win=suggestion.vanity_win,
        child=_evolve(hypothesis, child or {}, by=by, at=at) if kind == DecisionKind.EVOLVE else None,
        carry_to=target,
        decided_by=person,
        decided_at=at,
    )
    _tell(decided, suggestion, by=by, at=at)
    return decided


def _read(given: Mapping[str, Any]) -> tuple[DecisionKind, str]:
    values = Values(given, known=DECISION_FIELDS)
    kind = values.choice("decision", DecisionKind)
    if not isinstance(given["moved_the_business"], bool):
        message = _("Say whether it moved the business forward: true or false.")
        values.refuse("moved_the_business", "required", message)
    learning = values.text("learning", longest=LONGEST_LEARNING)
    if given["child"] is not None and kind not in {None, DecisionKind.EVOLVE}:
        message = _("Only a hypothesis that evolves has a child.")
        values.refuse("child", "child_without_evolving", message)
    if given["carry_to"] is not None and kind not in {None, DecisionKind.INCONCLUSIVE}:
        message = _("Only what is inconclusive goes on in another sprint.")
        values.refuse("carry_to", "carried_though_decided", message)
    values.raise_errors()
    return DecisionKind(given["decision"]), learning


def _end(commitment: Commitment, kind: DecisionKind, *, learning: str, by: Actor, at: datetime) -> None:
    """The hypothesis is decided; each of its campaigns does what that means."""
    hypothesis = commitment.hypothesis
    # Held, so that what is done with them fits what they are.
    campaigns = list(hypothesis.campaigns.select_for_update(no_key=True).order_by("pk"))
    if kind == DecisionKind.SCALE and not any(campaign.is_unfinished for campaign in campaigns):
        raise Refused(
            "nothing_to_scale",
            _("“{title}” has no campaign that could be scaled: none is live or paused.").format(
                title=hypothesis.title
            ),
        )
    reason = learning if len(learning) <= LONGEST_REASON else f"{learning[: LONGEST_REASON - 1]}…"
    for campaign in campaigns:
        if campaign.is_draft:
            discard_campaign(campaign.key, reason=reason, by=by, at=at)
        elif not campaign.is_unfinished or (kind == DecisionKind.SCALE and campaign.is_scaled):
            continue
        elif kind == DecisionKind.SCALE:
            scale_campaign(campaign.key, reason=reason, by=by, at=at)
        elif kind == DecisionKind.KILL:
            kill_campaign(campaign.key, reason=reason, by=by, at=at)
        else:
            complete_campaign(campaign.key, reason=reason, by=by, at=at)
    commitment.state, commitment.ended_at = CommitmentState.DECIDED, at
    commitment.save(update_fields=["state", "ended_at"])
    hypothesis.move_to(HypothesisStatus.DECIDED)
    hypothesis.decided_at = at
    hypothesis.save(update_fields=["status", "decided_at"])


def _carry(commitment: Commitment, target: Sprint, *, at: datetime) -> None:
    """The hypothesis and its campaigns go on in the sprint ``target``, to its end."""
    if target.status != SprintStatus.PLANNING:
        raise Refused(
            "sprint_not_in_planning",
            _("{sprint} is {state}; a hypothesis is carried to a sprint in planning.").format(
                sprint=target, state=target.get_status_display()
            ),
        )
    commitment.state, commitment.ended_at = CommitmentState.CARRIED, at
    commitment.save(update_fields=["state", "ended_at"])
    take_place(target, commitment.hypothesis, at=at)
    run_until_end_of(target, commitment.hypothesis)


def _evolve(parent: Hypothesis, child: Mapping[str, Any], *, by: Actor, at: datetime) -> Hypothesis:
    # Every hypothesis is a bet of its own: how likely the parent seemed says nothing about the child.
    inherited = {**stated(parent), "predicted_success": None}
    return create_hypothesis(values={**inherited, **child, "parent": parent.pk}, path="child.", by=by, at=at)


def _tell(decision: Decision, suggestion: Suggestion, *, by: Actor, at: datetime) -> None:
    kind = EventKind.HYPOTHESIS_CARRIED if decision.carry_to else EventKind.HYPOTHESIS_DECIDED
    record_event(
        kind,
        by=by,
        at=at,
        subject=("hypothesis", decision.hypothesis_id),
        data={
            "title": decision.hypothesis.title,
            "sprint": decision.sprint_id,
            "number": decision.sprint.number,
            "decision": decision.decision,
            "suggested": suggestion.decision,
            "moved_the_business": decision.moved_the_business,
            "learning": decision.learning,
            "vanity_win": decision.vanity_win,
            "child": decision.child_id,
            "carry_to": decision.carry_to.number if decision.carry_to else None,
        },
    )
