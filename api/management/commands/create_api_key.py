"""``create_api_key``: a key for a program; its secret is printed this once, alone on stdout."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from api.services import create_key
from workspaces.choices import Scope
from workspaces.exceptions import DomainError
from workspaces.permissions import Actor
from workspaces.selectors import find_member, first_owner


class Command(BaseCommand):
    help = "Create an API key and print its secret."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            help=f"One of {', '.join(Scope.values)}.",
        )
        parser.add_argument(
            "--for", dest="email", metavar="EMAIL", help="For whom it acts; by default the first owner."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            owner = first_owner(options["slug"])
            member = find_member(owner.workspace, options["email"]) if options["email"] else owner
            _, secret = create_key(
                name=options["name"],
                scopes=options["scopes"],
                for_user=member.user,
                by=Actor.of_member(owner),
                at=timezone.now(),
                at_console=True,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(secret)
