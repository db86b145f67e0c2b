import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experiments", "0003_frozen_criteria"),
        ("workspaces", "0002_late_conversions_and_spread"),
    ]

    operations = [
        migrations.AddField(
            model_name="observation",
            name="first_reported_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="MaturityEstimate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("share", models.JSONField()),
                ("low", models.JSONField()),
                ("high", models.JSONField()),
                ("days_known", models.JSONField()),
                ("days", models.PositiveIntegerField()),
                ("last_day", models.DateField()),
                ("learnt_at", models.DateTimeField()),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspaces.source"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "ordering": [models.OrderBy(models.F("source"))],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "source"), name="maturity_once_per_source"),
                    models.CheckConstraint(
                        condition=models.Q(("days__gt", 0)), name="maturity_is_learnt_from_days"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpreadEstimate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("days", "spread from day to day"),
                            ("contrast", "spread between two arms on the same day"),
                        ],
                        max_length=10,
                    ),
                ),
                ("campaigns", models.PositiveIntegerField()),
                ("median", models.FloatField(blank=True, null=True)),
                ("log_sd", models.FloatField(blank=True, null=True)),
                ("learnt_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "ordering": [models.OrderBy(models.F("workspace")), "kind"],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "kind"), name="spread_once_per_kind"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["days", "contrast"])), name="spread_kind_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("campaigns__lt", 20), ("log_sd__isnull", True), ("median__isnull", True)
                            ),
                            models.Q(
                                ("campaigns__gte", 20),
                                ("log_sd__gt", 0),
                                ("log_sd__isnull", False),
                                ("median__gt", 0),
                                ("median__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="spread_is_known_from_enough",
                    ),
                ],
            },
        ),
    ]
