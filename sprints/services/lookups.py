"""Finding what is to be changed, in the actor's workspace only, and locking it in the one order.

Workspace, sprint, hypothesis, campaign, arm, criterion: whoever needs several takes them in this order, so
that nobody ever waits in a circle.
"""

from django.utils.translation import gettext as _

from experiments.services.lookups import lock_hypothesis
from sprints.exceptions import NotFound
from sprints.models import Commitment, Sprint
from workspaces.models import Workspace
from workspaces.permissions import Actor


def lock_workspace(by: Actor) -> Workspace:
    return Workspace.objects.select_for_update(no_key=True).get(pk=by.workspace.pk)


def lock_sprint(sprint_id: int, *, by: Actor) -> Sprint:
    sprint = Sprint.objects.of(by.workspace).select_for_update(no_key=True).filter(pk=sprint_id).first()
    if sprint is None:
        raise NotFound(_("There is no sprint {number} here.").format(number=sprint_id))
    return sprint


def active_commitments(sprint: Sprint) -> list[Commitment]:
    """What the sprint still has to answer for, in the order of its places."""
    return list(
        Commitment.objects.of(sprint.workspace_id)
        .active()
        .filter(sprint=sprint)
        .select_related("hypothesis__owner")
        .order_by("position")
    )


def lock_commitment(hypothesis_id: int, *, beside: int | None = None, by: Actor) -> Commitment | None:
    """The hypothesis's place in a sprint, or ``None``. The rows of both and of ``beside`` are held."""
    active = Commitment.objects.of(by.workspace).active().filter(hypothesis=hypothesis_id)
    found = active.first()
    if found is None:
        return None
    # Of two sprints the one with the lower id first, as everybody does.
    sprint_ids = {found.sprint_id} if beside is None else {found.sprint_id, beside}
    sprints = {sprint_id: lock_sprint(sprint_id, by=by) for sprint_id in sorted(sprint_ids)}
    sprint = sprints[found.sprint_id]
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    # It may have been released or carried over while we waited for the rows.
    commitment = active.filter(sprint=sprint).first()
    if commitment is not None:
        commitment.sprint, commitment.hypothesis = sprint, hypothesis
    return commitment
