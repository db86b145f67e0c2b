"""Queries that every page asks, put into SQL once for all of them."""
# ruff: noqa: SLF001 - an extension of the query set, for which Django has no other doors

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

ModelT = TypeVar("ModelT", bound=models.Model)


class Given(Expression):
    """A value that is still to be given: ``Given("user", IntegerField())`` where the value would stand."""

    def __init__(self, name: str, output_field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return "%s", [self]

    def bound(self, given: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_value(given[self.name], connection)


class Prepared(Generic[ModelT]):
    """A query set with places for values, whose SQL is kept: ``Prepared(lambda: rows).read(user=user.pk)``.

    Django puts a query set into SQL as often as it is read, which for a small table takes longer than the
    database's answer.
    """

    def __init__(self, make: "Callable[[], models.QuerySet[ModelT]]") -> None:
        self._make = make

    def read(self, **given: Any) -> list[ModelT]:
        """The rows for these values."""
        rows, compiler, sql, parameters = self._compiled
        mine = copy(compiler)
        # A connection is one thread's.
        mine.connection = connections[rows.db]
        bound = [one.bound(given, mine.connection) if isinstance(one, Given) else one for one in parameters]
        mine.as_sql = lambda *_args, **_kwargs: (sql, tuple(bound))  # type: ignore[method-assign]
        asked = rows._chain()
        asked.query.get_compiler = lambda *_args, **_kwargs: mine
        return list(asked)

    @cached_property
    def _compiled(self) -> "tuple[Any, SQLCompiler, str, tuple[Any, ...]]":
        """The query set, what has compiled it, its SQL and the parameters."""
        rows: Any = self._make()
        compiler = rows.query.get_compiler(using=rows.db)
        sql, parameters = compiler.as_sql()
        return rows, compiler, sql, tuple(parameters)
