"""Import an export file of an ad platform."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from experiments.exceptions import DomainError
from experiments.services.exports import (
    PRESET_KEYS,
    ImportOptions,
    ImportOutcome,
    import_export,
    preview_import,
    read_mapping,
)
from experiments.tasks import judge_campaigns
from workspaces.permissions import Actor
from workspaces.selectors import first_owner
from workspaces.tasks import enqueue

ItemT = TypeVar("ItemT")
LARGEST_FILE = 200 * 2**20
# By the code of a question: the option that answers it.
ANSWERS = {
    "several_sheets": "--sheet",
    "unknown_sheet": "--sheet",
    "day_order": "--day-order",
    "decimal_mark": "--decimal-mark",
    "ambiguous_column": "--map",
    "doubtful_column": "--map",
    "no_header": "--map",
    "no_campaign": "--campaign",
    "same_name": "--campaign",
    "unknown_arm": "--campaign and --arm",
    "unknown_campaign": "--campaign or --create-unplanned",
    "unknown_channel": "--source",
    "unknown_source": "--source",
}


class Command(BaseCommand):
    help = "Imports an export file; --dry-run shows what would change and writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The workspace.")
        parser.add_argument("file", type=Path, help="The export file.")
        parser.add_argument("--preset", choices=PRESET_KEYS, default="auto")
        parser.add_argument("--dry-run", action="store_true", help="Show what would change, write nothing.")
        parser.add_argument("--sheet", default="", help="The sheet of a workbook that has several tables.")
        parser.add_argument("--campaign", default="", help="Key of the campaign that the whole file is of.")
        parser.add_argument("--arm", default="", help="Key of the arm that the whole file is of.")
        parser.add_argument("--source", default="", help="Whose numbers they are; default: the channel.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="What a column means, where its header does not say so; may be repeated.",
        )
        parser.add_argument("--day-order", choices=["dmy", "mdy"], help="Which comes first in 3/4/2026.")
        parser.add_argument("--decimal-mark", choices=["point", "comma"], help="How 1.234 is read.")
        parser.add_argument("--reported-at", metavar="ISO", help="When the platform said so; default: now.")
        parser.add_argument(
            "--create-unplanned",
            action="store_true",
            help="Add campaigns that nobody planned, to be adopted.",
        )

    def handle(self, *args: Any, slug: str, file: Path, **options: Any) -> None:
        content = _read(file)
        try:
            owner = first_owner(slug)
            outcome = _run(content, file.name, _options(options), by=Actor.of_member(owner), **_how(options))
        except DomainError as error:
            answers = {ANSWERS[item.code]: None for item in error.errors if item.code in ANSWERS}
            hints = [f"Say it with {answer}." for answer in answers]
            raise CommandError("\n".join([error.message, *_sentences(error), *hints])) from None
        for line in describe(outcome, is_dry=options["dry_run"]):
            self.stdout.write(line)
        if outcome.questions:
            raise CommandError("This file cannot be imported until the open questions are answered.")
        if outcome.result and outcome.result.campaign_ids:
            enqueue(judge_campaigns, outcome.result.campaign_ids)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise CommandError(
                f"{file} is larger than {LARGEST_FILE // 2**20} MB. Export fewer days at once."
            )
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _options(options: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        preset=options["preset"],
        mapped=read_mapping(options["map"]),
        sheet=options["sheet"],
        campaign=options["campaign"],
        arm=options["arm"],
        source=options["source"],
        day_order=options["day_order"],
        decimal_mark=options["decimal_mark"],
        reported_at=options["reported_at"],
        create_unplanned=options["create_unplanned"],
    )


def _how(options: dict[str, Any]) -> dict[str, bool]:
    return {"is_dry": options["dry_run"], "is_quiet": options["verbosity"] == 0}


def _run(
    content: bytes, file_name: str, options: ImportOptions, *, by: Actor, is_dry: bool, is_quiet: bool
) -> ImportOutcome:
    def progress(items: Iterable[ItemT]) -> Iterator[ItemT]:
        return iter(tqdm(items, desc=file_name, unit=" lines", disable=is_quiet or None))

    at = timezone.now()
    if is_dry:
        return preview_import(content, options=options, by=by, at=at, progress=progress)
    return import_export(content, file_name=file_name, options=options, by=by, at=at, progress=progress)


def _sentences(error: DomainError) -> list[str]:
    return [f"- {item.message}" for item in error.errors if item.message not in error.message]


def describe(outcome: ImportOutcome, *, is_dry: bool) -> Iterator[str]:
    """What became of the file, or would, a line each."""
    for question in outcome.questions:
        hint = f" Say it with {ANSWERS[question.code]}." if question.code in ANSWERS else ""
        yield f"Open question: {question.message}{hint}"
    done = "would be " if is_dry else ""
    yield (
        f"{outcome.received} rows: {outcome.inserted} {done}new, {outcome.updated} {done}changed, "
        f"{outcome.unchanged} {done}unchanged. Read as: {outcome.preset}."
    )
    for header, field in outcome.columns.items():
        yield f"  column “{header}” is {field}"
    if outcome.ignored_columns:
        yield f"  columns not used: {', '.join(outcome.ignored_columns)}"
    yield from (f"  passed over, line {passed.line}: {passed.reason}" for passed in outcome.passed)
    yield from (f"  note: {note}" for note in outcome.notes)
    yield from (f"  restated: {change}" for change in outcome.changes)
    yield from (f"  an earlier import had, this file lacks: {row}" for row in outcome.missing)
    yield from (
        f"  before its launch, so that it does not count: {one.campaign_name}, {one.rows} rows"
        for one in outcome.baseline
    )
    yield from (f"  unplanned campaign: {key}" for key in outcome.unplanned)
