"""Who may take a plan back; what each kind of act takes stands in ``workspaces.permissions``."""

from sprints.exceptions import NotAllowed
from sprints.models import Reallocation
from workspaces.permissions import Actor, Permission


def may_withdraw(plan: Reallocation, *, by: Actor) -> bool:
    """Whoever stands behind a plan takes it back, or who might reject it: that is no key."""
    is_theirs = plan.is_proposal_of(by.user) or by.can(Permission.APPROVE)
    return by.can(Permission.PROPOSE) and is_theirs


def require_withdrawal(plan: Reallocation, *, by: Actor) -> None:
    by.require(Permission.PROPOSE)
    if not may_withdraw(plan, by=by):
        raise NotAllowed(
            f"Only {plan.proposed_by} or a signed-in {Permission.APPROVE.role.label} can withdraw this plan.",
            code="not_yours",
        )
