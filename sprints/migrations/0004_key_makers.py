"""Who made the key that proposed a plan is as much its proposer: such a person does not approve it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("sprints", "0003_ledger_triggers"),
        ("workspaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="reallocation", name="reallocation_takes_four_eyes"),
        migrations.AddField(
            model_name="reallocation",
            name="proposed_key_maker",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="reallocation",
            constraint=models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | ~Q(approved_by=F("proposed_by"))
                & (Q(proposed_key_maker__isnull=True) | ~Q(approved_by=F("proposed_key_maker"))),
                name="reallocation_takes_four_eyes",
            ),
        ),
    ]
