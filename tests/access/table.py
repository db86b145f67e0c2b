"""Who may do what: the one table that services, REST and pages are held to.

Written by hand, from the text and not from the code. In ``args``, ``body``, addresses and forms, ``{name}``
stands for a thing of ``world.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from experiments.services.exports import ImportOptions
from workspaces.choices import Role, Scope


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done, the least role and the scope that it takes, and the ways to do it.

    ``service``: module and function under ``<app>.services``. ``rest``: method and path. ``page``: the name
    of an address and what it is about; ``shown_on``: the page on which its button stands. ``shown_as``: what
    is looked for there, where that is not the address.
    """

    service: str
    args: Mapping[str, Any] = field(default_factory=dict)
    rest: str = ""
    body: Any = None
    page: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    shown_on: str = ""
    shown_as: str = ""
    role: Role = Role.MARKETER
    scope: Scope | None = None


_WHY = {"reason": "Because it is time."}
_NEW_SPRINT = {"name": "Next week", "starts_on": "{today}", "ends_on": "{in_four_days}"}
_HYPOTHESIS = {
    "title": "Founder video beats studio video",
    "change": "a founder filmed on a phone",
    "audience": "cold, 25-44",
    "expected_effect": "lower cost per lead",
    "because": "sales calls praise candour",
    "kind": "creative_angle",
    "buyer_stage": "awareness",
    "driver": "trust",
    "primary_metric": "cpa",
    "target": "40.00",
    "mde_relative": 0.2,
}
_RULE = {
    "metric": "ctr",
    "comparator": "below",
    "threshold": "0.005",
    "level": "campaign",
    "guards": {"spend": "60.00"},
    "evidence": "probable",
    "confidence": 0.95,
    "action": "pause",
}
_CAMPAIGN = {
    "key": "fresh-campaign",
    "name": "Fresh campaign",
    "channel": "meta",
    "budget": "2500.00",
    "arms": [
        {"key": "a", "name": "Studio", "is_control": True, "planned_share": 0.5},
        {"key": "b", "name": "Founder", "is_control": False, "planned_share": 0.5},
    ],
    "kill_criteria": [_RULE],
}
_DECISION = {"decision": "kill", "moved_the_business": False, "learning": "Nobody cared."}
_LINES = [{"from": "reserve", "to": "{live}", "amount": "1.00"}]
_FILE = b"campaign,arm,day,clicks\nfounder-video,a,2026-11-18,5\n"
_OPTIONS = {"content": _FILE, "options": ImportOptions(source="meta")}

