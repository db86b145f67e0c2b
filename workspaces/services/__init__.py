from workspaces.services.accounts import change_address, confirm_address, take_in_hand
from workspaces.services.basis import basis_of, require_unchanged
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
from workspaces.services.sending import forget_sent_forms
from workspaces.services.workspaces import (
    begin_workspace,
    change_policy,
    create_workspace,
    ensure_source,
    policy_of,
    save_source,
    settings_of,
)

__all__ = [
    "add_member",
    "basis_of",
    "begin_workspace",
    "change_address",
    "change_policy",
    "change_role",
    "confirm_address",
    "create_workspace",
    "ensure_source",
    "forget_sent_forms",
    "invite",
    "join",
    "join_by_hand",
    "join_by_letter",
    "policy_of",
    "publish_all_events",
    "publish_events",
    "record_event",
    "record_events",
    "remove_member",
    "require_unchanged",
    "save_source",
    "send_again",
    "settings_of",
    "take_in_hand",
    "withdraw_invitation",
]
