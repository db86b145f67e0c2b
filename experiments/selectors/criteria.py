"""Where a campaign's kill criteria stand, as REST and the pages tell it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from experiments.choices import CriterionLevel, WatchState
from experiments.models import Arm, Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.models.criterion import canonical_number


def criteria_status(campaign: Campaign) -> list[dict[str, Any]]:
    """Each criterion in force with its state, evidence and history; by arm, one entry for each arm.

    A criterion by which nothing was judged yet is *waiting*, with nothing known. ``history`` has the evidence
    after each day on which it changed, and each breach with the numbers as they were then.
    """
    criteria = KillCriterion.objects.in_force().filter(campaign=campaign).order_by("position")
    watches = (
        CriterionWatch.objects.filter(criterion__in=criteria)
        .prefetch_related(Prefetch("judgements", queryset=Judgement.objects.order_by("data_through")))
        .prefetch_related(
            Prefetch("breaches", queryset=Breach.objects.select_related("closed_by").order_by("at"))
        )
    )
    by_place: defaultdict[tuple[int, int | None], CriterionWatch | None] = defaultdict(lambda: None)
    for watch in watches:
        by_place[watch.criterion_id, watch.arm_id] = watch
    arms = list(campaign.arms.all())
    return [
        _status(criterion, arm, by_place[criterion.pk, arm.pk if arm else None])
        for criterion in _with_workspace(campaign, list(criteria))
        for arm in (arms if criterion.level == CriterionLevel.ARM else [None])
    ]


def is_overturned(watch: CriterionWatch, judgements: Sequence[Judgement]) -> bool:
    """Whether the days, restated or complete since, do not bear out a breach any more; a kill keeps it so.

    ``judgements``: the watch's, in the order of their days.
    """
    was_breached = watch.state in {WatchState.BREACHED, WatchState.SETTLED}
    return was_breached and bool(judgements) and judgements[-1].state != WatchState.BREACHED


def _with_workspace(campaign: Campaign, criteria: list[KillCriterion]) -> list[KillCriterion]:
    for criterion in criteria:
        criterion.workspace = campaign.workspace
    return criteria


def _status(criterion: KillCriterion, arm: Arm | None, watch: CriterionWatch | None) -> dict[str, Any]:
    known = watch or CriterionWatch(criterion=criterion)
    # The sentence, the workspace and the kind of evidence without asking the database for each.
    known.criterion = criterion
    breaches = list(watch.breaches.all()) if watch else []
    judgements = list(watch.judgements.all()) if watch else []
    is_breached = known.state == WatchState.BREACHED
    return {
        "id": criterion.pk,
        "level": criterion.level,
        "arm": arm.key if arm else None,
        "sentence": criterion.rule_text,
        "metric": criterion.metric,
        "comparator": criterion.comparator,
        "threshold": canonical_number(criterion.threshold),
        "confidence": criterion.confidence,
        "action": criterion.action,
        "state": known.state,
        "guard_progress": known.guard_progress,
        "value": known.value,
        "evidence": known.evidence,
        "data_through": known.data_through,
        "breached_at": known.breached_at if is_breached else None,
        "second_look": is_overturned(known, judgements),
        "overruled_until": known.overruled_until if known.state == WatchState.OVERRULED else None,
        "history": sorted(
            [*map(_judged, judgements), *map(_breached, breaches)], key=lambda entry: entry["at"]
        ),
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    return {
        "kind": "judged",
        "at": judgement.at,
        "data_through": judgement.data_through,
        "state": judgement.state,
        "value": judgement.value,
        "strength": judgement.strength,
        "guard_progress": judgement.guard_progress,
    }


def _breached(breach: Breach) -> dict[str, Any]:
    return {
        "kind": "breached",
        "at": breach.at,
        "data_through": breach.data_through,
        "rule": breach.rule,
        "value": breach.value,
        "strength": breach.strength,
        "numbers": breach.numbers,
        "criteria_digest": breach.criteria_digest,
        "closed_at": breach.closed_at,
        "closed_as": breach.closed_as,
        "closed_by": str(breach.closed_by) if breach.closed_by else None,
        "reason": breach.reason,
    }