_PLAN = [
    Action(
        "sprints.planning.create_sprint",
        {"values": _NEW_SPRINT},
        rest="POST sprints/",
        body=_NEW_SPRINT,
        page="sprint_new",
        form=_NEW_SPRINT,
        shown_on="sprints",
    ),
    Action(
        "sprints.planning.change_sprint",
        {"sprint_id": "{planned}", "values": {"goal": "More leads"}},
        rest="PATCH sprints/{planned}/",
        body={"goal": "More leads"},
        page="sprint_edit {planned_number}",
        form=_NEW_SPRINT,
        shown_on="sprint {planned_number}",
    ),
    Action(
        "sprints.planning.commit_hypothesis",
        {"sprint_id": "{planned}", "hypothesis_id": "{backlog}"},
        rest="POST sprints/{planned}/commit/",
        body={"hypothesis": "{backlog}"},
        page="sprint_commit {planned_number}",
        form={"hypothesis": "{backlog}"},
        shown_on="sprint {planned_number}",
    ),
    Action(
        "sprints.planning.release_hypothesis",
        {"sprint_id": "{planned}", "hypothesis_id": "{committed}"},
        rest="POST sprints/{planned}/release/",
        body={"hypothesis": "{committed}"},
        page="sprint_release {planned_number} {committed}",
        shown_on="sprint {planned_number}",
    ),
    Action(
        "sprints.planning.start_sprint",
        {"sprint_id": "{planned}"},
        rest="POST sprints/{planned}/start/",
        page="sprint_start {planned_number}",
        shown_on="sprint {planned_number}",
    ),
    Action(
        "sprints.planning.open_review",
        {"sprint_id": "{running}"},
        rest="POST sprints/{running}/review/",
        page="sprint_review_open {running_number}",
        shown_on="sprint {running_number}",
    ),
    Action(
        "sprints.planning.close_sprint",
        {"sprint_id": "{done}"},
        rest="POST sprints/{done}/close/",
        page="sprint_close {done_number}",
        shown_on="sprint_review {done_number}",
    ),
    Action(
        "sprints.planning.cancel_sprint",
        {"sprint_id": "{planned}"},
        rest="POST sprints/{planned}/cancel/",
        page="sprint_cancel {planned_number}",
        shown_on="sprint {planned_number}",
    ),
    Action(
        "experiments.hypotheses.create_hypothesis",
        {"values": _HYPOTHESIS},
        rest="POST hypotheses/",
        body=_HYPOTHESIS,
        page="hypothesis_new",
        shown_on="backlog",
    ),
    Action(
        "experiments.hypotheses.change_hypothesis",
        {"hypothesis_id": "{backlog}", "values": {"title": "Another"}},
        rest="PATCH hypotheses/{backlog}/",
        body={"title": "Another"},
        page="hypothesis_edit {backlog}",
        shown_on="hypothesis {backlog}",
    ),
    Action(
        "experiments.hypotheses.archive_hypothesis",
        {"hypothesis_id": "{backlog}"},
        rest="POST hypotheses/{backlog}/archive/",
        page="hypothesis_archive {backlog}",
        shown_on="hypothesis {backlog}",
    ),
    Action(
        "sprints.decisions.decide",
        {"hypothesis_id": "{open_hypothesis}", **_DECISION},
        rest="POST hypotheses/{open_hypothesis}/decide/",
        body=_DECISION,
        page="decide {running_number} {open_hypothesis}",
        form={"decision": "kill", "moved_the_business": "no", "learning": "Nobody cared.", "sure": "1"},
        shown_on="sprint_review {running_number}",
        shown_as='name="learning"',
    ),
    Action(
        "experiments.templates.save_template",
        {"values": {"name": "Ours", "criterion": _RULE}},
        rest="POST kill-criteria/templates/",
        body={"name": "Ours", "criterion": _RULE},
    ),
    Action(
        "experiments.campaigns.drafts.create_campaign",
        {"values": _CAMPAIGN},
        rest="POST campaigns/",
        body=_CAMPAIGN,
        page="campaign_new",
        shown_on="campaigns",
    ),
    Action(
        "experiments.campaigns.drafts.change_campaign",
        {"key": "{draft}", "values": {"name": "Another"}},
        rest="PATCH campaigns/{draft}/",
        body={"name": "Another"},
        page="campaign_edit {draft}",
        shown_on="campaign {draft}",
    ),
    Action(
        "sprints.launching.launch_campaign",
        {"key": "{late_draft}"},
        rest="POST campaigns/{late_draft}/launch/",
        page="campaign_launch {late_draft}",
        shown_on="campaign {late_draft}",
    ),
    Action(
        "experiments.campaigns.life_cycle.discard_campaign",
        {"key": "{draft}"},
        rest="POST campaigns/{draft}/discard/",
        page="campaign_discard {draft}",
        shown_on="campaign {draft}",
    ),
    Action(
        "experiments.campaigns.life_cycle.pause_campaign",
        {"key": "{live}", **_WHY},
        rest="POST campaigns/{live}/pause/",
        body=_WHY,
        page="campaign_pause {live}",
        form=_WHY,
        shown_on="campaign {live}",
    ),
    Action(
        "experiments.campaigns.life_cycle.resume_campaign",
        {"key": "{paused}"},
        rest="POST campaigns/{paused}/resume/",
        page="campaign_resume {paused}",
        shown_on="campaign {paused}",
    ),
    Action(
        "experiments.campaigns.life_cycle.kill_campaign",
        {"key": "{live}", **_WHY},
        rest="POST campaigns/{live}/kill/",
        body=_WHY,
        page="campaign_kill {live}",
        form=_WHY,
        shown_on="campaign {live}",
    ),
    Action(
        "experiments.campaigns.life_cycle.complete_campaign",
        {"key": "{live}"},
        rest="POST campaigns/{live}/complete/",
        page="campaign_complete {live}",
        shown_on="campaign {live}",
    ),
    Action(
        "experiments.campaigns.life_cycle.scale_campaign",
        {"key": "{live}"},
        rest="POST campaigns/{live}/scale/",
    ),
    Action(
        "experiments.campaigns.life_cycle.stop_arm",
        {"campaign_key": "{live}", "arm_key": "b", **_WHY},
        rest="POST campaigns/{live}/arms/b/stop/",
        body=_WHY,
        page="arm_stop {live} b",
        form=_WHY,
        shown_on="campaign {live}",
    ),
    Action(
        "sprints.launching.adopt_campaign",
        {"key": "{unplanned}", "values": {"kill_criteria": [_RULE], "budget": "100.00"}},
        rest="POST campaigns/{unplanned}/adopt/",
        body={"kill_criteria": [_RULE], "budget": "100.00"},
        page="campaign_adopt {unplanned}",
        shown_on="campaign {unplanned}",
    ),
    Action(
        "experiments.zombies.acknowledge_zombie",
        {"flag_id": "{zombie}"},
        rest="POST zombies/{zombie}/acknowledge/",
        page="zombie_acknowledge {zombie}",
        shown_on="zombies",
    ),
    Action(
        "experiments.zombies.resolve_zombie",
        {"flag_id": "{zombie}", "resolution": "killed", **_WHY},
        rest="POST zombies/{zombie}/resolve/",
        body={"resolution": "killed", **_WHY},
        page="zombie_stop {zombie}",
        form=_WHY,
        shown_on="zombies",
    ),
    Action(
        "experiments.zombies.resolve_zombie",
        {"flag_id": "{zombie}", "resolution": "kept", "until": "{in_four_days}", **_WHY},
        page="zombie_keep {zombie}",
        form={"until": "{in_four_days}", **_WHY},
        shown_on="zombies",
    ),
    Action(
        "api.webhooks.register_endpoint",
        {"url": "https://8.8.8.8/hook"},
        rest="POST webhook-endpoints/",
        body={"url": "https://8.8.8.8/hook"},
    ),
    Action(
        "api.webhooks.test_endpoint",
        {"endpoint_id": "{endpoint}"},
        rest="POST webhook-endpoints/{endpoint}/test/",
    ),
    Action(
        "api.webhooks.remove_endpoint",
        {"endpoint_id": "{endpoint}"},
        rest="DELETE webhook-endpoints/{endpoint}/",
    ),
]

