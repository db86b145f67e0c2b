"""Importing an export file: what would change, and the change itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.choices import MEASURES
from experiments.exceptions import FieldError, Invalid, RowsRefused
from experiments.models import Campaign, Observation
from experiments.services.campaigns import import_campaign
from experiments.services.exports.bodies import Passed
from experiments.services.exports.days import DayOrder
from experiments.services.exports.matching import Identity, Matched, Matcher, new_key
from experiments.services.exports.numbers import DecimalMark
from experiments.services.exports.presets import PRESETS
from experiments.services.exports.reading import Export, Progress, read_export
from experiments.services.observations import (
    BatchResult,
    Preview,
    Row,
    preview_observations,
    record_observations,
)
from experiments.services.values import listed
from workspaces.permissions import Actor, Permission

CHANNEL = "import"
PRESET_KEYS = ("auto", *PRESETS)
# So many unknown campaigns are named; more would hide the question.
_MOST_NAMED = 12
# Words that the addresses and the ledger have taken.
_RESERVED_KEYS = frozenset({"new", "reserve", "outside"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What a person says about a file; everything else is read off it."""

    preset: str = "auto"
    # Field by header, for columns that are not known or could mean two things.
    mapped: Mapping[str, str] = field(default_factory=dict)
    # The campaign and the arm that the whole file is of.
    campaign: str = ""
    arm: str = ""
    # Whose numbers they are; default: the campaign's channel.
    source: str = ""
    day_order: DayOrder | None = None
    decimal_mark: DecimalMark | None = None
    # When the platform said so; default: now.
    reported_at: str | None = None
    create_unplanned: bool = False


@dataclass(slots=True, kw_only=True)
class ImportOutcome:
    """What became of a file, or would. ``result`` is there once it is stored."""

    preset: str
    columns: dict[str, str]
    ignored_columns: list[str]
    passed: list[Passed]
    notes: list[str]
    questions: list[FieldError]
    # Keys of campaigns that run already and were not known here.
    unplanned: list[str]
    received: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    # Restated days in words, the first of them.
    changes: list[str] = field(default_factory=list)
    # Rows of an earlier import that this file lacks.
    missing: list[str] = field(default_factory=list)
    result: BatchResult | None = None


def preview_import(
    content: bytes, *, options: ImportOptions, by: Actor, at: datetime, progress: Progress = iter
) -> ImportOutcome:
    """What the import would do now, and what must be answered first; writes nothing.

    Raises ``Invalid`` where the file cannot be right, whatever is answered.
    """
    by.require(Permission.POST_METRICS)
    export, matched = _understood(content, options=options, by=by, progress=progress)
    questions, unplanned = _unplanned(export, matched, options=options, by=by)
    preview = preview_observations(matched.rows, by=by, at=at)
    if preview.errors:
        raise _by_line(
            RowsRefused(received=preview.received, rejected=preview.rejected, errors=preview.errors), matched
        )
    outcome = _outcome(export, matched, questions=questions, unplanned=unplanned)
    new_lines = len(matched.unknown_lines) if unplanned else 0
    outcome.received = preview.received + new_lines
    outcome.inserted = len(preview.inserted) + new_lines
    outcome.updated = len(preview.changed)
    outcome.unchanged = len(preview.unchanged)
    outcome.changes = _changes_in_words(preview, matched)
    outcome.missing = _missing(matched.rows, by=by)
    return outcome


@transaction.atomic
def import_export(
    content: bytes,
    *,
    file_name: str,
    options: ImportOptions,
    by: Actor,
    at: datetime,
    progress: Progress = iter,
) -> ImportOutcome:
    """Store the days of a file, all or nothing.

    Raises ``Invalid`` where the file cannot be right, or where an answer is needed first.
    """
    by.require(Permission.POST_METRICS)
    export, matched = _understood(content, options=options, by=by, progress=progress)
    questions, unplanned = _unplanned(export, matched, options=options, by=by)
    if questions:
        raise Invalid(
            questions[0].code if len(questions) == 1 else "open_questions",
            _("The file was not imported, because of open questions: {questions}").format(
                questions=" ".join(question.message for question in questions)
            ),
            errors=questions,
        )
    # In the order of their keys: two imports of the same new campaigns must not wait in a circle.
    for identity, key in sorted(unplanned.items(), key=lambda item: item[1]):
        import_campaign(
            key=key,
            name=identity.name or identity.id,
            channel=_channel(export, options),
            external_id=identity.id,
            running_since=matched.unknown[identity],
            by=by,
            at=at,
        )
    if unplanned:
        matched = _matched(export, options=options, by=by)
    missing = _missing(matched.rows, by=by)
    try:
        result = record_observations(matched.rows, by=by, at=at, channel=CHANNEL, file_name=file_name)
    except RowsRefused as error:
        raise _by_line(error, matched) from None
    outcome = _outcome(export, matched, questions=[], unplanned=unplanned)
    outcome.received = result.received
    outcome.inserted = result.inserted
    outcome.updated = result.updated
    outcome.unchanged = result.unchanged
    outcome.missing = missing
    outcome.result = result
    return outcome


def _understood(
    content: bytes, *, options: ImportOptions, by: Actor, progress: Progress
) -> tuple[Export, Matched]:
    if options.preset not in PRESET_KEYS:
        raise Invalid.field(
            "preset", "unknown_preset", _("A preset is {names}.").format(names=listed(PRESET_KEYS, last="or"))
        )
    if options.arm and not options.campaign:
        raise Invalid.field("campaign", "required", _("An arm belongs to a campaign: name that as well."))
    export = read_export(
        content,
        preset=options.preset,
        mapped=options.mapped,
        day_order=options.day_order,
        decimal_mark=options.decimal_mark,
        currency=by.workspace.currency,
        progress=progress,
    )
    return export, _matched(export, options=options, by=by)


