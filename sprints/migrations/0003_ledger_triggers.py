"""The ledger only grows, and the balances are its sums: held by the database, whoever writes."""

from django.db import migrations

from workspaces.migrations._operations import Triggers

SIDES = (("source", "-"), ("target", "+"))

POSTGRESQL = [
    """
    CREATE FUNCTION sprints_transfer_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'The ledger only grows: a transfer is never changed or deleted.'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER sprints_transfer_is_append_only BEFORE UPDATE OR DELETE ON sprints_transfer
    FOR EACH ROW EXECUTE FUNCTION sprints_transfer_refuse_change()
    """,
    """
    CREATE FUNCTION sprints_transfer_refuse_strangers() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM experiments_campaign
            WHERE id IN (NEW.source_campaign_id, NEW.target_campaign_id) AND workspace_id <> NEW.workspace_id
        ) THEN
            RAISE EXCEPTION 'Money stays in its workspace: the campaign is of another workspace.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER sprints_transfer_stays_at_home BEFORE INSERT ON sprints_transfer
    FOR EACH ROW EXECUTE FUNCTION sprints_transfer_refuse_strangers()
    """,
    """
    CREATE FUNCTION sprints_transfer_add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE workspaces_workspace SET reserve = reserve
            + CASE WHEN NEW.target_kind = 'reserve' THEN NEW.amount ELSE 0 END
            - CASE WHEN NEW.source_kind = 'reserve' THEN NEW.amount ELSE 0 END
            WHERE id = NEW.workspace_id AND 'reserve' IN (NEW.source_kind, NEW.target_kind);
        UPDATE experiments_campaign SET budget = budget
            + CASE WHEN id = NEW.target_campaign_id THEN NEW.amount ELSE 0 END
            - CASE WHEN id = NEW.source_campaign_id THEN NEW.amount ELSE 0 END
            WHERE id IN (NEW.source_campaign_id, NEW.target_campaign_id);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER sprints_transfer_keeps_balances AFTER INSERT ON sprints_transfer
    FOR EACH ROW EXECUTE FUNCTION sprints_transfer_add_to_balances()
    """,
]

# SQLite keeps decimals as binary fractions: rounding to the column's three places keeps the sums exact.
SQLITE = [
    *(
        f"""
        CREATE TRIGGER sprints_transfer_refuses_{deed.lower()} BEFORE {deed} ON sprints_transfer
        BEGIN
            SELECT RAISE(ABORT, 'The ledger only grows: a transfer is never changed or deleted.');
        END
        """
        for deed in ("UPDATE", "DELETE")
    ),
    """
    CREATE TRIGGER sprints_transfer_stays_at_home BEFORE INSERT ON sprints_transfer
    WHEN EXISTS (
        SELECT 1 FROM experiments_campaign
        WHERE id IN (NEW.source_campaign_id, NEW.target_campaign_id) AND workspace_id <> NEW.workspace_id
    )
    BEGIN
        SELECT RAISE(ABORT, 'Money stays in its workspace: the campaign is of another workspace.');
    END
    """,
    *(
        f"""
        CREATE TRIGGER sprints_transfer_{side}_reserve AFTER INSERT ON sprints_transfer
        WHEN NEW.{side}_kind = 'reserve'
        BEGIN
            UPDATE workspaces_workspace SET reserve = ROUND(reserve {sign} NEW.amount, 3)
                WHERE id = NEW.workspace_id;
        END
        """
        for side, sign in SIDES
    ),
    *(
        f"""
        CREATE TRIGGER sprints_transfer_{side}_campaign AFTER INSERT ON sprints_transfer
        WHEN NEW.{side}_campaign_id IS NOT NULL
        BEGIN
            UPDATE experiments_campaign SET budget = ROUND(budget {sign} NEW.amount, 3)
                WHERE id = NEW.{side}_campaign_id;
        END
        """
        for side, sign in SIDES
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("sprints", "0002_initial"),
        ("experiments", "0002_initial"),
        ("workspaces", "0001_initial"),
    ]

    operations = [
        Triggers(
            postgresql=POSTGRESQL,
            sqlite=SQLITE,
            undo_postgresql=[
                "DROP TRIGGER sprints_transfer_keeps_balances ON sprints_transfer",
                "DROP TRIGGER sprints_transfer_stays_at_home ON sprints_transfer",
                "DROP TRIGGER sprints_transfer_is_append_only ON sprints_transfer",
                "DROP FUNCTION sprints_transfer_add_to_balances()",
                "DROP FUNCTION sprints_transfer_refuse_strangers()",
                "DROP FUNCTION sprints_transfer_refuse_change()",
            ],
            undo_sqlite=[
                f"DROP TRIGGER sprints_transfer_{name}"
                for name in (
                    "refuses_update",
                    "refuses_delete",
                    "stays_at_home",
                    "source_reserve",
                    "target_reserve",
                    "source_campaign",
                    "target_campaign",
                )
            ],
        )
    ]
