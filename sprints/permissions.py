"""Who may take a plan back; what each kind of act takes stands in ``workspaces.permissions``."""

from django.utils.translation import gettext as _

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
            _("Only {person} or a signed-in {role} can withdraw this plan.").format(
                person=plan.proposed_by, role=Permission.APPROVE.role.label
            ),
            code="not_yours",
        )
