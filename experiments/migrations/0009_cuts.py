"""A campaign that an applied plan cut is held to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experiments", "0008_criterion_templates")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="cut_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        *(
            migrations.AddField(
                model_name="campaign",
                name=name,
                field=models.DecimalField(blank=True, decimal_places=3, max_digits=14, null=True),
            )
            for name in ("cut_from", "cut_to")
        ),
    ]
