"""What a sprint in planning would start with, and what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import doubts_about_rules, missing_for_launch
from sprints.choices import MAX_HYPOTHESES
from sprints.models import Commitment, Sprint
from sprints.selectors.board import campaigns_of, kept_commitments

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class PlannedCampaign:
    campaign: Campaign
    missing: Sequence[str]
    # What its launch allows and hardly anybody means.
    doubts: Sequence[str]


@dataclass(frozen=True, slots=True)
class PlannedHypothesis:
    commitment: Commitment
    hypothesis: Hypothesis
    campaigns: Sequence[PlannedCampaign]

    @property
    def missing(self) -> list[str]:
        """What keeps it from starting, in sentences."""
        if not self.campaigns:
            return [_("It has no campaign that could launch.")]
        return [sentence for item in self.campaigns for sentence in item.missing]

    @property
    def gaps_said(self) -> str:
        number = len(self.missing)
        return ngettext("{number} gap", "{number} gaps", number).format(number=number)


@dataclass(frozen=True, slots=True)
class Plan:
    """A sprint in planning."""

    hypotheses: Sequence[PlannedHypothesis]

    @property
    def free_places(self) -> range:
        return range(MAX_HYPOTHESES - len(self.hypotheses))

    @property
    def is_ready(self) -> bool:
        return bool(self.hypotheses) and not any(item.missing for item in self.hypotheses)

    @property
    def ready(self) -> int:
        return len(self.hypotheses) - self.unready

    @property
    def unready(self) -> int:
        return sum(bool(item.missing) for item in self.hypotheses)

    @property
    def gaps(self) -> int:
        return sum(len(item.missing) for item in self.hypotheses)

    @property
    def drafts(self) -> list[Campaign]:
        return [item.campaign for row in self.hypotheses for item in row.campaigns if item.campaign.is_draft]

    @property
    def budget(self) -> Decimal:
        return sum((campaign.planned_budget or NOTHING for campaign in self.drafts), NOTHING)


def read_plan(sprint: Sprint, *, today: date) -> Plan:
    """What the sprint would start with, and what is still missing."""
    commitments = kept_commitments(sprint)
    campaigns = campaigns_of(commitments)
    days = sprint.days_left(today)
    return Plan(
        [
            PlannedHypothesis(
                commitment,
                commitment.hypothesis,
                [
                    _planned(campaign, days=days)
                    for campaign in campaigns[commitment.hypothesis_id]
                    if not campaign.is_finished
                ],
            )
            for commitment in commitments
        ]
    )


def _planned(campaign: Campaign, *, days: int) -> PlannedCampaign:
    if not campaign.is_draft:
        return PlannedCampaign(campaign, [], [])
    return PlannedCampaign(
        campaign,
        [item.message for item in missing_for_launch(campaign, days=days)],
        [item.message for item in doubts_about_rules(campaign, days=days)],
    )
