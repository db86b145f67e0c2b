"""A query's rows as columns: one array for each, instead of a Python object for every value.

PostgreSQL packs all rows into one string of bytes, which arrays read as they are: without nulls, each row is
as long as the next. Elsewhere the rows are fetched.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Expression, F, FloatField, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

# whole: int64. amount: float64, NaN for null. day: its ordinal. moment: microseconds since 1970.
Kind = Literal["whole", "amount", "day", "moment"]
Columns = Mapping[str, npt.NDArray[Any]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMPY: dict[Kind, str] = {"whole": "i8", "amount": "f8", "day": "i8", "moment": "i8"}
# How PostgreSQL packs each, with the most significant byte first, counting time from 2000 on.
_SENT: dict[Kind, tuple[str, str]] = {
    "whole": ("int8send", ">i8"),
    "amount": ("float8send", ">f8"),
    "day": ("date_send", ">i4"),
    "moment": ("timestamptz_send", ">i8"),
}
_ZERO: dict[Kind, int] = {
    "day": date(2000, 1, 1).toordinal(),
    "moment": (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND,
}


def amount(expression: Expression | str) -> Expression:
    """A number for a column of amounts: null is not a number."""
    given = F(expression) if isinstance(expression, str) else expression
    return Coalesce(Cast(given, FloatField()), Value(math.nan), output_field=FloatField())


def microseconds(at: datetime) -> int:
    """A moment as a column holds it."""
    return (at - _EPOCH) // _MICROSECOND


def moment(since_1970: int | np.integer[Any]) -> datetime:
    """The same the other way round."""
    return _EPOCH + timedelta(microseconds=int(since_1970))


def read_columns(query: QuerySet[Any, Any], kinds: Mapping[str, Kind]) -> Columns:
    """These columns of a query, by name. None of them may have nulls; see ``amount``."""
    read = _packed if connections[query.db].vendor == "postgresql" else _fetched
    return read(query.values_list(*kinds), kinds)


def _packed(rows: QuerySet[Any, Any], kinds: Mapping[str, Kind]) -> Columns:
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows of itself that there is nothing to ask for.
        return {name: np.zeros(0, dtype=_NUMPY[kind]) for name, kind in kinds.items()}
    packed = " || ".join(f'{_SENT[kind][0]}("{name}")' for name, kind in kinds.items())
    names = ", ".join(f'"{name}"' for name in kinds)
    with connections[rows.db].cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), string_agg({packed}, '') FROM ({statement}) AS rows ({names})",  # noqa: S608
            parameters,
        )
        count, sent = cursor.fetchone()
    table = np.frombuffer(sent or b"", [(name, _SENT[kind][1]) for name, kind in kinds.items()])
    if len(table) != count:
        # A row with a null in it packs to null.
        raise _nulls(kinds)
    return {name: table[name].astype(_NUMPY[kind]) + _ZERO.get(kind, 0) for name, kind in kinds.items()}


def _fetched(rows: QuerySet[Any, Any], kinds: Mapping[str, Kind]) -> Columns:
    fetched = list(zip(*rows, strict=True)) or [()] * len(kinds)
    columns = dict(zip(kinds, fetched, strict=True))
    if any(None in column for name, column in columns.items() if kinds[name] != "amount"):
        raise _nulls(kinds)
    return {
        name: np.array([_plain(value) for value in column], dtype=_NUMPY[kinds[name]])
        for name, column in columns.items()
    }


def _nulls(kinds: Mapping[str, Kind]) -> ValueError:
    return ValueError(f"There are nulls in {', '.join(kinds)}; only an amount may have some.")


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return microseconds(value)
        case date():
            return value.toordinal()
        case _:
            return value
