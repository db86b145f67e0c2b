"""The rules of a draft, and how they freeze."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from experiments.choices import ArmStatus, CriterionLevel
from experiments.models import Campaign, CriterionWatch, KillCriterion
from experiments.models.criterion import criteria_digest


def build_criteria(
    campaign: Campaign, rules: Sequence[Mapping[str, Any]], *, frozen_at: datetime | None = None
) -> list[KillCriterion]:
    """Write the rules that ``read_criteria`` gave as the campaign's criteria."""
    return KillCriterion.objects.bulk_create(
        [
            KillCriterion(workspace=campaign.workspace, campaign=campaign, frozen_at=frozen_at, **rule)
            for rule in rules
        ]
    )


def criteria_in_force(campaign: Campaign) -> list[KillCriterion]:
    """By their position; of a campaign that was read with its rules they are not asked for again."""
    criteria = [criterion for criterion in campaign.kill_criteria.all() if criterion.retired_at is None]
    for criterion in criteria:
        # Their sentences name money and metrics, of what is at hand.
        criterion.workspace, criterion.campaign = campaign.workspace, campaign
    return sorted(criteria, key=attrgetter("position"))


def freeze_criteria(campaign: Campaign, *, at: datetime) -> None:
    """From now on the rules stand: the database refuses a change, the digest proves it, the watches begin.

    Sets the digest on ``campaign``; the caller saves it.
    """
    campaign.kill_criteria.in_force().filter(frozen_at__isnull=True).update(frozen_at=at)
    criteria = criteria_in_force(campaign)
    campaign.criteria_digest = criteria_digest(criteria)
    running = list(campaign.arms.filter(status=ArmStatus.RUNNING))
    CriterionWatch.objects.bulk_create(
        CriterionWatch(workspace=campaign.workspace, criterion=criterion, arm=arm)
        for criterion in criteria
        for arm in (running if criterion.level == CriterionLevel.ARM else [None])
    )
