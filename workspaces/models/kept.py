"""What was worked out of the same numbers before need not be worked out again."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.core.cache import caches

from workspaces.models.content import digest_of

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")


def kept(function: Callable[Given, ResultT]) -> Callable[Given, ResultT]:
    """The same function, whose latest results are kept by the digest of everything that it is given.

    For one whose result follows from its arguments alone: it reads neither the database nor the clock, and
    speaks no language but English. Its results are kept beside the parts of pages that are drawn from them.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def result(*given: Given.args, **named: Given.kwargs) -> ResultT:
        if not settings.KEEPS_DRAWINGS:
            return function(*given, **named)
        key = f"{name}.{digest_of(given, named)}"
        known: tuple[ResultT] | None = caches["drawn"].get(key)
        if known is None:
            # None may be a result, too.
            known = (function(*given, **named),)
            caches["drawn"].set(key, known)
        return known[0]

    return result
