"""What happened, happened: an event never changes or goes. Its number is given once, after the commit."""

from django.db import migrations

from workspaces.migrations._operations import Refusal, changed, either

TOLD = ("id", "workspace_id", "kind", "at", "actor_id", "actor_label", "subject_type", "subject_id", "data")
REFUSAL = "What happened stays told: an event never changes or goes."


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0002_late_conversions_and_spread")]

    operations = [
        Refusal(
            "workspaces_event_is_told_once",
            table="workspaces_event",
            deed="UPDATE",
            when=either("OLD.sequence IS NOT NULL", changed(*TOLD)),
            refusal=REFUSAL,
        ),
        Refusal("workspaces_event_stays", table="workspaces_event", deed="DELETE", refusal=REFUSAL),
    ]
