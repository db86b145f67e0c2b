"""``among``: the lookup ``in`` for keys by the hundred, as one parameter instead of one for each."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignObject, IntegerField, Lookup
from django.db.models.sql.compiler import SQLCompiler

from workspaces.models.prepared import Given


@IntegerField.register_lookup
@ForeignObject.register_lookup
class Among(Lookup):
    """Whether a whole number is one of these: ``arm_id__among=[1, 2, 3]``.

    The statement is the same however many there are, so that nobody takes it apart anew, and no database
    counts its parameters.
    """

    lookup_name = "among"

    def get_prep_lookup(self) -> "list[int] | GivenKeys":
        if isinstance(self.rhs, GivenKeys):
            return self.rhs
        numbers: Iterable[int] = self.rhs
        return [int(number) for number in numbers]

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*parameters, self._keys(connection)]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        sql = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - the column is the compiler's
        return sql, [*parameters, self._keys(connection)]

    def _keys(self, connection: BaseDatabaseWrapper) -> "str | GivenKeys":
        return self.rhs if isinstance(self.rhs, GivenKeys) else _as_text(self.rhs, connection)


class GivenKeys(Given):
    """Keys that are still to be given: ``pk__among=GivenKeys("campaigns")``."""

    def __init__(self, name: str) -> None:
        super().__init__(name, IntegerField())

    def bound(self, given: dict[str, Any], connection: BaseDatabaseWrapper) -> str:
        return _as_text([int(number) for number in given[self.name]], connection)


def _as_text(keys: list[int], connection: BaseDatabaseWrapper) -> str:
    """As one text: a list would be put into words number by number."""
    told = json.dumps(keys)
    return f"{{{told[1:-1]}}}" if connection.vendor == "postgresql" else told
