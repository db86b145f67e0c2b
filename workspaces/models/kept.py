"""What was worked out of the same numbers before need not be worked out again."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from django.conf import settings

from workspaces.models.content import digest_of

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")

# Some 5 KB each.
MOST_KEPT = 2000
# The results that were asked for last, the latest at the end.
_results: OrderedDict[str, Any] = OrderedDict()
_lock = Lock()


def kept(
    function: Callable[Given, ResultT], *, by: Callable[Given, object] | None = None
) -> Callable[Given, ResultT]:
    """The same function, whose latest results are kept by the digest of everything that it is given.

    For one whose result follows from its arguments alone: it reads neither the database nor the clock, and
    speaks no language but English. Whoever asks again gets the same object, so nobody may change it.
    ``by``: what the result follows from, where its arguments say more than that.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def result(*given: Given.args, **named: Given.kwargs) -> ResultT:
        if not settings.KEEPS_DRAWINGS:
            return function(*given, **named)
        said = digest_of(by(*given, **named)) if by is not None else digest_of(given, named)
        key = f"{name}.{said}"
        with _lock:
            if key in _results:
                _results.move_to_end(key)
                found: ResultT = _results[key]
                return found
        found = function(*given, **named)
        with _lock:
            _results[key] = found
            while len(_results) > MOST_KEPT:
                _results.popitem(last=False)
        return found

    return result


def forget_results() -> None:
    with _lock:
        _results.clear()
