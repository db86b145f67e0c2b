"""``among``: the lookup ``in`` for keys by the hundred, as one parameter instead of one for each."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignObject, IntegerField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@IntegerField.register_lookup
@ForeignObject.register_lookup
class Among(Lookup):
    """Whether a whole number is one of these: ``arm_id__among=[1, 2, 3]``.

    The statement is the same however many there are, so that nobody takes it apart anew, and no database
    counts its parameters.
    """

    lookup_name = "among"

    def get_prep_lookup(self) -> list[int]:
        numbers: Iterable[int] = self.rhs
        return [int(number) for number in numbers]

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        # As one text: a list would be put into words number by number.
        return f"{column} = ANY(%s::bigint[])", [*parameters, f"{{{','.join(map(str, self.rhs))}}}"]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        sql = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - the column is the compiler's
        return sql, [*parameters, json.dumps(self.rhs)]
