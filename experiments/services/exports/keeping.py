"""Uploaded files on the disk, from the upload to the end of their import."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from experiments.exceptions import Invalid
from experiments.models import FileImport

MEGABYTE = 2**20
LARGEST_FILE = 25 * MEGABYTE


def keep(token: UUID, chunks: Iterable[bytes]) -> int:
    """Write a file; returns its size. Raises ``Invalid`` where it is too large or empty."""
    path = _path(token)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            size = _write(file, chunks)
    except BaseException:
        throw_away(token)
        raise
    return size


def _write(file: BinaryIO, chunks: Iterable[bytes]) -> int:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_FILE:
            what = _("The file is larger than 25 MB. Export fewer days at once.")
            raise Invalid.field("file", "too_large", what)
        file.write(chunk)
    if not size:
        raise Invalid.field("file", "empty_file", _("The file is empty."))
    return size


def content_of(token: UUID) -> bytes:
    """The file. Raises ``Invalid`` where it is gone."""
    try:
        return _path(token).read_bytes()
    except FileNotFoundError:
        raise Invalid(
            "file_gone",
            _(
                "The uploaded file is not there any more. Upload it again; if that does not help, web server "
                "and worker do not share one VAR_DIR."
            ),
        ) from None


def throw_away(token: UUID) -> None:
    with suppress(FileNotFoundError):
        _path(token).unlink()


def throw_away_strays(*, before: datetime) -> int:
    """Delete files whose import is over, or was never recorded; returns how many."""
    folder = Path(settings.IMPORTS_DIR)
    if not folder.is_dir():
        return 0
    kept = {str(token) for token in FileImport.objects.open().values_list("token", flat=True)}
    strays = [
        path
        for path in folder.iterdir()
        # One that is being uploaded has no record yet.
        if path.name not in kept and path.stat().st_mtime < (before - timedelta(hours=1)).timestamp()
    ]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)


def _path(token: UUID) -> Path:
    return Path(settings.IMPORTS_DIR) / str(token)