def _matched(export: Export, *, options: ImportOptions, by: Actor) -> Matched:
    matcher = Matcher(
        by.workspace, channel=_channel(export, options), campaign=options.campaign, arm=options.arm
    )
    return matcher.match(export.rows, source=options.source, reported_at=options.reported_at)


def _channel(export: Export, options: ImportOptions) -> str:
    """The ad platform that the file is from; "" where nothing tells."""
    preset = export.columns.preset.key
    return options.source or ("" if preset == "generic" else preset)


def _unplanned(
    export: Export, matched: Matched, *, options: ImportOptions, by: Actor
) -> tuple[list[FieldError], dict[Identity, str]]:
    """All open questions, and keys for the campaigns that the import makes, where it may."""
    questions = [*export.questions, *matched.questions]
    asked = {question.code for question in questions}
    unknown = [identity for identity in matched.unknown if any(identity)]
    if len(unknown) < len(matched.unknown):
        what = _("The file does not say whose numbers these are. Name the campaign.")
        questions.append(FieldError("no_campaign", what, "campaign"))
    if not unknown or "same_name" in asked:
        return questions, {}
    names = listed([str(identity) for identity in unknown[:_MOST_NAMED]])
    if len(unknown) > _MOST_NAMED:
        names = _("{names} and {count} more").format(names=names, count=len(unknown) - _MOST_NAMED)
    if not options.create_unplanned:
        questions.append(
            FieldError(
                "unknown_campaign",
                _(
                    "Not known here: {names}. Create them first, name the campaign, or let the "
                    "import take them in as unplanned campaigns."
                ).format(names=names),
                "campaign",
            )
        )
        return questions, {}
    if not _channel(export, options):
        questions.append(
            FieldError(
                "unknown_channel",
                ngettext(
                    "On which ad platform does {names} run? Name the source.",
                    "On which ad platform do {names} run? Name the source.",
                    len(unknown),
                ).format(names=names),
                "source",
            )
        )
        return questions, {}
    taken = set(_RESERVED_KEYS) | set(Campaign.objects.of(by.workspace).values_list("key", flat=True))
    unplanned = {}
    for identity in unknown:
        unplanned[identity] = new_key(identity, taken=taken)
        taken.add(unplanned[identity])
    return questions, unplanned


def _by_line(error: RowsRefused, matched: Matched) -> Invalid:
    """The refusal in the words of the file: lines instead of rows."""
    errors = [
        replace(item, row=None, message=f"{_lines(matched, item.row)}: {item.message}")
        for item in error.errors
    ]
    return Invalid(
        error.code,
        _("{rejected} of the file's days were refused, so nothing was stored. {error}").format(
            rejected=error.rejected, error=errors[0].message
        ),
        errors=errors,
    )


def _lines(matched: Matched, row: int | None) -> str:
    numbers = matched.lines[row] if row is not None else []
    # Where no line is known, it is one and has no number.
    return ngettext("Line {lines}", "Lines {lines}", max(len(numbers), 1)).format(lines=listed(numbers))


def _changes_in_words(preview: Preview, matched: Matched) -> list[str]:
    most = 100
    return [
        f"{_lines(matched, change.row)}: {matched.rows[change.row].day}, "
        + ", ".join(
            f"{MEASURES[name].label} {_plain(before)} → {_plain(change.after[name])}"
            for name, before in change.before.items()
        )
        for change in preview.changed[:most]
    ]


def _plain(value: object) -> str:
    return (
        _("none")
        if value is None
        else f"{value:f}".rstrip("0").rstrip(".")
        if "." in str(value)
        else str(value)
    )


def _missing(rows: Sequence[Row], *, by: Actor) -> list[str]:
    """What an earlier import said of the same arms, sources and span of days, and these rows do not."""
    if not rows:
        return []
    days = [row.day for row in rows]
    given = {(row.campaign, row.arm, row.day, row.entity) for row in rows}
    stored = (
        Observation.objects.of(by.workspace)
        .filter(
            batch__channel=CHANNEL,
            arm__campaign__key__in={row.campaign for row in rows},
            day__range=(min(days), max(days)),
            source__key__in=_sources(rows, by=by),
        )
        .order_by("day", "id")
        .values_list("arm__campaign__key", "arm__key", "day", "entity")
    )
    arms = {(row.campaign, row.arm) for row in rows}
    lacking = [key for key in stored if key[:2] in arms and key not in given]
    return [
        _("{campaign}, arm {arm}, {day}").format(campaign=campaign, arm=arm, day=day)
        + (f", {entity}" if entity else "")
        for campaign, arm, day, entity in lacking
    ]


def _sources(rows: Sequence[Row], *, by: Actor) -> Collection[str]:
    named = {row.source for row in rows if row.source}
    if named:
        return named
    keys = {row.campaign for row in rows}
    return set(Campaign.objects.of(by.workspace).filter(key__in=keys).values_list("channel", flat=True))


def _outcome(
    export: Export, matched: Matched, *, questions: list[FieldError], unplanned: Mapping[Identity, str]
) -> ImportOutcome:
    """How the file was understood; what became of it is for the caller to add."""
    return ImportOutcome(
        preset=export.columns.preset.key,
        columns=export.columns.read,
        ignored_columns=export.columns.ignored,
        passed=export.passed,
        notes=[*export.notes, *matched.notes],
        questions=questions,
        unplanned=list(unplanned.values()),
    )
