"""One pass over every kill criterion and zombie signal."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from experiments.services.judging import SweepPreview, SweepResult, preview_sweep, sweep


class Command(BaseCommand):
    help = "Judge every kill criterion and zombie signal once, as the scheduler does every 5 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at",
            metavar="ISO",
            help="Change nothing; print what would be judged at that time, such as 2026-11-20T07:00+01:00.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        result: SweepResult | SweepPreview
        if options["at"] is None:
            result = sweep(at=timezone.now())
        else:
            try:
                at = parse_datetime(options["at"])
            except ValueError:
                at = None
            if at is None or timezone.is_naive(at):
                raise CommandError(
                    f"“{options['at']}” is no time with an offset. Write it like 2026-11-20T07:00+01:00."
                )
            result = preview_sweep(at=at)
        if options["json"]:
            self.stdout.write(json.dumps(result.as_dict(), cls=DjangoJSONEncoder))
        else:
            self.stdout.write("\n".join(result.lines()))
