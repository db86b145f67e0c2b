"""A frozen criterion never changes: an amendment retires it and writes another."""

from django.db import migrations

from workspaces.migrations._operations import Triggers

RULE_COLUMNS = (
    "workspace_id",
    "campaign_id",
    "position",
    "metric",
    "comparator",
    "threshold",
    "level",
    "guards",
    "evidence",
    "confidence",
    "action",
    "frozen_at",
)
CHANGED_POSTGRESQL = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in RULE_COLUMNS)
CHANGED_SQLITE = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in RULE_COLUMNS)
REFUSAL = "A launched campaign''s kill criteria never change: amend them."

POSTGRESQL = [
    f"""
    CREATE FUNCTION experiments_killcriterion_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER experiments_killcriterion_is_frozen BEFORE UPDATE ON experiments_killcriterion
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL AND ({CHANGED_POSTGRESQL}))
    EXECUTE FUNCTION experiments_killcriterion_refuse_change()
    """,
    """
    CREATE TRIGGER experiments_killcriterion_stays BEFORE DELETE ON experiments_killcriterion
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL)
    EXECUTE FUNCTION experiments_killcriterion_refuse_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER experiments_killcriterion_is_frozen BEFORE UPDATE ON experiments_killcriterion
    WHEN OLD.frozen_at IS NOT NULL AND ({CHANGED_SQLITE})
    BEGIN
        SELECT RAISE(ABORT, '{REFUSAL}');
    END
    """,
    f"""
    CREATE TRIGGER experiments_killcriterion_stays BEFORE DELETE ON experiments_killcriterion
    WHEN OLD.frozen_at IS NOT NULL
    BEGIN
        SELECT RAISE(ABORT, '{REFUSAL}');
    END
    """,
]


class Migration(migrations.Migration):
    dependencies = [("experiments", "0002_initial")]

    operations = [
        Triggers(
            postgresql=POSTGRESQL,
            sqlite=SQLITE,
            undo_postgresql=[
                "DROP TRIGGER experiments_killcriterion_stays ON experiments_killcriterion",
                "DROP TRIGGER experiments_killcriterion_is_frozen ON experiments_killcriterion",
                "DROP FUNCTION experiments_killcriterion_refuse_change()",
            ],
            undo_sqlite=[
                "DROP TRIGGER experiments_killcriterion_stays",
                "DROP TRIGGER experiments_killcriterion_is_frozen",
            ],
        )
    ]
