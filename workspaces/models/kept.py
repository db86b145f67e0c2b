"""What was worked out of the same numbers before need not be worked out again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import WeakSet

from django.conf import settings

from workspaces.models.content import NAMES_OF_KEPT, digest_of

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")

# Some 5 KB each.
MOST_KEPT = 2000
_every: "WeakSet[Latest[Any]]" = WeakSet()


class Latest(Generic[ResultT]):
    """What this process was asked for last, of things that never change: no more than there is room for.

    Whoever asks again gets the same object, so nobody may change it.
    """

    def __init__(
        self,
        *,
        room: int,
        entering: Callable[[Hashable, ResultT], object] = lambda _key, _thing: None,
        leaving: Callable[[Hashable, ResultT], object] = lambda _key, _thing: None,
    ) -> None:
        """``entering`` and ``leaving``: what is done about a thing while nobody else finds or drops any."""
        self._room, self._entering, self._leaving = room, entering, leaving
        self._taken = 0
        # Each with the room that it takes; what was asked for last is at the end.
        self._kept: OrderedDict[Hashable, tuple[ResultT, int]] = OrderedDict()
        self._lock = Lock()
        _every.add(self)

    def find(self, key: Hashable) -> ResultT | None:
        """``None`` where it is not kept, or not any more."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, thing: ResultT, *, size: int = 1) -> None:
        with self._lock:
            self._drop(key)
            self._kept[key] = (thing, size)
            self._taken += size
            self._entering(key, thing)
            while self._taken > self._room:
                self._drop(next(iter(self._kept)))

    def forget(self) -> None:
        with self._lock:
            for key in list(self._kept):
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        if key in self._kept:
            thing, size = self._kept.pop(key)
            self._taken -= size
            self._leaving(key, thing)


def kept(
    function: Callable[Given, ResultT],
    *,
    by: Callable[Given, object] | None = None,
    most: int = MOST_KEPT,
) -> Callable[Given, ResultT]:
    """The same function, whose latest results are kept by the digest of everything that it is given.

    For one whose result follows from its arguments alone: it does not read the clock, speaks no language but
    English, and reads from the database at most what an argument names by its version. ``by``: what the
    result follows from, where its arguments say more than that. ``most``: how many are kept.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    results: Latest[tuple[ResultT, _Names]] = Latest(
        room=most,
        entering=lambda _key, found: NAMES_OF_KEPT.update(found[1]),
        leaving=lambda _key, found: _unname(found[1]),
    )

    @wraps(function)
    def result(*given: Given.args, **named: Given.kwargs) -> ResultT:
        if not settings.KEEPS_DRAWINGS:
            return function(*given, **named)
        key = digest_of(by(*given, **named)) if by is not None else digest_of(given, named)
        found = results.find(key)
        if found is None:
            made = function(*given, **named)
            found = (made, _names(f"{name}.{key}", made))
            results.keep(key, found)
        return found[0]

    return result


_Names = dict[int, tuple[str, object]]


def _names(name: str, result: object) -> _Names:
    """What is kept with a result and told of by a name, by identity: itself, what it maps keys to, and what
    its class has in ``KEPT_PARTS``.

    A part in a sequence is told of by what it says: in the next result most of them say the same.
    """
    whole = result.items() if isinstance(result, Mapping) else [("", result)]
    parts = [(part, getattr(result, part)) for part in getattr(result, "KEPT_PARTS", ())]
    told = (*whole, *parts)
    names: _Names = {id(thing): (f"{name}.{place}", thing) for place, thing in told if is_dataclass(thing)}
    for _, things in parts:
        if isinstance(things, list):
            names |= {id(thing): (digest_of(thing), thing) for thing in things if is_dataclass(thing)}
    return names


def _unname(names: _Names) -> None:
    for identity, told in names.items():
        # What is kept twice goes on by its other name.
        if NAMES_OF_KEPT.get(identity) is told:
            NAMES_OF_KEPT.pop(identity, None)


def forget_results() -> None:
    for latest in _every:
        latest.forget()
