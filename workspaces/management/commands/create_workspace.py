"""``create_workspace``: a new tenant with its first owner."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from workspaces.exceptions import DomainError
from workspaces.services import create_workspace


class Command(BaseCommand):
    help = "Create a workspace with its first owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--slug", required=True, help="Its name in addresses, such as acme.")
        parser.add_argument("--timezone", required=True, help="Such as Europe/Berlin.")
        parser.add_argument("--currency", required=True, help="By ISO 4217, such as EUR.")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--password", help="For an owner who has no account yet.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            workspace = create_workspace(
                name=options["name"],
                slug=options["slug"],
                timezone=options["timezone"],
                currency=options["currency"],
                owner_email=options["owner"],
                owner_password=options["password"],
                at=timezone.now(),
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Created the workspace {workspace.slug}, owned by {options['owner']}.")
