"""What workers do with uploaded files: how they tell and stop, and what is left when they die."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from experiments.choices import FileImportState
from experiments.exceptions import Refused
from experiments.models import Campaign, FileImport, Observation, ObservationBatch
from experiments.services.exports import (
    answer_file,
    cancel_file,
    confirm_file,
    import_export,
    importing,
    preview_import,
    read_file,
    record_file,
    running,
    tidy_files,
    upload_file,
    waiting_files,
)
from experiments.services.exports.files import MOST_OPEN
from experiments.services.exports.names import Said, Spelled, remember_names
from experiments.services.exports.outcome import ImportOptions
from experiments.tasks import record_import, take_up_imports, tidy_imports
from tests.metrics.conftest import A_DAY, table
from workspaces.models import Membership
from workspaces.permissions import Actor

ASKED = {"campaign": "hook-test/b", "source": "meta"}


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.IMPORTS_DIR = tmp_path / "imports"
    return tmp_path / "imports"


@pytest.fixture
def file(actor: Actor, campaign: Campaign, at: datetime) -> FileImport:
    """A file of one arm, uploaded and not yet read."""
    return given(actor, at)


def given(actor: Actor, at: datetime) -> FileImport:
    content = table("day,clicks", f"{A_DAY},5", f"{A_DAY - timedelta(days=1)},6")
    return upload_file("days.csv", chunks=[content], asked=ASKED, by=actor, at=at)


def read(file: FileImport, at: datetime) -> None:
    read_file(file.pk, clock=lambda: at)
    file.refresh_from_db()


def test_reading__lines_by_the_thousand__tells_how_far_it_is(
    file: FileImport, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    tell = running._Taken.tell

    def listen(self: running._Taken, **values: object) -> None:
        told.append(values)
        tell(self, **values)

    monkeypatch.setattr(running, "LINES_AT_ONCE", 1)
    monkeypatch.setattr(running._Taken, "tell", listen)
    read(file, at)
    assert told[:3] == [{"rows_done": done, "rows_total": 2} for done in (0, 1, 2)]
    assert (file.state, file.rows_done) == (FileImportState.READY, 2)


@pytest.mark.parametrize("stage", ["reading", "importing"])
def test_worker__cancelled_in_the_middle__stops_and_leaves_nothing(
    file: FileImport, actor: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    if stage == "importing":
        read(file, at)
        confirm_file(file.pk, reading=file.reading, by=actor, at=at)
    lines_read = []
    progress = running._Taken.progress

    def cancel_after_the_first(self: running._Taken, lines: list[object]) -> Iterator[object]:
        for line in progress(self, lines):  # type: ignore[arg-type]
            lines_read.append(line)
            if len(lines_read) == 1:
                cancel_file(file.pk, by=actor, at=at)
            yield line

    monkeypatch.setattr(running, "LINES_AT_ONCE", 1)
    monkeypatch.setattr(running._Taken, "progress", cancel_after_the_first)
    (read_file if stage == "reading" else record_file)(file.pk, clock=lambda: at)
    file.refresh_from_db()
    assert file.state == FileImportState.CANCELLED
    assert len(lines_read) == 1
    assert not Observation.objects.exists()


def test_recording__cancelled_when_all_is_read__stores_nothing(
    file: FileImport, actor: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(file, at)
    confirm_file(file.pk, reading=file.reading, by=actor, at=at)

    def cancel_then(*args: object, **options: object) -> object:
        understood = importing.understand(*args, **options)  # type: ignore[arg-type]
        cancel_file(file.pk, by=actor, at=at)
        return understood

    monkeypatch.setattr(running, "understand", cancel_then)
    assert record_file(file.pk, clock=lambda: at) is None
    assert not Observation.objects.exists()
    assert not ObservationBatch.objects.exists()


def test_recording__fails_in_the_middle__stores_nothing_and_says_so(
    file: FileImport, actor: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(file, at)
    confirm_file(file.pk, reading=file.reading, by=actor, at=at)

    def store_and_break(*args: object, **options: object) -> None:
        importing.store(*args, **options)  # type: ignore[arg-type]
        raise OSError("The disk is full.")

    monkeypatch.setattr(running, "store", store_and_break)
    with pytest.raises(OSError, match="disk is full"):
        record_file(file.pk, clock=lambda: at)
    file.refresh_from_db()
    assert (file.state, file.error["code"]) == (FileImportState.FAILED, "unexpected")
    assert not Observation.objects.exists()


def test_answer__while_it_is_read__makes_the_first_worker_read_in_vain(
    file: FileImport, actor: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:

    def answer_then(*args: object, **options: object) -> object:
        answer_file(file.pk, asked={**ASKED, "campaign": "hook-test/a"}, by=actor, at=at)
        monkeypatch.setattr(running, "compare", importing.compare)
        return importing.compare(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "compare", answer_then)
    read(file, at)
    assert (file.state, file.reading) == (FileImportState.UPLOADED, 2)
    read(file, at)
    assert file.state == FileImportState.READY


def test_confirmation__of_a_preview_that_is_another_by_now__is_refused(
    file: FileImport, actor: Actor, at: datetime
) -> None:
    read(file, at)
    answer_file(file.pk, asked=ASKED, by=actor, at=at)
    read(file, at)
    with pytest.raises(Refused, match="answered otherwise"):
        confirm_file(file.pk, reading=1, by=actor, at=at)


def test_worker__died__another_one_begins_anew(file: FileImport, actor: Actor, at: datetime) -> None:
    FileImport.objects.update(state=FileImportState.READING, is_taken=True)
    assert waiting_files(at=at + timedelta(minutes=1)) == ([], [])
    assert waiting_files(at=at + timedelta(minutes=11)) == ([file.pk], [])
    read(file, at)
    confirm_file(file.pk, reading=file.reading, by=actor, at=at)
    FileImport.objects.update(is_taken=True)
    assert waiting_files(at=at + timedelta(minutes=11)) == ([], [file.pk])


def test_tasks__files_that_wait__are_handed_out_and_judged_once_they_are_in(
    file: FileImport, actor: Actor, campaign: Campaign, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[tuple[str, object]] = []
    monkeypatch.setattr("experiments.tasks.enqueue", lambda task, *args: handed.append((task.name, *args)))
    take_up_imports()
    read(file, at)
    confirm_file(file.pk, reading=file.reading, by=actor, at=at)
    take_up_imports()
    record_import(file.pk)
    assert handed == [
        ("experiments.tasks.read_import", file.pk),
        ("experiments.tasks.record_import", file.pk),
        ("experiments.tasks.judge_campaigns", [campaign.pk]),
    ]


def test_reading__by_somebody_who_is_no_member_any_more__is_refused(
    file: FileImport, actor: Actor, at: datetime
) -> None:
    Membership.objects.filter(user=actor.user).delete()
    read(file, at)
    assert (file.state, file.error["code"]) == (FileImportState.FAILED, "not_allowed")


def test_reading__file_is_gone__says_what_may_be_wrong(file: FileImport, folder: Path, at: datetime) -> None:
    (folder / str(file.token)).unlink()
    read(file, at)
    assert "do not share one VAR_DIR" in file.error["message"]


def test_upload__too_many_wait__is_refused(actor: Actor, campaign: Campaign, at: datetime) -> None:
    for _ in range(MOST_OPEN):
        given(actor, at)
    with pytest.raises(Refused, match="wait for an answer already"):
        given(actor, at)


def test_kept_file__others_on_the_machine__cannot_read_it(file: FileImport, folder: Path) -> None:
    assert (folder / str(file.token)).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_tidying__what_nobody_confirmed_and_what_lies_about__goes(
    file: FileImport, actor: Actor, folder: Path, at: datetime
) -> None:
    read(file, at)
    stray, fresh = folder / "stray", folder / "fresh"
    for path in (stray, fresh):
        path.write_bytes(b"x")
    later = at + timedelta(days=1, hours=1)
    for path in (stray, folder / str(file.token)):
        os.utime(path, (at.timestamp(), at.timestamp()))
    os.utime(fresh, (later.timestamp(), later.timestamp()))
    assert tidy_files(at=at + timedelta(minutes=5)) == 0
    assert tidy_files(at=later) == 3
    file.refresh_from_db()
    assert file.state == FileImportState.CANCELLED
    assert [path.name for path in folder.iterdir()] == ["fresh"]
    # By the clock on the wall, that one is old by now.
    assert tidy_imports() == 1


def test_command_and_rest__names_said_on_a_page__read_them_so_too(
    actor: Actor, campaign: Campaign, at: datetime
) -> None:
    content = table(
        "Campaign name,Ad set name,Day,Amount spent (USD),Link clicks", f"Autumn,Cold,{A_DAY},5.00,7"
    )
    asked = preview_import(content, options=ImportOptions(), by=actor, at=at)
    assert [question.code for question in asked.questions] == ["unknown_campaign"]
    autumn = Spelled("", "Autumn")
    said = [
        Said(autumn, "hook-test"),
        Said(autumn, "hook-test/b", level="ad_set", part=Spelled("", "Cold")),
    ]
    remember_names("meta", said, by=actor, at=at)
    import_export(content, file_name="a.csv", options=ImportOptions(), by=actor, at=at)
    assert Observation.objects.get().arm.key == "b"
