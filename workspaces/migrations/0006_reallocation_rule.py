from django.db import migrations, models

from workspaces.migrations._operations import AddColumn


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0005_criterion_templates")]

    operations = [
        AddColumn(
            model_name="workspace",
            name="reallocation_rule",
            field=models.CharField(
                choices=[
                    (
                        "shift",
                        "Shift: half of what probably misses its target goes to what probably meets it",
                    ),
                    (
                        "thompson",
                        "Follow the best: money follows each campaign's chance of being the best",
                    ),
                ],
                db_default="shift",
                default="shift",
                help_text="Shift judges each campaign by its own target, and moves nothing where that is unsure. Following the best needs no target: it compares the campaigns of one outcome with each other, and moves a little even where they are close. Both keep to the limit of growth.",
                max_length=10,
            ),
        ),
    ]
