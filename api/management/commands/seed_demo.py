"""Fill the demo workspace once, and say at every start how to get in."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from api.models import ApiKey
from api.services.keys import create_key
from sprints.services.demo import DEMO_PASSWORD, DEMO_PEOPLE, DEMO_SLUG, tell_story
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor

KEY_FILE = Path(settings.VAR_DIR) / "demo-api-key"
SHOWN_ROLES = (Role.MARKETER, Role.MANAGER)


class Command(BaseCommand):
    help = "Fills the demo workspace, unless it is there, and prints how to get in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--address", default="http://127.0.0.1:8000", help="Where the web server listens."
        )

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        if not Workspace.objects.filter(slug=DEMO_SLUG).exists():
            self.stdout.write("Filling the demo workspace: a fortnight of two sprints.")
            # One transaction, so that an interrupted first start leaves nothing half told.
            with transaction.atomic():
                tell_story(now=timezone.now())
        shown = {person.role: person for person in reversed(DEMO_PEOPLE) if person.role in SHOWN_ROLES}
        self.stdout.write(f"\n  Quickno runs on {address}\n")
        for role in SHOWN_ROLES:
            self.stdout.write(
                f"  {role.label.capitalize():<9} {shown[role].email}   password {DEMO_PASSWORD}"
            )
        self.stdout.write(f"  API key   {demo_key()}\n")
        self.stdout.write("  Ctrl-C ends all of it; the data stays.\n")


def demo_key() -> str:
    """The demo's API key; the database has only its hash, so a file keeps it for the next start."""
    if KEY_FILE.exists():
        kept = json.loads(KEY_FILE.read_text())
        if ApiKey.objects.filter(pk=kept["id"], revoked_at=None, workspace__slug=DEMO_SLUG).exists():
            return str(kept["secret"])
    marketer = next(person for person in DEMO_PEOPLE if person.role == Role.MARKETER)
    membership = Membership.objects.select_related("workspace", "user").get(
        workspace__slug=DEMO_SLUG, user__email=marketer.email
    )
    actor = Actor.of_member(membership)
    key, secret = create_key(
        name="demo", scopes=Scope.values, for_user=membership.user, by=actor, at=timezone.now()
    )
    KEY_FILE.parent.mkdir(parents=True, exist_ok=True)
    KEY_FILE.touch(mode=0o600)
    KEY_FILE.write_text(json.dumps({"id": key.pk, "secret": secret}))
    return secret
