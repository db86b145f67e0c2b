"""What each kill criterion sees, kept in its watch, and a breach turned into what the rule asks for."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from experiments.choices import CriterionAction, CriterionLevel, WatchState
from experiments.models import Arm, Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.selectors.estimates import Estimates
from experiments.selectors.evidence import Finding, Subject, find, subjects_of
from experiments.selectors.measurements import Measurements
from experiments.services.campaigns import pause_campaign, stop_arm
from workspaces.choices import EventKind
from workspaces.permissions import Actor
from workspaces.services import record_event

# Sums of the same numbers may differ in their last bits with the company they are computed in.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One watch with what its criterion sees now."""

    watch: CriterionWatch
    campaign: Campaign
    arm: Arm | None
    finding: Finding
    is_stored: bool
    # Since when the spread it is judged by is the one that was learnt; ``None`` for the default.
    spread_learnt_at: datetime | None = None

    @property
    def sees(self) -> WatchState:
        """What the days say now, whatever was said before."""
        if self.finding.is_breach:
            return WatchState.BREACHED
        return WatchState.JUDGING if self.finding.guards_met else WatchState.WAITING

    @property
    def state(self) -> WatchState:
        """Where that takes the watch; a breach stays one until it is settled, and that is for good."""
        return WatchState(self.watch.state) if self.watch.state in _STAYS else self.sees

    @property
    def is_new_breach(self) -> bool:
        return self.is_changed and self.finding.is_breach and self.watch.state not in _STAYS

    @property
    def is_changed(self) -> bool:
        """Whether the watch says anything else than the finding, and not for a spread alone.

        A spread learnt since then rewrites nothing that was judged: it speaks with the next change of the
        days.
        """
        watch, finding = self.watch, self.finding
        if (
            not self.is_stored
            or watch.data_through != finding.data_through
            or watch.guard_progress != finding.guard_progress
            or not _same(watch.value, finding.value)
        ):
            return True
        if watch.state == self.state and _same(watch.strength, finding.strength):
            return False
        return not self._is_judged_by_another_spread

    def is_late(self, at: datetime) -> bool:
        """Whether another worker has judged by a later clock and was faster; its word stands."""
        return self.watch.judged_at is not None and self.watch.judged_at > at

    @property
    def _is_judged_by_another_spread(self) -> bool:
        judged_at, learnt_at = self.watch.judged_at, self.spread_learnt_at
        return judged_at is not None and learnt_at is not None and learnt_at > judged_at


# A breach that is settled is looked at again, since its last conversions arrive late; it stays settled.
_STAYS = frozenset({WatchState.BREACHED, WatchState.SETTLED})


def _same(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=_SAME, abs_tol=_SAME)


def criteria_of(campaigns: Sequence[Campaign]) -> dict[int, list[KillCriterion]]:
    """Criteria in force by campaign id, in their order."""
    by_id = {campaign.pk: campaign for campaign in campaigns}
    criteria: dict[int, list[KillCriterion]] = {pk: [] for pk in by_id}
    for criterion in (
        KillCriterion.objects.in_force().filter(campaign__in=by_id).order_by("campaign", "position")
    ):
        criterion.campaign = by_id[criterion.campaign_id]
        criterion.workspace = criterion.campaign.workspace
        criteria[criterion.campaign_id].append(criterion)
    return criteria


def is_tampered(campaign: Campaign, criteria: Sequence[KillCriterion]) -> bool:
    """Whether the criteria are not those that were frozen: the digest proves it."""
    return campaign.criteria_digest != (criteria_digest(criteria) if criteria else "")


