"""Fill the demo workspace once, and say at every start how to get in."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from api.models import ApiKey
from api.services.keys import create_key
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor

DEMO_PASSWORD = "quick-no-demo"  # noqa: S105 - printed at every start; the demo holds nothing worth hiding
KEY_FILE = Path(settings.VAR_DIR) / "demo-api-key"


class Command(BaseCommand):
    help = "Fills the demo workspace, unless it is there, and prints how to get in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--address", default="http://127.0.0.1:8000", help="Where the web server listens."
        )

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        if not Workspace.objects.filter(slug=settings.DEMO_SLUG).exists():
            self.stdout.write("Filling the demo workspace: a quarter of nine sprints.")
            self.stdout.flush()
            # By its name, because it brings the statistics along, and a second start does without them.
            tell_story = import_string("sprints.services.demo.tell_story")
            # One transaction, so that an interrupted first start leaves nothing half told.
            with transaction.atomic():
                tell_story(slug=settings.DEMO_SLUG, password=DEMO_PASSWORD, now=timezone.now())
        people = Membership.objects.select_related("workspace", "user").filter(
            workspace__slug=settings.DEMO_SLUG
        )
        self.stdout.write(f"\n  Quickno runs on {address}\n")
        for role in (Role.MARKETER, Role.MANAGER):
            # Of several the first, who came with the demo.
            if member := people.filter(role=role).order_by("pk").first():
                self.stdout.write(
                    f"  {role.label.capitalize():<9} {member.user.email}   password {DEMO_PASSWORD}"
                )
        self.stdout.write(f"  API key   {demo_key(people)}\n")
        self.stdout.write(
            "  An empty workspace: sign in, and choose New workspace under the workspace's name.\n"
        )
        self.stdout.write("  Ctrl-C ends all of it; the data stays.\n")


def demo_key(people: QuerySet[Membership]) -> str:
    """The demo's API key; the database has only its hash, so a file keeps it for the next start."""
    if KEY_FILE.exists():
        kept = json.loads(KEY_FILE.read_text())
        if ApiKey.objects.filter(pk=kept["id"], revoked_at=None, workspace__slug=settings.DEMO_SLUG).exists():
            return str(kept["secret"])
    member = people.filter(role=Role.MARKETER).earliest("pk")
    key, secret = create_key(
        name="demo",
        scopes=Scope.values,
        for_user=member.user,
        by=Actor.of_member(member),
        at=timezone.now(),
    )
    KEY_FILE.parent.mkdir(parents=True, exist_ok=True)
    KEY_FILE.touch(mode=0o600)
    KEY_FILE.write_text(json.dumps({"id": key.pk, "secret": secret}))
    return secret
