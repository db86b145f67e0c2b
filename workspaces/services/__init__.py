from workspaces.services.events import publish_all_events, publish_events, record_event, record_events
from workspaces.services.members import add_member, change_role, remove_member
from workspaces.services.workspaces import change_policy, create_workspace, ensure_source, save_source

__all__ = [
    "add_member",
    "change_policy",
    "change_role",
    "create_workspace",
    "ensure_source",
    "publish_all_events",
    "publish_events",
    "record_event",
    "record_events",
    "remove_member",
    "save_source",
]
