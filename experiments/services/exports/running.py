"""What a worker does with an uploaded file: read it for the preview, and record it once it is confirmed."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from experiments.choices import FileImportState
from experiments.exceptions import DomainError, NotAllowed
from experiments.models import FileImport
from experiments.services.exports.files import options_of
from experiments.services.exports.importing import compare, store, understand
from experiments.services.exports.keeping import content_of, throw_away, throw_away_strays
from experiments.services.exports.lines import Line
from experiments.services.exports.outcome import ImportOutcome
from experiments.services.exports.summary import MOST_SHOWN, summary
from workspaces.models import Membership
from workspaces.permissions import Actor

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]

# Lines between two looks at whether somebody cancelled.
LINES_AT_ONCE = 5_000
# A worker that has said nothing for so long is dead, and another one begins anew.
SILENCE = timedelta(minutes=10)
# A file that nobody confirmed or answered in this time is given up.
PATIENCE = timedelta(days=1)
_MOST_ERRORS = 20


class _GivenUpError(Exception):
    """Somebody cancelled, or answered otherwise: what this worker does is wanted no more."""


class _Taken:
    """One file in the hands of one worker, which tells how far it is and hears when to stop."""

    def __init__(self, file: FileImport, *, state: FileImportState, clock: Clock) -> None:
        self.file = file
        self.state = state
        self.clock = clock

    def progress(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines, counted where the page sees it."""
        lines = lines if isinstance(lines, Sequence) else list(lines)
        for start in range(0, len(lines), LINES_AT_ONCE):
            self.tell(rows_done=start, rows_total=len(lines))
            yield from lines[start : start + LINES_AT_ONCE]
        self.tell(rows_done=len(lines), rows_total=len(lines))

    def tell(self, **values: Any) -> None:
        """Write to the record, as long as this worker is the one that has it."""
        mine = FileImport.objects.filter(pk=self.file.pk, reading=self.file.reading, state=self.state)
        if not mine.update(touched_at=self.clock(), **values):
            raise _GivenUpError


def read_file(import_id: int, *, clock: Clock) -> None:
    """Read an uploaded file and keep what it would change, for the page. Running twice does it once."""
    at = clock()
    waiting = FileImport.objects.filter(pk=import_id, state=FileImportState.UPLOADED)
    if not waiting.update(state=FileImportState.READING, is_taken=True, touched_at=at):
        return
    taken = _take(import_id, FileImportState.READING, clock=clock)
    # What is asked and noted is put into words here, for whoever asked.
    with translation.override(taken.file.asked["language"]):
        _read(taken, at=at)


def _read(taken: _Taken, *, at: datetime) -> None:
    try:
        by = _actor(taken.file)
        read = understand(
            content_of(taken.file.token),
            options=options_of(taken.file),
            workspace=taken.file.workspace,
            progress=taken.progress,
        )
        outcome, preview = compare(read, by=by, at=at)
        found = summary(read, outcome, preview)
        taken.tell(state=FileImportState.READY, preview=found)
    except _GivenUpError:
        logger.info("File %s is not wanted any more.", taken.file.pk)
    except DomainError as error:
        _fail(taken, error)
    except Exception:
        _fail(taken, _unexpected())
        raise


def record_file(import_id: int, *, clock: Clock) -> ImportOutcome | None:
    """Store a file that was confirmed, all of it or nothing. Running twice stores it once.

    Returns ``None`` where nothing was stored.
    """
    confirmed = FileImport.objects.filter(pk=import_id, state=FileImportState.IMPORTING, is_taken=False)
    if not confirmed.update(is_taken=True, touched_at=clock()):
        return None
    taken = _take(import_id, FileImportState.IMPORTING, clock=clock)
    with translation.override(taken.file.asked["language"]):
        return _record(taken)


