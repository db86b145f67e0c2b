"""The broker of files, made safe for processes that are killed.

Kombu's own writes its files where others read them: who looks while another writes, or after one was killed
or met a full disk, finds half a message, and the worker that cannot read it stops altogether. Here a file
appears whole or not at all, and what is no message is passed over.
"""

import fcntl
import logging
import os
import uuid
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

Binding = filesystem.exchange_queue_t
logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """One file a message, in the order in which they came."""

    # Its bases name the second differently.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time_ns()}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(folder / name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in sorted(Path(self.data_folder_in).iterdir()):
            if path.name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = path.with_name(f"{path.name}.{os.getpid()}.taken")
            try:
                # Of all who see it, one can rename it.
                path.rename(taken)
                text = taken.read_text()
                taken.unlink()
            except OSError:
                continue
            try:
                return loads(text)
            except ValueError:
                logger.warning("%s is no message and was thrown away.", path.name)
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        try:
            return [Binding(*binding) for binding in loads(self._table(exchange).read_text())]
        except (FileNotFoundError, ValueError):
            return []

    def _table(self, exchange: str) -> Path:
        # A name comes from our settings and from Celery, never from outside.
        return Path(self.control_folder / f"{exchange}.exchange")

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("w") as lock:
            # Let go of when it is closed, or whoever holds it is killed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            binding, known = Binding(routing_key or "", pattern or "", queue or ""), self.get_table(exchange)
            if binding not in known:
                _write_whole(self._table(exchange), dumps([binding, *known]))


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{uuid.uuid4()}.draft")
    try:
        draft.write_text(text)
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ChannelError(f"Cannot write {path}: {error}") from error


class Transport(filesystem.Transport):
    Channel = Channel


def use_safe_files() -> None:
    """Let addresses that begin with ``filesystem:`` mean this broker."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