def judge_criteria(
    campaigns: Sequence[Campaign],
    criteria: Mapping[int, Sequence[KillCriterion]],
    measured: Measurements,
    estimates: Estimates,
    *,
    at: datetime,
) -> list[Judged]:
    """What every watch sees that is to be judged at ``at``. Reads only: watches not stored yet have no
    ``pk``.

    A stopped campaign gets no new breach; an open one, and one that a kill settled, is looked at again, since
    its last conversions arrive late. A stopped arm's days end with it, and so does its watch. An overruled
    watch rests through its day.
    """
    stored = _stored_watches(criteria)
    watches: list[CriterionWatch] = []
    subjects: list[Subject] = []
    for index, campaign in enumerate(campaigns):
        today = campaign.workspace.local_day(at)
        arms = measured.arms[index]
        for criterion in criteria[campaign.pk]:
            for subject in subjects_of(criterion, index, arms):
                arm = None if subject.arm is None else arms[subject.arm]
                watch = stored.get((criterion.pk, arm.pk if arm else None)) or CriterionWatch(
                    workspace=campaign.workspace, criterion=criterion, arm=arm
                )
                is_over = campaign.is_stopped or (arm is not None and arm.stopped_at is not None)
                if watch.is_overruled_on(today) or (is_over and watch.state not in _STAYS):
                    continue
                watches.append(watch)
                subjects.append(subject)
    findings = find(subjects, measured, estimates, at=at)
    return [
        Judged(
            watch=watch,
            campaign=campaigns[subject.campaign],
            arm=None if subject.arm is None else measured.arms[subject.campaign][subject.arm],
            finding=finding,
            is_stored=(watch.criterion_id, watch.arm_id) in stored,
            spread_learnt_at=estimates.spread_learnt_at(campaigns[subject.campaign].workspace_id),
        )
        for watch, subject, finding in zip(watches, subjects, findings, strict=True)
    ]


def _stored_watches(
    criteria: Mapping[int, Sequence[KillCriterion]],
) -> dict[tuple[int, int | None], CriterionWatch]:
    by_id = {criterion.pk: criterion for rules in criteria.values() for criterion in rules}
    stored = {}
    for watch in CriterionWatch.objects.filter(criterion__in=by_id):
        watch.criterion = by_id[watch.criterion_id]
        stored[watch.criterion_id, watch.arm_id] = watch
    return stored


def apply_judged(judged: Sequence[Judged], *, at: datetime) -> list[Breach]:
    """Keep what changed, claim what is newly breached and do what the rules say; return the new breaches.

    The campaigns' rows are held by the caller.
    """
    changed = [item for item in judged if item.is_changed and not item.is_late(at)]
    breaching = [item for item in changed if item.is_new_breach]
    overturned = _overturned(changed)
    judgements = _keep(changed, at=at)
    breaches = [breach for item in breaching if (breach := _claim(item, at=at)) is not None]
    for item in overturned:
        _tell(EventKind.CRITERION_OVERTURNED, item, at=at)
    Judgement.objects.bulk_create(
        judgements,
        update_conflicts=True,
        unique_fields=["workspace", "watch", "data_through"],
        update_fields=["at", "state", "value", "strength", "guard_progress"],
    )
    _act(breaches, at=at)
    return breaches


def _overturned(changed: Sequence[Judged]) -> list[Judged]:
    """Breaches, open or settled, that the days bore out at the last look and do not any more."""
    doubtful = [item for item in changed if item.watch.state in _STAYS and item.sees != WatchState.BREACHED]
    watches = [item.watch for item in doubtful]
    judgements = Judgement.objects.filter(watch__in=watches).order_by("data_through")
    last_seen = dict(judgements.values_list("watch", "state")) if doubtful else {}
    return [item for item in doubtful if last_seen.get(item.watch.pk) == WatchState.BREACHED]


