"""What each kill criterion sees, kept in its watch, and a breach turned into what the rule asks for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from experiments.choices import CriterionAction, CriterionLevel, WatchState
from experiments.models import Breach, CriterionWatch, Judgement
from experiments.services.campaigns import pause_campaign, stop_arm
from experiments.services.judging.looking import STAYS, Judged
from workspaces.choices import EventKind
from workspaces.permissions import Actor
from workspaces.services import record_event


def apply_judged(changed: Sequence[Judged], *, at: datetime) -> list[Breach]:
    """Keep what changed, claim what is newly breached and do what the rules say; return the new breaches.

    The campaigns' rows are held by the caller.
    """
    breaching = [item for item in changed if item.is_new_breach]
    overturned = _overturned(changed)
    judgements = _keep(changed, at=at)
    breaches = [breach for item in breaching if (breach := _claim(item, at=at)) is not None]
    for item in overturned:
        _tell(EventKind.CRITERION_OVERTURNED, item, at=at)
    if judgements:
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
    doubtful = [item for item in changed if item.watch.state in STAYS and item.sees != WatchState.BREACHED]
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
    stored = [item.watch for item in changed if item.is_stored]
    if len(stored) == 1:
        # After most posts it is one, and to save it takes half as long.
        stored[0].save(update_fields=_FINDING_FIELDS)
    else:
        CriterionWatch.objects.bulk_update(stored, _FINDING_FIELDS, batch_size=100)
    return judgements


_FINDING_FIELDS = ["state", "value", "strength", "guard_progress", "data_through", "judged_at"]


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
