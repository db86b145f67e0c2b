from workspaces.models.among import Among
from workspaces.models.event import Event
from workspaces.models.invitation import Invitation
from workspaces.models.sent_form import SentForm
from workspaces.models.user import User
from workspaces.models.workspace import Membership, Source, TenantModel, TenantQuerySet, Workspace

__all__ = [
    "Among",
    "Event",
    "Invitation",
    "Membership",
    "SentForm",
    "Source",
    "TenantModel",
    "TenantQuerySet",
    "User",
    "Workspace",
]
