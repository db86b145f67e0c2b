from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q


def keep_what_they_are_called(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Plans go on under the number that feed, letters and kept sentences already call them by."""
    apps.get_model("sprints", "Reallocation").objects.update(number=F("id"))


class Migration(migrations.Migration):
    dependencies = [("sprints", "0006_follow_the_best")]

    # A column that may be empty and a unique index with a condition: SQLite adds both in place, and so keeps
    # the triggers of the table.
    operations = [
        migrations.AddField(
            model_name="reallocation",
            name="number",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(keep_what_they_are_called, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="reallocation",
            constraint=models.UniqueConstraint(
                condition=Q(number__isnull=False),
                fields=("workspace", "number"),
                name="reallocation_number_is_unique",
            ),
        ),
    ]