def _record(taken: _Taken) -> ImportOutcome | None:
    try:
        by = _actor(taken.file)
        content, options = content_of(taken.file.token), options_of(taken.file)
        read = understand(content, options=options, workspace=taken.file.workspace, progress=taken.progress)
        with transaction.atomic():
            # Whoever cancels from here on waits until it is in; who has cancelled before is heard.
            file = FileImport.objects.select_for_update().get(pk=taken.file.pk)
            if file.state != FileImportState.IMPORTING:
                raise _GivenUpError  # noqa: TRY301 - the one place that leaves the transaction
            outcome = store(read, file_name=file.file_name, by=by, at=taken.clock())
            file.move_to(FileImportState.DONE)
            file.batch_id = outcome.result.batch_id if outcome.result else None
            file.preview = _in_short(outcome)
            file.touched_at = taken.clock()
            file.save(update_fields=["state", "batch", "preview", "touched_at"])
    except _GivenUpError:
        logger.info("File %s is not wanted any more.", taken.file.pk)
        return None
    except DomainError as error:
        _fail(taken, error)
        return None
    except Exception:
        _fail(taken, _unexpected())
        raise
    throw_away(taken.file.token)
    return outcome


def waiting_files(*, at: datetime) -> tuple[list[int], list[int]]:
    """Files that no worker has in hand, to be read and to be recorded; those of dead workers among them."""
    silent = FileImport.objects.filter(touched_at__lt=at - SILENCE)
    silent.filter(state=FileImportState.READING).update(state=FileImportState.UPLOADED, is_taken=False)
    silent.filter(state=FileImportState.IMPORTING).update(is_taken=False)
    waiting = FileImport.objects.filter(is_taken=False).order_by("id")
    return (
        list(waiting.filter(state=FileImportState.UPLOADED).values_list("id", flat=True)),
        list(waiting.filter(state=FileImportState.IMPORTING).values_list("id", flat=True)),
    )


def tidy_files(*, at: datetime) -> int:
    """Give up files that nobody confirmed for a day, and delete what lies about; returns how many went."""
    old = FileImport.objects.filter(
        state__in=[FileImportState.READY, FileImportState.FAILED], touched_at__lt=at - PATIENCE
    )
    given_up = old.update(state=FileImportState.CANCELLED, preview={}, touched_at=at)
    return given_up + throw_away_strays(before=at)


def _take(import_id: int, state: FileImportState, *, clock: Clock) -> _Taken:
    file = FileImport.objects.select_related("workspace", "by").get(pk=import_id)
    return _Taken(file, state=state, clock=clock)


def _actor(file: FileImport) -> Actor:
    """Who gave the file, with the role that they have now."""
    membership = (
        Membership.objects.of(file.workspace).select_related("user", "workspace").filter(user=file.by).first()
    )
    if membership is None:
        raise NotAllowed(
            _("{person} is no member of this workspace any more. Upload the file yourself.").format(
                person=file.by
            )
        )
    return Actor.of_member(membership)


def _fail(taken: _Taken, error: DomainError) -> None:
    """Keep what was wrong; if somebody cancelled meanwhile, that stands."""
    errors = [{"message": item.message, "field": item.field} for item in error.errors[:_MOST_ERRORS]]
    told = {"code": error.code, "message": error.message, "errors": errors}
    FileImport.objects.filter(pk=taken.file.pk, reading=taken.file.reading, state=taken.state).update(
        state=FileImportState.FAILED, error=told, is_taken=False, touched_at=taken.clock()
    )


def _unexpected() -> DomainError:
    return DomainError(
        "unexpected", _("Something went wrong here, not in the file. Nothing was stored. Try again.")
    )


def _in_short(outcome: ImportOutcome) -> dict[str, Any]:
    return {
        "preset": outcome.preset,
        "received": outcome.received,
        "inserted": outcome.inserted,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "left_out": outcome.left_out,
        "baseline": [one.as_dict() for one in outcome.baseline[:MOST_SHOWN]],
    }
