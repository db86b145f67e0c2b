"""Subqueries that are put into SQL once, for query sets that a module keeps for every request."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler


class CompiledOnce(models.Subquery):
    """A subquery that remembers its SQL.

    Where Django changes a query, it changes a copy, so the SQL holds for as long as the query is the same
    object. One that is made anew for each request is compiled as often as before.
    """

    _compiled: tuple[Query, tuple[Any, ...], str, list[Any]] | None = None

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        template: str | None = None,
        **extra_context: Any,
    ) -> Any:
        asked = (connection.vendor, template, extra_context)
        kept = self._compiled
        if kept is None or kept[0] is not self.query or kept[1] != asked:
            sql, parameters = super().as_sql(compiler, connection, template, **extra_context)
            kept = self._compiled = (self.query, asked, sql, list(parameters))
        return kept[2], [*kept[3]]
