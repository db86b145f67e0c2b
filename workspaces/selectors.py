"""Members, found by what people call them, and how they have signed in."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from django.utils.translation import gettext as _

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
        raise NotFound(_("There is no workspace “{slug}”.").format(slug=slug))
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
        raise NotFound(_("{email} is not a member of {workspace}.").format(email=email, workspace=workspace))
    return member


def has_second_step(request: HttpRequest) -> bool:
    """Whether more than a password stands behind this session.

    Whoever has set up a second step was asked for it; what the company's provider asks for is its own matter.
    """
    user = request.user
    if not isinstance(user, User):
        return False
    methods = {record.get("method") for record in get_authentication_records(request, user)}
    return "socialaccount" in methods or is_mfa_enabled(user)
