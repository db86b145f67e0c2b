"""Members, found by what people call them."""

from workspaces.choices import Role
from workspaces.exceptions import NotFound
from workspaces.models import Membership, User, Workspace


def first_owner(slug: str) -> Membership:
    """Who owns the workspace longest: the person in whose name its administrator acts."""
    owner = (
        Membership.objects.filter(workspace__slug=slug, role=Role.OWNER)
        .select_related("workspace", "user")
        .order_by("joined_at", "id")
        .first()
    )
    if owner is None:
        raise NotFound(f"There is no workspace “{slug}”.")
    return owner


def is_known_person(email: str) -> bool:
    """Whether somebody has an account under that address, in whatever workspace."""
    return User.objects.filter(email__iexact=email.strip()).exists()


def find_member(workspace: Workspace, email: str) -> Membership:
    member = (
        Membership.objects.of(workspace)
        .filter(user__email__iexact=email)
        .select_related("workspace", "user")
        .first()
    )
    if member is None:
        raise NotFound(f"{email} is not a member of {workspace}.")
    return member
