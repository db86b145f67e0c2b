"""Bring the database up to date, fill the demo, and serve pages to this machine."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = (
        "Applies migrations, fills the demo workspace unless it is there, and serves pages to this machine."
    )
    # They would load every page before the first one is wanted.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("port", type=int)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("seed_demo", address=f"http://{HOST}:{port}")
        # Where processes are forked, the server's worker has all that is loaded here and loads it no second
        # time. Connections to the database and words not yet said are not to be shared.
        connections.close_all()
        self.stdout.flush()
        Granian(
            "config.wsgi:application",
            address=HOST,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=4,
            websockets=False,
            log_level=LogLevels.warning,
        ).serve()
