"""Migration operations for what Django's schema editor has no words for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class Triggers(Operation):
    """Create triggers, each with its own spelling for PostgreSQL and SQLite."""

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        *,
        postgresql: Sequence[str],
        sqlite: Sequence[str],
        undo_postgresql: Sequence[str],
        undo_sqlite: Sequence[str],
    ) -> None:
        self.statements = {"postgresql": tuple(postgresql), "sqlite": tuple(sqlite)}
        self.undo = {"postgresql": tuple(undo_postgresql), "sqlite": tuple(undo_sqlite)}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Triggers are no part of the models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        for statement in self.statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        for statement in self.undo[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return "Let the database hold what no client may break"


class AddColumn(migrations.AddField):
    """Add a column with a ``db_default`` in place, where a trigger of another table names this one.

    Django would build the table anew on SQLite, and SQLite refuses to drop what a trigger writes to.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            field = model._meta.get_field(self.name)  # noqa: SLF001 (Django's documented API)
            BaseDatabaseSchemaEditor.add_field(schema_editor, model, field)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            field = model._meta.get_field(self.name)  # noqa: SLF001
            BaseDatabaseSchemaEditor.remove_field(schema_editor, model, field)


class Refusal(Triggers):
    """A trigger that refuses a deed, such as ``UPDATE``, on those rows of a table for which ``when`` is true.

    ``when`` speaks of ``OLD`` and ``NEW``. It is one text for both databases, or one for each by vendor.
    """

    def __init__(
        self, name: str, *, table: str, deed: str, refusal: str, when: str | Mapping[str, str] = "1 = 1"
    ) -> None:
        on = {"postgresql": when, "sqlite": when} if isinstance(when, str) else when
        refusal = refusal.replace("'", "''")
        super().__init__(
            postgresql=[
                f"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF {on["postgresql"]} THEN
                        RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
                    END IF;
                    RETURN COALESCE(NEW, OLD);
                END $$
                """,
                f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            ],
            sqlite=[
                f"""
                CREATE TRIGGER {name} BEFORE {deed} ON {table} WHEN {on["sqlite"]}
                BEGIN
                    SELECT RAISE(ABORT, '{refusal}');
                END
                """
            ],
            undo_postgresql=[f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}()"],
            undo_sqlite=[f"DROP TRIGGER {name}"],
        )


def changed(*columns: str) -> dict[str, str]:
    """Whether an update changes any of the columns, in each database's words."""
    # SQLite knows IS DISTINCT FROM only since 3.39.
    words = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}
    return {
        vendor: "(" + " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns) + ")"
        for vendor, differs in words.items()
    }


def either(*conditions: str | Mapping[str, str]) -> dict[str, str]:
    """Whether any of the conditions is true, in each database's words."""
    return {
        vendor: " OR ".join(one if isinstance(one, str) else one[vendor] for one in conditions)
        for vendor in ("postgresql", "sqlite")
    }