def _keep(changed: Sequence[Judged], *, at: datetime) -> list[Judgement]:
    """Write the watches, but for a breach, which is claimed; return the judgements to be written."""
    judgements = []
    for item in changed:
        watch, finding = item.watch, item.finding
        state = item.state
        if state not in {WatchState.BREACHED, watch.state}:
            watch.move_to(state)
        watch.value, watch.strength = finding.value, finding.strength
        watch.guard_progress, watch.data_through = finding.guard_progress, finding.data_through
        watch.judged_at = at
        if finding.data_through is not None:
            judgements.append(
                Judgement(
                    workspace=watch.workspace,
                    watch=watch,
                    data_through=finding.data_through,
                    at=at,
                    state=item.sees,
                    value=finding.value,
                    strength=finding.strength,
                    guard_progress=finding.guard_progress,
                )
            )
    CriterionWatch.objects.bulk_create(item.watch for item in changed if not item.is_stored)
    CriterionWatch.objects.bulk_update(
        [item.watch for item in changed if item.is_stored],
        ["state", "value", "strength", "guard_progress", "data_through", "judged_at"],
        batch_size=100,
    )
    return judgements


def _claim(item: Judged, *, at: datetime) -> Breach | None:
    """Of all who see the breach at once, one writes it down and tells of it."""
    watch, campaign, finding = item.watch, item.campaign, item.finding
    if finding.data_through is None or not watch.claim_breach(at=at):
        return None
    criterion = watch.criterion
    breach = Breach.objects.create(
        workspace=campaign.workspace,
        watch=watch,
        campaign=campaign,
        at=at,
        rule=criterion.rule_text[:500],
        criteria_digest=campaign.criteria_digest,
        action=criterion.action,
        value=finding.value,
        strength=finding.strength,
        data_through=finding.data_through,
        numbers=finding.numbers,
    )
    _tell(EventKind.CRITERION_BREACHED, item, at=at)
    return breach


def _tell(kind: EventKind, item: Judged, *, at: datetime) -> None:
    campaign, criterion, finding = item.campaign, item.watch.criterion, item.finding
    record_event(
        kind,
        by=Actor.quickno(campaign.workspace),
        at=at,
        subject=("campaign", campaign.key),
        data={
            "campaign": campaign.key,
            "name": campaign.name,
            "criterion": criterion.pk,
            "arm": item.arm.key if item.arm else None,
            "rule": criterion.rule_text,
            "metric": criterion.metric,
            "value": finding.value,
            "evidence": item.watch.evidence,
            "numbers": finding.numbers,
            "status": campaign.status,
            "data_through": finding.data_through,
            "action": criterion.action,
            "criteria_digest": campaign.criteria_digest,
        },
    )


def _act(breaches: Iterable[Breach], *, at: datetime) -> None:
    """Stop what the rules stop: arms first, because a campaign may pause by losing one; each thing once."""
    by_campaign: defaultdict[int, list[Breach]] = defaultdict(list)
    for breach in breaches:
        if breach.action == CriterionAction.PAUSE:
            by_campaign[breach.campaign_id].append(breach)
    for pausing in by_campaign.values():
        campaign = pausing[0].campaign
        by = Actor.quickno(campaign.workspace)
        stopped: set[int] = set()
        for breach in pausing:
            arm = breach.watch.arm
            if arm is not None and arm.pk not in stopped:
                stop_arm(campaign.key, arm.key, reason=breach.rule, by=by, at=at)
                stopped.add(arm.pk)
        campaign.refresh_from_db(fields=_STOP_FIELDS)
        for breach in pausing:
            if breach.watch.criterion.level == CriterionLevel.CAMPAIGN and campaign.is_spending:
                pause_campaign(campaign.key, reason=breach.rule, by=by, at=at)
                campaign.refresh_from_db(fields=_STOP_FIELDS)


_STOP_FIELDS = ["status", "paused_at", "ended_at", "stop_reason"]


def as_shown(item: Judged) -> dict[str, Any]:
    """A judged watch for a dry run's report."""
    criterion, finding = item.watch.criterion, item.finding
    return {
        "campaign": item.campaign.key,
        "criterion": criterion.pk,
        "arm": item.arm.key if item.arm else None,
        "sentence": criterion.rule_text,
        "state": item.watch.state,
        "becomes": item.state.value,
        "value": finding.value,
        "strength": finding.strength,
        "guard_progress": finding.guard_progress,
        "data_through": finding.data_through,
    }
