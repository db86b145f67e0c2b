from workspaces.models.event import Event
from workspaces.models.invitation import Invitation
from workspaces.models.user import User
from workspaces.models.workspace import Membership, Source, TenantModel, TenantQuerySet, Workspace

__all__ = [
    "Event",
    "Invitation",
    "Membership",
    "Source",
    "TenantModel",
    "TenantQuerySet",
    "User",
    "Workspace",
]