_METRICS = [
    Action(
        "experiments.observations.recording.record_observations",
        {"rows": ["{row}"]},
        rest="POST metrics/",
        body=[{"campaign": "{live}", "arm": "a", "day": "{today}", "clicks": 5}],
    ),
    Action("experiments.observations.recording.preview_observations", {"rows": ["{row}"]}),
    Action(
        "experiments.exports.importing.import_export",
        {"file_name": "days.csv", **_OPTIONS},
        rest="POST imports/",
        body={"file": _FILE},
    ),
    Action("experiments.exports.importing.preview_import", _OPTIONS),
    Action(
        "experiments.exports.files.upload_file",
        {"name": "days.csv", "chunks": [_FILE], "asked": {"source": "meta"}},
        page="import_numbers",
        shown_on="more",
    ),
    Action(
        "experiments.exports.files.answer_file",
        {"import_id": "{file}", "asked": {"source": "meta"}},
        page="import_file {file}",
        form={"preset": "auto"},
    ),
    Action("experiments.exports.files.confirm_file", {"import_id": "{file}", "reading": 1}),
    Action(
        "experiments.exports.files.cancel_file",
        {"import_id": "{file}"},
        page="import_cancel {file}",
    ),
    Action(
        "experiments.exports.names.change_names",
        {"source": "meta", "targets": "{targets}"},
        page="source_names meta",
        shown_on="settings_sources",
    ),
    Action("experiments.exports.names.remember_names", {"source": "meta", "said": "{said}"}),
    Action(
        "experiments.campaigns.drafts.import_campaign",
        {"key": "shopping", "name": "Shopping", "channel": "google", "external_id": "78"},
    ),
]

