"""A hypothesis's place in a sprint, and the day to which that lets it run."""

from datetime import datetime

from django.utils.translation import gettext as _

from experiments.models import Hypothesis
from sprints.choices import MAX_HYPOTHESES
from sprints.exceptions import Refused
from sprints.models import Commitment, Sprint


def take_place(sprint: Sprint, hypothesis: Hypothesis, *, at: datetime) -> Commitment:
    """Give the hypothesis the first free place. The caller holds both rows and writes the event."""
    taken = set(
        Commitment.objects.of(sprint.workspace_id)
        .kept()
        .filter(sprint=sprint)
        .values_list("position", flat=True)
    )
    free = [place for place in range(1, MAX_HYPOTHESES + 1) if place not in taken]
    if not free:
        raise Refused(
            "sprint_full",
            _("{sprint} has {most} hypotheses already. Release one, or wait for the next sprint.").format(
                sprint=sprint, most=MAX_HYPOTHESES
            ),
        )
    return Commitment.objects.create(
        workspace_id=sprint.workspace_id,
        sprint=sprint,
        hypothesis=hypothesis,
        position=free[0],
        committed_at=at,
    )


def run_until_end_of(sprint: Sprint, hypothesis: Hypothesis) -> None:
    """The hypothesis is to be decided, and its campaigns run, by the sprint's last day."""
    hypothesis.decide_by = sprint.ends_on
    hypothesis.save(update_fields=["decide_by"])
    # First each in the order of ids, as everybody takes them: an update takes them as they lie.
    running = hypothesis.campaigns.unfinished().select_for_update(no_key=True).order_by("pk")
    for campaign in running:
        campaign.runs_until = sprint.ends_on
        campaign.save(update_fields=["runs_until"])
