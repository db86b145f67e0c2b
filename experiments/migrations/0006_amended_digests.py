"""The digest of frozen criteria changes only with an amendment, and an amendment is written for ever."""

from django.db import migrations

from workspaces.migrations._operations import Refusal

AMENDED = """
    EXISTS (
        SELECT 1 FROM experiments_amendment
        WHERE digest_before = OLD.criteria_digest AND digest_after = NEW.criteria_digest
        AND id = (SELECT MAX(id) FROM experiments_amendment WHERE campaign_id = NEW.id)
    )
"""


class Migration(migrations.Migration):
    dependencies = [
        ("experiments", "0005_zombie_sums"),
        # The amendment's own table, and the words of these guards.
        ("workspaces", "0003_append_only_events"),
    ]

    operations = [
        Refusal(
            "experiments_campaign_digest_is_frozen",
            table="experiments_campaign",
            deed="UPDATE OF criteria_digest",
            when=(
                f"OLD.criteria_digest <> '' AND NEW.criteria_digest <> OLD.criteria_digest AND NOT {AMENDED}"
            ),
            refusal="The digest of frozen kill criteria changes only with an amendment.",
        ),
        *(
            Refusal(
                f"experiments_amendment_{name}",
                table="experiments_amendment",
                deed=deed,
                refusal="An amendment is shown for ever: it never changes or goes.",
            )
            for name, deed in (("never_changes", "UPDATE"), ("stays", "DELETE"))
        ),
    ]
