"""Importing an export file: what would change, and the change itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.choices import MEASURES
from experiments.exceptions import FieldError, Invalid, RowsRefused
from experiments.models import Campaign, Observation
from experiments.models.observation import IMPORT_CHANNEL
from experiments.services.campaigns import import_campaign
from experiments.services.exports.baseline import baseline_of
from experiments.services.exports.columns import Asked
from experiments.services.exports.known import Identity
from experiments.services.exports.matching import Matched, Matcher
from experiments.services.exports.names import (
    NEW,
    NOTHING,
    Level,
    NameBook,
    Said,
    Spelled,
    remember_names,
    remembered,
    remembered_columns,
)
from experiments.services.exports.outcome import (
    ImportOptions,
    ImportOutcome,
    MissingDay,
    Understood,
    channel_of,
)
from experiments.services.exports.presets import PRESETS
from experiments.services.exports.questions import questions_of
from experiments.services.exports.reading import Export, Progress, read_export
from experiments.services.observations import (
    Preview,
    Row,
    preview_observations,
    record_observations,
)
from experiments.services.values import listed
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission

PRESET_KEYS = ("auto", *PRESETS)


def preview_import(
    content: bytes, *, options: ImportOptions, by: Actor, at: datetime, progress: Progress = iter
) -> ImportOutcome:
    """What the import would do now, and what must be answered first; writes nothing.

    Raises ``Invalid`` where the file cannot be right, whatever is answered.
    """
    by.require(Permission.POST_METRICS)
    read = understand(content, options=options, workspace=by.workspace, progress=progress)
    outcome, _ = compare(read, by=by, at=at)
    return outcome


def compare(read: Understood, *, by: Actor, at: datetime) -> tuple[ImportOutcome, Preview]:
    """What storing what was read would change."""
    by.require(Permission.POST_METRICS)
    export, matched = read.export, read.matched
    questions, unplanned = questions_of(read, workspace=by.workspace)
    preview = preview_observations(matched.rows, by=by, at=at)
    if preview.errors:
        raise _by_line(
            RowsRefused(received=preview.received, rejected=preview.rejected, errors=preview.errors), matched
        )
    outcome = _outcome(read, questions=questions, unplanned=unplanned)
    new_lines = len(matched.unknown_lines) if unplanned else 0
    outcome.received = preview.received + new_lines
    outcome.inserted = len(preview.inserted) + new_lines
    outcome.updated = len(preview.changed)
    outcome.unchanged = len(preview.unchanged)
    outcome.waiting = export.lines_read if not export.rows else len(matched.waiting)
    outcome.waiting += 0 if unplanned else len(matched.unknown_lines)
    outcome.changes = _changes_in_words(preview, matched)
    outcome.missing_days = _missing(matched.rows, by=by)
    outcome.baseline = baseline_of(matched.rows, workspace=by.workspace)
    return outcome, preview


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
    read = understand(content, options=options, workspace=by.workspace, progress=progress)
    return store(read, file_name=file_name, by=by, at=at)


@transaction.atomic
def store(read: Understood, *, file_name: str, by: Actor, at: datetime) -> ImportOutcome:
    """Store what was read, and remember what was said of the names in it; all or nothing."""
    by.require(Permission.POST_METRICS)
    options = read.options
    if read.matched.unknown or read.matched.questions:
        # Somebody may have made what is missing since the file was read, by the same file perhaps.
        matcher, matched = _matched(read.export, options=options, workspace=by.workspace)
        read = Understood(read.export, matcher, matched, options)
    matched = read.matched
    questions, unplanned = questions_of(read, workspace=by.workspace)
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
            channel=channel_of(read.export, options),
            external_id=identity.id,
            running_since=matched.unknown[identity],
            by=by,
            at=at,
        )
    if unplanned:
        # From here on the new names stand for the campaigns that were made of them.
        made = [Said(identity, key) for identity, key in unplanned.items()]
        matcher, matched = _matched(read.export, options=options, made=made, workspace=by.workspace)
        read = Understood(read.export, matcher, matched, options)
    columns = _said_columns(read)
    if options.said or columns:
        created = {identity: key for identity, key in unplanned.items() if _is_said_new(identity, options)}
        said = [one for one in options.said if one.target != NEW]
        said += [Said(identity, key) for identity, key in created.items()]
        remember_names(_remembered_under(read.export, options), [*said, *columns], by=by, at=at)
    missing = _missing(matched.rows, by=by)
    try:
        result = record_observations(matched.rows, by=by, at=at, channel=IMPORT_CHANNEL, file_name=file_name)
    except RowsRefused as error:
        raise _by_line(error, matched) from None
    outcome = _outcome(read, questions=[], unplanned=unplanned)
    outcome.received = result.received
    outcome.inserted = result.inserted
    outcome.updated = result.updated
    outcome.unchanged = result.unchanged
    outcome.missing_days = missing
    outcome.baseline = baseline_of(matched.rows, workspace=by.workspace)
    outcome.result = result
    return outcome


def _said_columns(read: Understood) -> list[Said]:
    """Which column is which, for the platform's later files. Tables of one's own share no headers."""
    if not read.options.remembers_columns or read.export.columns.preset.key == "generic":
        return []
    return [
        Said(NOTHING, header, level=Level.COLUMN, part=Spelled("", name))
        for header, name in read.options.mapped.items()
    ]


def _is_said_new(identity: Identity, options: ImportOptions) -> bool:
    return NameBook(options.said).target(identity) == NEW


def understand(
    content: bytes, *, options: ImportOptions, workspace: Workspace, progress: Progress = iter
) -> Understood:
    """Read a file and find whose numbers its lines are.

    Raises ``Invalid`` where the file cannot be right, whatever is answered.
    """
    if options.preset not in PRESET_KEYS:
        raise Invalid.field(
            "preset", "unknown_preset", _("A preset is {names}.").format(names=listed(PRESET_KEYS, last="or"))
        )
    if options.arm and not options.campaign:
        raise Invalid.field("campaign", "required", _("An arm belongs to a campaign: name that as well."))
    export = read_export(
        content,
        asked=Asked(
            currency=workspace.currency,
            preset=options.preset,
            sheet=options.sheet,
            mapped=options.mapped,
            remembered=remembered_columns(workspace),
        ),
        day_order=options.day_order,
        decimal_mark=options.decimal_mark,
        progress=progress,
    )
    matcher, matched = _matched(export, options=options, workspace=workspace)
    return Understood(export, matcher, matched, options)


def _matched(
    export: Export, *, options: ImportOptions, made: Sequence[Said] = (), workspace: Workspace
) -> tuple[Matcher, Matched]:
    known = remembered(workspace, _remembered_under(export, options))
    matcher = Matcher(
        workspace,
        channel=channel_of(export, options),
        campaign=options.campaign,
        arm=options.arm,
        book=NameBook([*known, *options.said, *made]),
        is_of_any_channel=not export.columns.preset.has_campaigns,
    )
    return matcher, matcher.match(export.rows, source=options.source, reported_at=options.reported_at)


def _remembered_under(export: Export, options: ImportOptions) -> str:
    """The source of whose files the names are remembered."""
    return channel_of(export, options) or export.columns.preset.key


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


def _missing(rows: Sequence[Row], *, by: Actor) -> list[MissingDay]:
    """What an earlier import said of the same arms, sources and span of days, and these rows do not."""
    if not rows:
        return []
    days = [row.day for row in rows]
    given = {(row.campaign, row.arm, row.day, row.entity) for row in rows}
    stored = (
        Observation.objects.of(by.workspace)
        .filter(
            batch__channel=IMPORT_CHANNEL,
            arm__campaign__key__in={row.campaign for row in rows},
            day__range=(min(days), max(days)),
            source__key__in=_sources(rows, by=by),
        )
        .order_by("day", "id")
        .values_list("arm__campaign__key", "arm__key", "day", "entity", "arm__campaign__name")
    )
    arms = {(row.campaign, row.arm) for row in rows}
    return [MissingDay(*key) for key in stored.iterator() if key[:2] in arms and key[:4] not in given]


def _sources(rows: Sequence[Row], *, by: Actor) -> Collection[str]:
    named = {row.source for row in rows if row.source}
    if named:
        return named
    keys = {row.campaign for row in rows}
    return set(Campaign.objects.of(by.workspace).filter(key__in=keys).values_list("channel", flat=True))


def _outcome(
    read: Understood, *, questions: list[FieldError], unplanned: Mapping[Identity, str]
) -> ImportOutcome:
    """How the file was understood; what became of it is for the caller to add."""
    export, matched = read.export, read.matched
    left_out = [
        ngettext(
            "{count} line of {name} left out, as somebody said.",
            "{count} lines of {name} left out, as somebody said.",
            len(lines),
        ).format(count=len(lines), name=identity)
        for identity, lines in matched.left_out.items()
    ]
    return ImportOutcome(
        preset=export.columns.preset.key,
        columns=export.columns.read,
        ignored_columns=export.columns.ignored,
        passed=export.passed,
        notes=[*export.notes, *matched.notes, *left_out],
        questions=questions,
        unplanned=list(unplanned.values()),
        lines=export.lines_read,
        left_out=sum(len(lines) for lines in matched.left_out.values()),
        source=_remembered_under(export, read.options),
    )
