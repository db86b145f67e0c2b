"""Who wants to hear of what."""

from collections.abc import Sequence

from notices.models import Wishes
from workspaces.models import Membership, Workspace


def wishes_of(membership: Membership) -> Wishes:
    """What a member has chosen, else what their role usually wants."""
    chosen = Wishes.objects.of(membership.workspace_id).filter(user=membership.user_id).first()
    return chosen or Wishes.usual(membership)


def wishes_of_all(workspace: Workspace) -> Sequence[tuple[Membership, Wishes]]:
    """Every member who can be written to, with what they want to hear of."""
    members = (
        Membership.objects.of(workspace)
        .filter(user__is_active=True)
        .select_related("user", "workspace")
        .order_by("pk")
    )
    chosen = {one.user_id: one for one in Wishes.objects.of(workspace)}
    return [(member, chosen.get(member.user_id) or Wishes.usual(member)) for member in members]
