from workspaces.models.event import Event
from workspaces.models.user import User
from workspaces.models.workspace import Membership, Source, TenantModel, TenantQuerySet, Workspace

__all__ = ["Event", "Membership", "Source", "TenantModel", "TenantQuerySet", "User", "Workspace"]
