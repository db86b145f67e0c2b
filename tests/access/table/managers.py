"""What it takes a manager or an owner to do."""

from decimal import Decimal

from tests.access.table.shapes import RULE, WHY, Action
from workspaces.choices import Role

_HEARD = {"kinds": ["breach"], "has_digest": False}
_ROOM = {"name": "#growth", "url": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"}
BY_MANAGERS = [
    Action(
        "notices.channels.add_channel",
        {**_ROOM, **_HEARD},
        page="settings_channels",
        form={**_ROOM, "kinds": ["breach"]},
        shown_on="settings_channels",
        shown_as='name="url"',
    ),
    Action(
        "notices.channels.change_channel",
        {"channel_id": "{channel}", **_HEARD},
        page="channel {channel}",
        form={"kinds": ["breach"]},
        shown_on="settings_channels",
    ),
    Action(
        "notices.channels.remove_channel",
        {"channel_id": "{channel}"},
        page="channel_remove {channel}",
        shown_on="settings_channels",
    ),
    Action(
        "notices.channels.test_channel",
        {"channel_id": "{channel}"},
        page="channel_test {channel}",
        shown_on="settings_channels",
    ),
    Action(
        "sprints.ledger.fund_reserve",
        {"amount": Decimal("100.00"), **WHY},
        rest="POST ledger/fund/",
        body={"amount": "100.00", **WHY},
        page="fund",
        form={"amount": "100.00", **WHY},
        shown_on="money",
    ),
    Action(
        "sprints.corrections.correct_reserve",
        {"amount": Decimal("100.00"), **WHY},
        rest="POST ledger/correct/",
        body={"amount": "100.00", **WHY},
        page="correct",
        form={"amount": "100.00", "sure": "yes", **WHY},
        shown_on="money",
    ),
    Action(
        "experiments.criteria.amending.amend_criteria",
        {"key": "{live}", "criteria": [RULE], **WHY},
        rest="POST campaigns/{live}/amend_criteria/",
        body={"criteria": [RULE], **WHY},
        page="campaign_amend {live}",
        shown_on="campaign {live}",
    ),
    Action(
        "experiments.criteria.breaches.overrule_breach",
        {"campaign_key": "{breached}", "criterion_id": "{criterion}", "until": "{in_four_days}", **WHY},
        rest="POST campaigns/{breached}/criteria/{criterion}/overrule/",
        body={"until": "{in_four_days}", **WHY},
        page="campaign_overrule {breached} {criterion}",
        form={"until": "{in_four_days}", **WHY},
        shown_on="campaign {breached}",
    ),
]
BY_OWNERS = [
    Action(
        "workspaces.workspaces.change_policy",
        {"changes": {"grace_hours": 12}},
        page="settings_policy",
        shown_on="settings_policy",
        shown_as='name="grace_hours"',
    ),
    Action(
        "workspaces.workspaces.save_source",
        {"key": "pinterest", "values": {"name": "Pinterest", "kind": "platform"}},
        page="source_new",
        shown_on="settings_sources",
    ),
    Action(
        "workspaces.workspaces.save_source",
        {"key": "meta", "values": {"name": "Meta ads"}},
        page="source meta",
        shown_on="settings_sources",
    ),
    Action(
        "workspaces.members.add_member",
        {"email": "new@harbour.example", "role": Role.VIEWER},
    ),
    Action(
        "workspaces.invitations.invite",
        {"email": "new@harbour.example", "role": Role.VIEWER},
        page="settings",
        form={"email": "new@harbour.example", "role": "viewer"},
        shown_on="settings",
        shown_as='name="email"',
    ),
    Action(
        "workspaces.invitations.send_again",
        {"invitation_id": "{invitation}"},
        page="invitation_again {invitation}",
        shown_on="settings",
    ),
    Action(
        "workspaces.invitations.withdraw_invitation",
        {"invitation_id": "{invitation}"},
        page="invitation_withdraw {invitation}",
        shown_on="settings",
    ),
    Action(
        "workspaces.members.change_role",
        {"membership_id": "{newcomer}", "role": Role.MARKETER},
        page="member_role {newcomer}",
        form={"role": "marketer"},
        shown_on="settings",
    ),
    Action(
        "workspaces.members.remove_member",
        {"membership_id": "{newcomer}"},
        page="member_remove {newcomer}",
        shown_on="settings",
    ),
    Action(
        "api.keys.create_key",
        {"name": "connector", "scopes": ["read"], "for_user": "{newcomer_user}"},
        shown_on="settings_keys",
        shown_as="newcomer@harbour.example</option>",
    ),
]
KEPT_BY_MANAGERS = [
    Action(
        "experiments.templates.delete_template",
        {"template_id": "{template}"},
        rest="DELETE kill-criteria/templates/{template}/",
        page="template_delete {template}",
        shown_on="settings_templates",
    ),
]
