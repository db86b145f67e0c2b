import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from workspaces.migrations._operations import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0006_reallocation_rule"),
    ]

    operations = [
        AddColumn(
            model_name="workspace",
            name="requires_two_steps",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Members then see this workspace only with a second step set up, or signed in through the company's provider. API keys go on as before.",
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("workspace.created", "Workspace created"),
                    ("policy.changed", "Policy changed"),
                    ("source.changed", "Source changed"),
                    ("member.added", "Member added"),
                    ("member.joined", "Member joined"),
                    ("member.changed", "Member's role changed"),
                    ("member.readdressed", "Member's address changed"),
                    ("member.removed", "Member removed"),
                    ("invitation.sent", "Invitation sent"),
                    ("invitation.withdrawn", "Invitation withdrawn"),
                    ("api_key.created", "API key created"),
                    ("api_key.revoked", "API key revoked"),
                    ("webhook_endpoint.registered", "Webhook endpoint registered"),
                    ("webhook_endpoint.removed", "Webhook endpoint removed"),
                    ("webhook_endpoint.tested", "Webhook endpoint tested"),
                    ("channel.added", "Channel added"),
                    ("channel.changed", "Channel changed"),
                    ("channel.removed", "Channel removed"),
                    ("channel.tested", "Channel tested"),
                    ("hypothesis.created", "Hypothesis written"),
                    ("hypothesis.changed", "Hypothesis changed"),
                    ("hypothesis.committed", "Hypothesis committed"),
                    ("hypothesis.released", "Hypothesis released"),
                    ("hypothesis.decided", "Hypothesis decided"),
                    ("hypothesis.carried", "Hypothesis carried over"),
                    ("hypothesis.archived", "Hypothesis archived"),
                    ("sprint.created", "Sprint planned"),
                    ("sprint.changed", "Sprint changed"),
                    ("sprint.started", "Sprint started"),
                    ("sprint.review_opened", "Review opened"),
                    ("sprint.closed", "Sprint closed"),
                    ("sprint.cancelled", "Sprint cancelled"),
                    ("campaign.created", "Campaign created"),
                    ("campaign.changed", "Campaign changed"),
                    ("campaign.imported", "Campaign imported"),
                    ("campaign.launched", "Campaign launched"),
                    ("campaign.paused", "Campaign paused"),
                    ("campaign.resumed", "Campaign resumed"),
                    ("campaign.killed", "Campaign killed"),
                    ("campaign.completed", "Campaign completed"),
                    ("campaign.scaled", "Campaign scaled"),
                    ("campaign.discarded", "Campaign discarded"),
                    ("campaign.adopted", "Campaign adopted"),
                    ("arm.stopped", "Arm stopped"),
                    ("criteria.amended", "Kill criteria amended"),
                    ("criterion.breached", "Kill criterion breached"),
                    ("criterion.overturned", "Second look at a breach"),
                    ("criterion.settled", "Breach settled"),
                    ("criterion.overruled", "Breach overruled"),
                    ("criterion_template.saved", "Template of a rule saved"),
                    ("criterion_template.deleted", "Template of a rule deleted"),
                    ("metrics.posted", "Metrics posted"),
                    ("metrics.restated", "Metrics restated"),
                    ("zombie.flagged", "Zombie flagged"),
                    ("zombie.acknowledged", "Zombie acknowledged"),
                    ("zombie.resolved", "Zombie resolved"),
                    ("ledger.funded", "Reserve funded"),
                    ("reallocation.proposed", "Reallocation proposed"),
                    ("reallocation.approved", "Reallocation approved"),
                    ("reallocation.rejected", "Reallocation rejected"),
                    ("reallocation.withdrawn", "Reallocation withdrawn"),
                    ("reallocation.expired", "Reallocation expired"),
                    ("reallocation.outdated", "Reallocation outdated"),
                    ("reallocation.applied", "Reallocation applied"),
                ],
                max_length=40,
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "viewer"),
                            ("marketer", "marketer"),
                            ("manager", "manager"),
                            ("owner", "owner"),
                        ],
                        max_length=10,
                    ),
                ),
                ("invited_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("nonce", models.CharField(editable=False, max_length=43)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "ordering": ["invited_at", "id"],
                "indexes": [models.Index(fields=["email"], name="invitation_by_address")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                        fields=("workspace", "email"),
                        name="invitation_waits_once_per_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["viewer", "marketer", "manager", "owner"])),
                        name="invitation_role_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"
                        ),
                        name="invitation_ends_in_one_way",
                    ),
                ],
            },
        ),
    ]