_PROPOSE = [
    Action(
        "sprints.reallocations.proposing.create_reallocation",
        {"lines": _LINES},
        rest="POST reallocations/",
        body={"lines": _LINES},
        page="plan_new",
        form={"from_0": "reserve", "to_0": "{live}", "amount_0": "1.00", **_WHY},
        shown_on="money",
    ),
    Action(
        "sprints.reallocations.proposing.propose_reallocation",
        {"sprint_id": "{running}"},
        rest="POST reallocations/propose/",
        body={"sprint": "{running}"},
        page="propose",
        shown_on="money",
    ),
]

_HEARD = {"kinds": ["breach"], "has_digest": False}
_ROOM = {"name": "#growth", "url": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"}
_BY_MANAGERS = [
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
        {"amount": Decimal("100.00"), **_WHY},
        rest="POST ledger/fund/",
        body={"amount": "100.00", **_WHY},
        page="fund",
        form={"amount": "100.00", **_WHY},
        shown_on="money",
    ),
    Action(
        "experiments.criteria.amend_criteria",
        {"key": "{live}", "criteria": [_RULE], **_WHY},
        rest="POST campaigns/{live}/amend_criteria/",
        body={"criteria": [_RULE], **_WHY},
        page="campaign_amend {live}",
        shown_on="campaign {live}",
    ),
    Action(
        "experiments.criteria.overrule_breach",
        {"campaign_key": "{breached}", "criterion_id": "{criterion}", "until": "{in_four_days}", **_WHY},
        rest="POST campaigns/{breached}/criteria/{criterion}/overrule/",
        body={"until": "{in_four_days}", **_WHY},
        page="campaign_overrule {breached} {criterion}",
        form={"until": "{in_four_days}", **_WHY},
        shown_on="campaign {breached}",
    ),
]

