"""What the tests of a module begin with is built once: each works on top of it and takes back its own."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

import pytest
from django.db import transaction
from django.db.transaction import Atomic
from pytest_django import DjangoDbBlocker

T = TypeVar("T")
P = ParamSpec("P")


class Begin(Protocol):
    """Calls a function that builds rows: once for all tests after each other that begin with the same."""

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


@dataclass(frozen=True, slots=True)
class _Layer:
    name: str  # of the fixture that built it
    what: tuple[Any, ...]  # the function, and what it was given
    around: Atomic
    result: Any


class Beginnings:
    """Layers of rows in a transaction that is never committed, each in a savepoint above the one before.

    A test that asks for the same layers as the one before finds them; from the first that it does not ask for
    they are taken away, and the others are built anew. It gets a copy of what was built, so that it may
    change it.
    """

    def __init__(self, blocker: DjangoDbBlocker) -> None:
        self._blocker = blocker
        self._layers: list[_Layer] = []
        # How many of them this test has been given, and for which fixture it asks.
        self._given = 0
        self._name = ""

    def build_for(self, request: pytest.FixtureRequest) -> None:
        """Build all that a test begins with, so that nothing else is there."""
        names = _names_of_beginnings(request)
        kept = [layer.name for layer in itertools.takewhile(lambda layer: layer.name in names, self._layers)]
        self.cut(len(kept))
        self._given = 0
        for self._name in dict.fromkeys([*kept, *names]):
            request.getfixturevalue(self._name)
        self.cut(self._given)

    def build(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function makes of its arguments; its rows are there for every test that asks for it."""
        what, depth = (function, args, kwargs), self._given
        if depth == len(self._layers) or self._layers[depth].what != what:
            self.cut(depth)
            self._layers.append(self._lay(what))
        self._given = depth + 1
        result: T = copy.deepcopy(self._layers[depth].result)
        return result

    def _lay(self, what: tuple[Callable[..., Any], Any, Any]) -> _Layer:
        # The function may change what it is given.
        function, args, kwargs = copy.deepcopy(what)
        with self._blocker.unblock():
            around = transaction.atomic()
            # As that of a test case, it does not count for what has to be outermost.
            around._from_testcase = True  # type: ignore[attr-defined]
            around.__enter__()
            try:
                return _Layer(self._name, what, around, function(*args, **kwargs))
            except BaseException:
                transaction.set_rollback(rollback=True)
                around.__exit__(None, None, None)
                raise

    def cut(self, depth: int = 0) -> None:
        """Take the layers from this one on away."""
        with self._blocker.unblock():
            while len(self._layers) > depth:
                transaction.set_rollback(rollback=True)
                self._layers.pop().around.__exit__(None, None, None)


def _names_of_beginnings(request: pytest.FixtureRequest) -> list[str]:
    """The fixtures of the test that build rows for several tests, each after those that it takes."""
    fixtures = request.node._fixtureinfo.name2fixturedefs
    names: dict[str, None] = {}

    def add(name: str) -> None:
        takes = {taken for fixture in fixtures.get(name, ()) for taken in fixture.argnames} - {name}
        for taken in sorted(takes):
            add(taken)
        if "begin" in takes:
            names[name] = None

    for name in request.fixturenames:
        add(name)
    return list(names)


def begins_by_itself(item: pytest.Item) -> bool:
    """Whether the database is the test's before its fixtures are asked for, or is looked into by others."""
    return item.get_closest_marker("django_db") is not None or "transactional_db" in fixtures_of(item)


def fixtures_of(item: pytest.Item) -> list[str]:
    """The names of all its fixtures."""
    return getattr(item, "fixturenames", [])
