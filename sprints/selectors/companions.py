"""What a campaign is compared beside: the other campaigns of its sprint."""

from django.db.models import Subquery

from experiments.models import Arm, Campaign
from sprints.choices import SprintStatus
from sprints.models import Commitment

_STARTED = (SprintStatus.RUNNING, SprintStatus.IN_REVIEW, SprintStatus.CLOSED)

_WITH_ARMS = Campaign.objects.select_related("workspace", "hypothesis").with_rows(
    "arms", Arm.objects.order_by("position")
)


def companions(campaign: Campaign) -> list[Campaign]:
    """The other launched campaigns of the sprint that the campaign's hypothesis was last in.

    Whoever looks at all of them is the likelier to see a difference that is not there, so their p-values are
    adjusted together.
    """
    if campaign.hypothesis_id is None:
        return []
    kept = Commitment.objects.of(campaign.workspace_id).kept()
    last = kept.filter(hypothesis=campaign.hypothesis_id, sprint__status__in=_STARTED).order_by(
        "-sprint__number"
    )
    together = kept.filter(sprint=Subquery(last.values("sprint")[:1]))
    return list(
        _WITH_ARMS.of(campaign.workspace_id)
        .launched()
        .filter(hypothesis__in=together.values("hypothesis"))
        .exclude(pk=campaign.pk)
        .order_by("pk")
    )
