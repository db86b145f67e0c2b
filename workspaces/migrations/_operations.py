"""Migration operations for what Django's schema editor has no words for."""

from collections.abc import Sequence
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
