from workspaces.services.accounts import change_address, confirm_address, take_in_hand
from workspaces.services.events import publish_all_events, publish_events, record_event, record_events
from workspaces.services.invitations import (
    invite,
    join,
    join_by_hand,
    join_by_letter,
    send_again,
    withdraw_invitation,
)
from workspaces.services.members import add_member, change_role, remove_member
from workspaces.services.workspaces import (
    begin_workspace,
    change_policy,
    create_workspace,
    ensure_source,
    save_source,
)

__all__ = [
    "add_member",
    "begin_workspace",
    "change_address",
    "change_policy",
    "change_role",
    "confirm_address",
    "create_workspace",
    "ensure_source",
    "invite",
    "join",
    "join_by_hand",
    "join_by_letter",
    "publish_all_events",
    "publish_events",
    "record_event",
    "record_events",
    "remove_member",
    "save_source",
    "send_again",
    "take_in_hand",
    "withdraw_invitation",
]
