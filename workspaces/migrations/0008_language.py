from django.db import migrations, models

from workspaces.migrations._operations import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0007_people"),
    ]

    operations = [
        AddColumn(
            model_name="user",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=10),
        ),
    ]
