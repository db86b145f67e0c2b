"""Workspaces that are there already hear of what comes, not of all that was."""

from typing import Any

from django.db import migrations


def begin_now(apps: Any, schema_editor: Any) -> None:
    cursors = apps.get_model("notices", "NoticeCursor").objects
    for workspace in apps.get_model("workspaces", "Workspace").objects.all():
        cursors.get_or_create(workspace=workspace, defaults={"after_sequence": workspace.last_event_sequence})


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]

    operations = [migrations.RunPython(begin_now, migrations.RunPython.noop)]
