"""``add_member``: a person in a workspace."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from workspaces.choices import Role
from workspaces.exceptions import DomainError
from workspaces.permissions import Actor
from workspaces.selectors import first_owner, is_known_person
from workspaces.services import add_member


class Command(BaseCommand):
    help = "Make a person a member of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--password", help="For a person who has no account yet.")

    def handle(self, *args: Any, **options: Any) -> None:
        is_known = is_known_person(options["email"])
        try:
            membership = add_member(
                email=options["email"],
                role=Role(options["role"]),
                password=options["password"],
                by=Actor.of_member(first_owner(options["slug"])),
                at=timezone.now(),
                at_console=True,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{membership.user.email} is a {membership.get_role_display()} of {options['slug']}."
        )
        if is_known:
            self.stdout.write("They had an account already: its password stays as it is.")
