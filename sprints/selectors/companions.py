"""What a campaign is compared beside: the other campaigns of its sprint."""

from django.db.models import IntegerField, QuerySet, Subquery

from experiments.models import Arm, Campaign
from sprints.choices import SprintStatus
from sprints.models import Commitment
from workspaces.models.prepared import Given, Prepared

_STARTED = (SprintStatus.RUNNING, SprintStatus.IN_REVIEW, SprintStatus.CLOSED)


def _told() -> QuerySet[Campaign]:
    workspace, hypothesis = Given("workspace", IntegerField()), Given("hypothesis", IntegerField())
    kept = Commitment.objects.filter(workspace=workspace).kept()
    last = kept.filter(hypothesis=hypothesis, sprint__status__in=_STARTED).order_by("-sprint__number")
    together = kept.filter(sprint=Subquery(last.values("sprint")[:1]))
    return (
        Campaign.objects.select_related("workspace", "hypothesis")
        .with_rows("arms", Arm.objects.order_by("position"))
        .filter(workspace=workspace, hypothesis__in=together.values("hypothesis"))
        .launched()
        .exclude(pk=Given("campaign", IntegerField()))
        .order_by("pk")
    )


_COMPANIONS = Prepared(_told)


def companions(campaign: Campaign) -> list[Campaign]:
    """The other launched campaigns of the sprint that the campaign's hypothesis was last in.

    Whoever looks at all of them is the likelier to see a difference that is not there, so their p-values are
    adjusted together.
    """
    if campaign.hypothesis_id is None:
        return []
    return _COMPANIONS.read(
        workspace=campaign.workspace_id, hypothesis=campaign.hypothesis_id, campaign=campaign.pk
    )
