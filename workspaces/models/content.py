"""What values say, as a digest: two that have the same digest show the same on a page."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, singledispatch
from hashlib import blake2b
from itertools import count
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import JSONField, Model, QuerySet, TextChoices
from django.utils.functional import LazyObject, Promise, cached_property
from django.utils.safestring import SafeString

from workspaces.models.rows import RowsQuerySet

# They say themselves whole, and a number what kind it is: 1, True and Decimal("1.0") look different.
_PLAIN = frozenset({str, int, float, bool, type(None), bytes, Decimal, date, datetime, time, timedelta, UUID})


def digest_of(*values: object) -> str:
    """A digest of everything that these values say, to their last digit; of a row not its key alone.

    Models say their columns, what was annotated, and the rows that were read along; dataclasses their fields.
    Another process may give another digest. Raises ``TypeError`` for what may say something else the next
    time it is asked, like a function.
    """
    return blake2b(repr(_content(values, {})).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


# What ``kept`` has in its hands says the same for good: its names by identity. The things stand beside their
# names, so that nothing else gets their identity.
NAMES_OF_KEPT: dict[int, tuple[str, object]] = {}

_shapes = count()
# The models and mappings that were met, by identity, each with how many were met before it.
Met = dict[int, tuple[int, object]]


@singledispatch
def _content(value: Any, met: Met) -> Any:
    """The value as plain values; no model and no mapping is told twice."""
    if (named := NAMES_OF_KEPT.get(id(value))) is not None:
        return ["kept", named[0]]
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"What a {type(value).__qualname__} says cannot be told for good.")
    kind = type(value)
    return [kind.__qualname__, _each([getattr(value, name) for name in _names(kind)], met)]


# As ``singledispatch`` finds it, without asking each time.
_way: Callable[[Any], Callable[[Any, Met], Any]] = cache(_content.dispatch)


def _each(values: Iterable[Any], met: Met) -> list[Any]:
    return [value if type(value) in _PLAIN else _way(type(value))(value, met) for value in values]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


_content.register(list, _each)
_content.register(tuple, _each)


@_content.register
def _of_rows(rows: QuerySet, met: Met) -> Any:  # type: ignore[type-arg]
    if isinstance(rows, RowsQuerySet) and (told := rows.unread) is not None:
        return ["unread", told]
    read = rows._result_cache  # noqa: SLF001 - asking for it in another way takes longer than telling it
    return _each(list(rows) if read is None else read, met)


@_content.register
def _of_mapping(mapping: Mapping, met: Met) -> Any:  # type: ignore[type-arg]
    if id(mapping) in met:
        return ["met", met[id(mapping)][0]]
    met[id(mapping)] = (len(met), mapping)
    return ["mapping", _each(mapping, met), _each(mapping.values(), met)]


@_content.register
def _of_set(values: AbstractSet, met: Met) -> Any:  # type: ignore[type-arg]
    return ["set", sorted(_each(values, met), key=repr)]


@_content.register(TextChoices)
@_content.register(Enum)
def _of_enum(value: Enum, met: Met) -> Any:
    return [type(value).__qualname__, value.name]


@_content.register(str)
@_content.register(Promise)
def _of_text(text: object, met: Met) -> Any:
    return str(text)


@_content.register
def _of_safe_text(text: SafeString, met: Met) -> Any:
    return ["safe", str(text)]


@_content.register
def _of_array(array: np.ndarray, met: Met) -> Any:
    return [array.dtype.str, array.shape, array.tobytes()]


@_content.register
def _of_lazy(value: LazyObject, met: Met) -> Any:  # type: ignore[type-arg]
    # Asked for anything, it has become what it stands for.
    bool(value)
    return _of_model(value.__dict__["_wrapped"], met)


@_content.register
def _of_model(row: Model, met: Met) -> Any:
    if id(row) in met:
        return ["met", met[id(row)][0]]
    met[id(row)] = (len(met), row)
    told = row.__dict__.copy()
    for name in _untold(type(row)) & told.keys():
        del told[name]
    for name in _as_they_are(type(row)) & told.keys():
        told[name] = repr(told[name])
    pointed_to = told.pop("_state").__dict__.get("fields_cache")
    read_along = told.pop("_prefetched_objects_cache", None)
    kind = type(row)
    content = [_shape(kind, *told), _each(told.values(), met)]
    for more in (pointed_to, read_along):
        if more:
            content += [_shape(kind, *more), _each(more.values(), met)]
    return content


@cache
def _shape(kind: type[Model], *names: str) -> int:
    """A number that stands for these columns of this model, for as long as the process lives."""
    return next(_shapes)


@cache
def _as_they_are(model: type[Model]) -> frozenset[str]:
    """Columns of JSON, of which there is no telling more than they say of themselves."""
    fields = model._meta.concrete_fields  # noqa: SLF001 (Django's documented API)
    return frozenset(field.attname for field in fields if isinstance(field, JSONField))


@cache
def _untold(model: type[Model]) -> frozenset[str]:
    """What follows from the columns, and columns that nobody is shown."""
    return frozenset(getattr(model, "NEVER_SHOWN", ())) | frozenset(
        name
        for kind in model.__mro__
        for name, value in vars(kind).items()
        if isinstance(value, cached_property)
    )
