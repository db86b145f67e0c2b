"""Export files that people give on a page: uploaded, answered, confirmed, cancelled. Workers do the rest."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from experiments.choices import FileImportState
from experiments.exceptions import Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Campaign, FileImport
from experiments.services.exports.columns import read_mapping
from experiments.services.exports.importing import PRESET_KEYS
from experiments.services.exports.keeping import keep, throw_away
from experiments.services.exports.names import LEFT_OUT, NEW, Level, Said, Spelled
from experiments.services.exports.outcome import ImportOptions
from experiments.services.values import listed
from workspaces.models import Source
from workspaces.permissions import Actor, Permission
from workspaces.services import ensure_source

# Open files of one workspace: each may take 25 MB of the disk.
MOST_OPEN = 20
ANSWERS = ("preset", "sheet", "campaign", "source", "day_order", "decimal_mark", "map", "create_unplanned")


def upload_file(
    name: str, *, chunks: Iterable[bytes], asked: Mapping[str, Any], by: Actor, at: datetime
) -> FileImport:
    """Keep a file, for a worker to read. ``asked``: what of ``ANSWERS`` is known already."""
    by.require(Permission.POST_METRICS)
    answers = _checked(asked)
    if FileImport.objects.of(by.workspace).open().count() >= MOST_OPEN:
        raise Refused(
            "too_many_files",
            _("{count} files wait for an answer already. Import or cancel one of them first.").format(
                count=MOST_OPEN
            ),
        )
    token = uuid4()
    size = keep(token, chunks)
    try:
        return FileImport.objects.create(
            workspace=by.workspace,
            token=token,
            file_name=(name or "file")[:300],
            size=size,
            by=by.person,
            created_at=at,
            touched_at=at,
            asked={**answers, "said": []},
        )
    except BaseException:
        throw_away(token)
        raise


@transaction.atomic
def answer_file(
    import_id: int, *, asked: Mapping[str, Any], said: Iterable[Said] = (), by: Actor, at: datetime
) -> FileImport:
    """Say what the file does not say itself; it is read anew with that."""
    by.require(Permission.POST_METRICS)
    answers = _checked(asked)
    said = list(said)
    file = _lock(import_id, by=by)
    _make_source_of(file, said, by=by)
    file.asked = {**answers, "said": [_as_json(one) for one in said]}
    # The last preview stays until there is another: who answers once more answers what it showed.
    file.error = {}
    if file.state != FileImportState.UPLOADED:
        file.move_to(FileImportState.UPLOADED)
    file.reading += 1
    file.is_taken = False
    file.rows_done = file.rows_total = 0
    file.touched_at = at
    file.save()
    return file


@transaction.atomic
def confirm_file(import_id: int, *, reading: int, by: Actor, at: datetime) -> bool:
    """Let a worker record the file as the preview of that reading showed it.

    Returns whether this was the first time that somebody said so: again does nothing.
    """
    by.require(Permission.POST_METRICS)
    file = _lock(import_id, by=by)
    if file.state in {FileImportState.IMPORTING, FileImportState.DONE}:
        return False
    if file.reading != reading:
        raise Refused(
            "changed_meanwhile", _("Somebody answered otherwise meanwhile. Look at what it would change now.")
        )
    if file.state == FileImportState.READY and not file.can_be_imported:
        raise Refused("open_questions", _("The file leaves questions open. Answer them first."))
    file.move_to(FileImportState.IMPORTING)
    file.is_taken = False
    file.rows_done = 0
    file.touched_at = at
    file.save(update_fields=["state", "is_taken", "rows_done", "touched_at"])
    return True


@transaction.atomic
def cancel_file(import_id: int, *, by: Actor, at: datetime) -> FileImport:
    """Let nothing of the file in. A recording that is under way is given up as a whole."""
    by.require(Permission.POST_METRICS)
    file = _lock(import_id, by=by)
    if file.state == FileImportState.DONE:
        raise InvalidTransition(
            _("It was too late: {name} is in already. A corrected file restates its numbers.").format(
                name=file.file_name
            )
        )
    file.move_to(FileImportState.CANCELLED)
    file.preview = {}
    file.touched_at = at
    file.save(update_fields=["state", "preview", "touched_at"])
    transaction.on_commit(lambda: throw_away(file.token))
    return file


def options_of(file: FileImport) -> ImportOptions:
    """What was said of the file. Its numbers are as old as the upload, however late somebody confirms."""
    asked = file.asked
    campaign, _, arm = asked["campaign"].partition("/")
    return ImportOptions(
        preset=asked["preset"],
        mapped=read_mapping(line for line in asked["map"].splitlines() if line.strip()),
        # Files that were given to an earlier version know of no sheets.
        sheet=asked.get("sheet", ""),
        campaign=campaign,
        arm=arm,
        source=asked["source"],
        day_order=asked["day_order"] or None,
        decimal_mark=asked["decimal_mark"] or None,
        reported_at=file.created_at.isoformat(),
        create_unplanned=asked["create_unplanned"],
        said=tuple(said_of(file)),
        remembers_columns=True,
        asks_about_namesakes=True,
    )


def said_of(file: FileImport) -> list[Said]:
    """The names that were assigned for this file."""
    return [
        Said(Spelled(*one["campaign"]), one["target"], level=one["level"], part=Spelled(*one["part"]))
        for one in file.asked["said"]
    ]


def _as_json(said: Said) -> dict[str, Any]:
    return {
        "campaign": list(said.campaign),
        "level": str(said.level),
        "part": list(said.part),
        "target": said.target,
    }


def _lock(import_id: int, *, by: Actor) -> FileImport:
    file = FileImport.objects.of(by.workspace).select_for_update().filter(pk=import_id).first()
    if file is None:
        raise NotFound(_("There is no such file here."))
    return file


def _checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    answers = {name: asked.get(name, "") for name in ANSWERS}
    answers["preset"] = answers["preset"] or "auto"
    answers["language"] = get_language() or settings.LANGUAGE_CODE
    answers["create_unplanned"] = bool(answers["create_unplanned"])
    if answers["preset"] not in PRESET_KEYS:
        raise Invalid.field(
            "preset", "unknown_preset", _("A preset is {names}.").format(names=listed(PRESET_KEYS, last="or"))
        )
    read_mapping(line for line in answers["map"].splitlines() if line.strip())
    return answers


def _make_source_of(file: FileImport, said: Iterable[Said], *, by: Actor) -> None:
    """Numbers that go to a campaign of another platform need the source that they come from."""
    source = file.preview.get("source", "")
    keys = [one.target for one in said if one.level == Level.CAMPAIGN and one.target not in {NEW, LEFT_OUT}]
    if source in {"", "generic"} or Source.objects.of(by.workspace).filter(key=source).exists():
        return
    if Campaign.objects.of(by.workspace).filter(key__in=keys).exclude(channel=source).exists():
        ensure_source(by.workspace, source)
