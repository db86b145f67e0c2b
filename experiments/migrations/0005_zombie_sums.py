"""What a zombie has cost is a sum of days, so it may be larger than any one of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experiments", "0004_estimates")]

    operations = [
        migrations.AlterField(
            model_name="zombieflag",
            name=name,
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True),
        )
        for name in ("money_since", "money_per_day")
    ]
