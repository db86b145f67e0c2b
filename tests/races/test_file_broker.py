"""The embedded broker: a message is there whole or not at all, and nothing in its folder stops the worker."""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from threading import Event
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from config.broker import Channel
from config.celery import app
from config.environment import broker
from tests.racing import race
from workspaces.tasks import enqueue, publish_events


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    return tmp_path


@pytest.fixture
def channel(folder: Path) -> Iterator[Channel]:
    url, options = broker(embedded=folder)
    with Connection(url, transport_options=options) as connection:
        channel = connection.channel()
        assert isinstance(channel, Channel)
        yield channel


def messages(folder: Path) -> list[Path]:
    return list((folder / "messages").iterdir())


def test_message__put__is_got_once_and_in_order(channel: Channel, folder: Path) -> None:
    for number in range(3):
        channel._put("celery", {"number": number})
    channel._put("other", {"number": 9})
    assert [channel._get("celery")["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        channel._get("celery")
    assert channel._get("other") == {"number": 9}
    assert messages(folder) == []


def test_message__while_it_is_written__is_not_there_yet(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def look_and_write(path: Path, text: str) -> int:
        written = write(path, text[:3])
        with pytest.raises(Empty):
            channel._get("celery")
        return written + write(path, text)

    monkeypatch.setattr(Path, "write_text", look_and_write)
    channel._put("celery", {"number": 1})
    assert channel._get("celery") == {"number": 1}


@pytest.mark.parametrize("content", [b"", b'{"body": "W1'])
def test_message__half_of_one__is_passed_over(channel: Channel, folder: Path, content: bytes) -> None:
    (folder / "messages" / "0_half.celery.msg").write_bytes(content)
    channel._put("celery", {"number": 1})
    assert channel._get("celery") == {"number": 1}
    assert messages(folder) == []


def test_message__on_a_full_disk__leaves_nothing_behind(
    channel: Channel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(path: Path, text: str) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill_up)
    with pytest.raises(ChannelError):
        channel._put("celery", {"number": 1})
    assert messages(folder) == []


def test_messages__got_by_four_at_once__each_by_one(channel: Channel) -> None:
    for number in range(100):
        channel._put("celery", {"number": number})
    got: list[int] = []

    def empty() -> None:
        while True:
            try:
                got.append(channel._get("celery")["number"])
            except Empty:
                return

    assert race(*[empty] * 4) == ["done"] * 4
    assert sorted(got) == list(range(100))


@pytest.mark.parametrize("content", [None, b"", b'[["celery", "'])
def test_table__cut_off_by_a_killed_process__is_written_anew(
    channel: Channel, folder: Path, content: bytes | None
) -> None:
    if content is not None:
        (folder / "control").mkdir()
        (folder / "control" / "celery.exchange").write_bytes(content)
    assert channel.get_table("celery") == []
    for queue in ("celery", "other", "celery"):
        channel._queue_bind("celery", queue, "", queue)
    assert sorted(binding.queue for binding in channel.get_table("celery")) == ["celery", "other"]


def test_enqueue__broker_refuses_in_its_own_way__says_so_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Event()

    def refuse(*args: Any, **kwargs: Any) -> None:
        asked.set()
        raise ChannelError("Cannot write")

    monkeypatch.setattr(app, "send_task", refuse)
    monkeypatch.setattr(publish_events, "apply_async", refuse)
    assert not enqueue(publish_events)
    assert asked.is_set()
