"""Services that nobody calls, or not everybody."""

from typing import Any

# Services that ask for no permission: they are called by one that has, inside its transaction.
INNER = {
    "api.keys.require_key_of",
    "workspaces.basis.require_unchanged",
    "workspaces.events.record_event",
    "workspaces.events.record_events",
    "experiments.campaigns.drafts.read_hypothesis",
    "experiments.criteria.breaches.settle_breaches",
    "experiments.flags.close_flag",
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
