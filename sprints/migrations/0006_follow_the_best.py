from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sprints", "0005_guarded_money")]

    operations = [
        migrations.AlterField(
            model_name="reallocation",
            name="method",
            field=models.CharField(
                choices=[
                    ("shift", "shift half from failing to winning"),
                    ("thompson", "follow the chance of being the best"),
                    ("hand", "by hand"),
                ],
                max_length=10,
            ),
        ),
    ]