_BY_OWNERS = [
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

_KEPT_BY_MANAGERS = [
    Action(
        "experiments.templates.delete_template",
        {"template_id": "{template}"},
        rest="DELETE kill-criteria/templates/{template}/",
        page="template_delete {template}",
        shown_on="settings_templates",
    ),
]


def _takes(role: Role, scope: Scope | None, actions: list[Action]) -> list[Action]:
    return [replace(action, role=role, scope=scope) for action in actions]


# The role that an action takes, and the scope by which a key may do it; ``None``: no key ever.
ACTIONS = [
    *_takes(Role.MARKETER, Scope.PLAN_WRITE, _PLAN),
    *_takes(Role.MARKETER, Scope.METRICS_WRITE, _METRICS),
    *_takes(Role.MARKETER, Scope.BUDGET_PROPOSE, _PROPOSE),
    *_takes(Role.MANAGER, Scope.PLAN_WRITE, _KEPT_BY_MANAGERS),
    *_takes(Role.MANAGER, None, _BY_MANAGERS),
    *_takes(Role.OWNER, None, _BY_OWNERS),
]

# What only answers: any member, and any key with the scope ``read``.
READS = (
    "GET sprints/",
    "GET sprints/{planned}/",
    "GET hypotheses/",
    "GET hypotheses/{backlog}/",
    "GET campaigns/",
    "GET campaigns/{live}/",
    "GET campaigns/{live}/analysis/",
    "GET campaigns/{live}/criteria/",
    "GET kill-criteria/templates/",
    "GET zombies/",
    "GET zombies/{zombie}/",
    "GET reallocations/",
    "GET reallocations/{proposed_plan}/",
    "GET reallocations/{applied_plan}/spend/",
    "GET ledger/",
    "GET ledger/balances/",
    "GET events/",
    "GET metrics/",
    "GET imports/{batch}/",
    "GET webhook-endpoints/",
    "GET webhook-endpoints/{endpoint}/",
    "GET webhook-endpoints/{endpoint}/deliveries/",
)
# Sums that somebody asks for by sending what to work out.
ASKED = {
    "POST hypotheses/preview/": {
        "primary_metric": "cpa",
        "mde_relative": 0.2,
        "stands_at": "40.00",
        "money_per_day": "400.00",
    },
    "POST kill-criteria/preview/": {
        "criterion": _RULE,
        "spend_per_day": "400.00",
        "days": 5,
        "price_of_exposure": "0.008",
    },
}
PAGES = (
    "today",
    "first_steps",
    "day",
    "more",
    "help statistics",
    "activity",
    "activity_csv",
    "settings",
    "settings_policy",
    "settings_sources",
    "settings_keys",
    "settings_learnt",
    "settings_channels",
    "notices",
    "settings_templates",
    "backlog",
    "backlog_csv",
    "sprints",
    "sprint {planned_number}",
    "sprint {running_number}",
    "sprint {over_number}",
    "sprint_reach {planned_number} {draft}",
    "sprint_review {running_number}",
    "sprint_review {done_number}",
    "sprint_review_print {done_number}",
    "hypothesis {backlog}",
    "campaigns",
    "campaign {live}",
    "campaign {draft}",
    "campaign {unplanned}",
    "campaign {breached}",
    "zombies",
    "money",
    "ledger_csv",
    "campaigns_csv",
    "campaign_days_csv {live}",
    "campaign_arms_csv {live}",
    "zombies_csv",
    "sprints_csv",
    "accounts_csv",
    "plans_csv",
    "plan {proposed_plan}",
    "plan {approved_plan}",
    "plan {applied_plan}",
    "learnings",
    "learnings_csv",
    "graveyard",
    "graveyard_csv",
)

# Services that ask for no permission: they are called by one that has, inside its transaction.
INNER = {
    "api.keys.require_key_of",
    "workspaces.basis.require_unchanged",
    "workspaces.events.record_event",
    "workspaces.events.record_events",
    "experiments.campaigns.drafts.read_hypothesis",
    "experiments.criteria.settle_breaches",
    "experiments.lookups.find_campaign",
    "experiments.lookups.lock_campaign",
    "experiments.lookups.lock_hypothesis",
    "sprints.ledger.transfer",
    "sprints.lookups.lock_workspace",
    "sprints.lookups.lock_sprint",
    "sprints.lookups.lock_commitment",
    "sprints.reallocations.approving.grant",
    "sprints.reallocations.approving.carry_out",
    "sprints.reallocations.plans.write_plan",
    "sprints.reallocations.proposing.write_by_hand",
    "sprints.reallocations.plans.lock_plan",
    "sprints.reallocations.plans.close_plan",
}
# They ask, though it is another service that people call.
PARTS: dict[str, dict[str, Any]] = {
    "experiments.exports.importing.compare": {"read": None},
    "experiments.exports.importing.store": {"read": None, "file_name": "days.csv"},
    "experiments.campaigns.adoption.adopt_unplanned": {"key": "{unplanned}", "values": {}},
    "experiments.campaigns.life_cycle.start_campaign": {
        "key": "{late_draft}",
        "runs_until": "{in_four_days}",
    },
    "sprints.launching.fund_and_start": {"key": "{late_draft}", "runs_until": "{in_four_days}"},
    "sprints.ledger.fund_launch": {"campaign": "{late_draft_row}"},
}
# Quickno itself judges and cleans up; it plans, and does nothing that takes a scope of another kind.
BY_QUICKNO = {
    "sprints.decisions.decide": "person_required",
    "experiments.zombies.resolve_zombie": "person_required",
    "experiments.templates.save_template": "person_required",
    "experiments.templates.delete_template": "missing_role",
    "api.webhooks.register_endpoint": "missing_role",
    "api.webhooks.test_endpoint": "missing_role",
    "api.webhooks.remove_endpoint": "missing_role",
}
# What answers a question without changing anything, by the scope ``read``.
SUMS = {
    "experiments.previews.preview_criterion",
    "experiments.sizing.size_comparison",
    "experiments.sizing.with_known",
}

# What is decided by whose it is, each against the roles; a key is one of every scope for that person.
# ``own``: their proposal. ``made``: of a key that they made for somebody else. ``given``: of a key that
# somebody else made for them. ``other``: somebody else's altogether.
PLANS = """
deed      plan    viewer        marketer      manager       owner         key of marketer  key of manager
approve   other   missing_role  missing_role  done          done          person_required  person_required
approve   own     missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
approve   made    missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
approve   given   missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    other   missing_role  missing_role  done          done          person_required  person_required
reject    own     missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    made    missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
reject    given   missing_role  missing_role  own_proposal  own_proposal  person_required  person_required
withdraw  other   missing_role  not_yours     done          done          not_yours        not_yours
withdraw  own     missing_role  done          done          done          done             done
withdraw  made    missing_role  done          done          done          done             done
withdraw  given   missing_role  done          done          done          done             done
apply     other   missing_role  done          done          done          done             done
apply     own     missing_role  done          done          done          done             done
apply     made    missing_role  done          done          done          done             done
undo      other   missing_role  done          done          done          done             done
undo      own     missing_role  done          done          done          done             done
undo      made    missing_role  done          done          done          done             done
replace   other   missing_role  not_yours     done          done          not_yours        not_yours
replace   own     missing_role  done          done          done          done             done
replace   made    missing_role  done          done          done          done             done
replace   given   missing_role  done          done          done          done             done
"""
# By REST and on the pages they are named alike: ``reallocations/{id}/approve/`` and ``plan_approve``.
PLAN_SERVICES = {
    "approve": "sprints.reallocations.approving.approve_reallocation",
    "reject": "sprints.reallocations.approving.reject_reallocation",
    "withdraw": "sprints.reallocations.approving.withdraw_reallocation",
    "replace": "sprints.reallocations.approving.replace_reallocation",
    "apply": "sprints.reallocations.approving.apply_reallocation",
    "undo": "sprints.reallocations.proposing.undo_reallocation",
}
# The state in which a plan must be for a deed, where that is not its first.
PLAN_STATES = {"apply": "approved", "undo": "applied"}
# Keys: whose they are to act for, or whom they act for already.
KEYS = """
deed      key     viewer        marketer      manager       owner
create    own     missing_role  done          done          done
create    other   missing_role  missing_role  missing_role  done
revoke    own     missing_role  done          done          done
revoke    other   missing_role  missing_role  missing_role  done
"""
KEY_SERVICES = {"create": "api.keys.create_key", "revoke": "api.keys.revoke_key"}

# Who may begin a workspace on the site, by the server's WORKSPACES_BY. ``nobody`` is in no workspace.
BEGINNERS = """
by        viewer  marketer  manager  owner  nobody  staff
owners    no      no        no       yes    no      yes
anyone    yes     yes       yes      yes    yes     yes
command   no      no        no       no     no      no
"""
