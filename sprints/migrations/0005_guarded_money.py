"""Budgets move only by transfers, and a plan stays what was shown: held by the database, whoever writes."""

from django.db import migrations

from workspaces.migrations._operations import Refusal, changed, either

BY_TRANSFER = "Money moves by a transfer, and by nothing else."
AS_SHOWN = "A plan stays what was shown: propose another."
# What is settled when a plan is proposed; its state and what became of it come later.
PROPOSED_COLUMNS = (
    "id",
    "workspace_id",
    "sprint_id",
    "method",
    "plan_digest",
    "evidence",
    "proposed_by_id",
    "proposed_key_maker_id",
    "proposed_at",
    "undoes_id",
)
ENDS = "'rejected', 'withdrawn', 'expired', 'outdated'"
NO_STEP = f"""
    NEW.state <> OLD.state
    AND NOT (OLD.state = 'proposed' AND NEW.state IN ('approved', {ENDS}))
    AND NOT (OLD.state = 'approved' AND NEW.state IN ('applied', 'outdated'))
"""


def _sums_differ(column: str, *, side_is: str) -> str:
    """Whether a balance is not what the transfers sum up to; ``side_is`` tells one side of one transfer.

    For SQLite, which cannot tell a trigger's update from another one. It adds thousandths as whole numbers:
    binary fractions would drift.
    """
    source, target = side_is.format(side="source"), side_is.format(side="target")
    return f"""
        NEW.{column} IS NOT OLD.{column} AND CAST(ROUND(NEW.{column} * 1000) AS INTEGER) IS NOT (
            SELECT COALESCE(SUM(
                CAST(ROUND(amount * 1000) AS INTEGER) * (CASE WHEN {target} THEN 1 ELSE -1 END)
            ), 0)
            FROM sprints_transfer WHERE {source} OR {target}
        )
    """


def _moved_otherwise(column: str, *, side_is: str) -> dict[str, str]:
    return {
        # The update of the transfer's own trigger is one deeper.
        "postgresql": f"NEW.{column} <> OLD.{column} AND pg_trigger_depth() = 1",
        "sqlite": _sums_differ(column, side_is=side_is),
    }


class Migration(migrations.Migration):
    dependencies = [
        ("sprints", "0004_key_makers"),
        ("experiments", "0006_amended_digests"),
        ("workspaces", "0003_append_only_events"),
    ]

    operations = [
        Refusal(
            "experiments_campaign_budget_moves_by_transfer",
            table="experiments_campaign",
            deed="UPDATE OF budget",
            when=_moved_otherwise("budget", side_is="{side}_campaign_id = NEW.id"),
            refusal=BY_TRANSFER,
        ),
        Refusal(
            "experiments_campaign_budget_starts_at_zero",
            table="experiments_campaign",
            deed="INSERT",
            when="NEW.budget <> 0",
            refusal=BY_TRANSFER,
        ),
        Refusal(
            "workspaces_workspace_reserve_moves_by_transfer",
            table="workspaces_workspace",
            deed="UPDATE OF reserve",
            when=_moved_otherwise("reserve", side_is="(workspace_id = NEW.id AND {side}_kind = 'reserve')"),
            refusal=BY_TRANSFER,
        ),
        Refusal(
            "workspaces_workspace_reserve_starts_at_zero",
            table="workspaces_workspace",
            deed="INSERT",
            when="NEW.reserve <> 0",
            refusal=BY_TRANSFER,
        ),
        Refusal(
            "sprints_reallocation_is_as_shown",
            table="sprints_reallocation",
            deed="UPDATE",
            when=either(
                changed(*PROPOSED_COLUMNS),
                NO_STEP,
                "(OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS NULL)",
                "(OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id <> OLD.approved_by_id)",
            ),
            refusal=AS_SHOWN,
        ),
        Refusal(
            "sprints_reallocation_stays",
            table="sprints_reallocation",
            deed="DELETE",
            refusal=AS_SHOWN,
        ),
        Refusal(
            "sprints_reallocationline_comes_with_its_plan",
            table="sprints_reallocationline",
            deed="INSERT",
            when="""
                NOT EXISTS (
                    SELECT 1 FROM sprints_reallocation
                    WHERE id = NEW.reallocation_id AND state = 'proposed'
                )
            """,
            refusal=AS_SHOWN,
        ),
        *(
            Refusal(
                f"sprints_reallocationline_{name}",
                table="sprints_reallocationline",
                deed=deed,
                refusal=AS_SHOWN,
            )
            for name, deed in (("never_changes", "UPDATE"), ("stays", "DELETE"))
        ),
    ]
