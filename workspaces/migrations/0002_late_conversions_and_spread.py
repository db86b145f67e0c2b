from django.db import migrations, models

from workspaces.migrations._operations import AddColumn


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [
        AddColumn(
            model_name="workspace",
            name="settled_days_only",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Results and rules about what comes late then wait for settled days. Otherwise a day counts by the share of it that is usually visible at its age.",
            ),
        ),
        AddColumn(
            model_name="workspace",
            name="uses_learnt_spread",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="From 20 ended campaigns on, how much days and arms usually differ is taken from them. Otherwise from Quickno's defaults.",
            ),
        ),
    ]
