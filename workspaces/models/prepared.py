"""Queries that every page asks, put into SQL once for all of them."""
# ruff: noqa: SLF001 - an extension of the query set, for which Django has no other doors

from collections.abc import Callable
from copy import copy
from functools import cached_property
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

ModelT = TypeVar("ModelT", bound=models.Model)
_numbers = count(1)
# Of which queries each connection to PostgreSQL has been told.
_TOLD: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


class Given(Expression):
    """A value that is still to be given: ``Given("user", IntegerField())`` where the value would stand."""

    def __init__(self, name: str, output_field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return "%s", [self]

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        # A number that its column is too small for is one that no row has, and not an error.
        is_whole = isinstance(self.output_field, models.IntegerField)
        return "%s::bigint" if is_whole else "%s", [self]

    def bound(self, given: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_value(given[self.name], connection)


class _Compiled(NamedTuple):
    """A query set, what has compiled it, its SQL and the parameters: values, and places for some."""

    rows: Any
    compiler: SQLCompiler
    sql: str
    parameters: tuple[Any, ...]


class Prepared(Generic[ModelT]):
    """A query set with places for values, whose SQL is kept: ``Prepared(lambda: rows).read(user=user.pk)``.

    Django puts a query set into SQL as often as it is read, and the database plans it as often. For a small
    table either takes longer than the answer.
    """

    def __init__(self, make: "Callable[[], models.QuerySet[ModelT]]") -> None:
        self._make = make
        self._name = f"quickno_{next(_numbers)}"

    def read(self, **given: Any) -> list[ModelT]:
        """The rows for these values."""
        rows, compiler, _, parameters = self._compiled
        mine = copy(compiler)
        # A connection is one thread's.
        mine.connection = connections[rows.db]
        if mine.connection.vendor == "postgresql" and settings.DATABASE_PREPARES:
            places: list[Any] = [one for one in parameters if isinstance(one, Given)]
            sql = self._executing(mine.connection, len(places))
        else:
            places, sql = list(parameters), self._compiled.sql
        bound = [one.bound(given, mine.connection) if isinstance(one, Given) else one for one in places]
        mine.as_sql = lambda *_args, **_kwargs: (sql, tuple(bound))  # type: ignore[method-assign]
        asked = rows._chain()
        asked.query.get_compiler = lambda *_args, **_kwargs: mine
        return list(asked)

    def _executing(self, connection: BaseDatabaseWrapper, places: int) -> str:
        """What executes the query on PostgreSQL, which has been told of it once on this connection."""
        connection.ensure_connection()
        session = connection.connection
        told = _TOLD.setdefault(session, set())
        if self._name not in told:
            # Not one of the page's queries: it is told once in the life of a connection.
            with session.cursor() as cursor:
                if not told:
                    # One plan for all values: to plan for some takes as long as to answer.
                    cursor.execute("SET plan_cache_mode = force_generic_plan")
                cursor.execute(f"PREPARE {self._name} AS {self._numbered(session)}")
            told.add(self._name)
        return f"EXECUTE {self._name}({', '.join(['%s'] * places)})" if places else f"EXECUTE {self._name}"

    def _numbered(self, session: Any) -> str:
        """The SQL, whose places for values PostgreSQL counts; what is known stands in it."""
        numbers = count(1)
        return self._compiled.sql % tuple(
            f"${next(numbers)}" if isinstance(one, Given) else Literal(one).as_string(session)
            for one in self._compiled.parameters
        )

    @cached_property
    def _compiled(self) -> "_Compiled":
        rows: Any = self._make()
        compiler = rows.query.get_compiler(using=rows.db)
        sql, parameters = compiler.as_sql()
        return _Compiled(rows, compiler, sql, tuple(parameters))
