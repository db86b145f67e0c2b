from django.db import migrations, models

from workspaces.migrations._operations import AddColumn


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0003_append_only_events")]

    operations = [
        AddColumn(
            model_name="workspace",
            name="multiple_comparisons",
            field=models.CharField(
                choices=[
                    ("holm", "Holm: hardly a single false alarm in a sprint"),
                    ("benjamini_hochberg", "Benjamini–Hochberg: few false ones among the alarms"),
                ],
                db_default="holm",
                default="holm",
                help_text="Adjusts the p-values of all treatments that a sprint compares. Holm bounds the chance of even one false alarm, Benjamini–Hochberg the share of false ones among the alarms.",
                max_length=20,
            ),
        ),
    ]
