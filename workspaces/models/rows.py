"""The rows that belong to each row, read in the same query: one question to the database for two.

Like ``prefetch_related``, but the children come as a column of the parents, as JSON.
"""
# ruff: noqa: SLF001 - an extension of the query set, for which Django has no other doors

import json
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any, NamedTuple, Self, TypeVar, cast

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Expression
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from workspaces.models.compiled import CompiledOnce

ModelT = TypeVar("ModelT", bound=models.Model)

_MOST_ARGUMENTS = 90


@dataclass(frozen=True, slots=True)
class Rows:
    """What ``with_rows`` was asked for: whose rows, by which key, what comes with each, and where they go.

    ``relation``: whether ``name`` is one of the parent, whose manager then gives the rows.
    """

    name: str
    model: type[models.Model]
    # Which of its columns, in their order.
    columns: tuple[str, ...]
    key: Any
    joined: tuple[str, ...]
    nested: tuple["Rows", ...]
    is_relation: bool

    @property
    def column(self) -> str:
        return f"rows_of_{self.name}"

    def take(self, parents: Iterable[models.Model], using: str) -> None:
        """Turn the column of each parent into the rows themselves."""
        reader = _Reader(self, using)
        for parent in parents:
            reader.take(parent)


class RowsQuerySet(models.QuerySet[ModelT]):
    """Rows that can bring the rows that belong to them."""

    _rows: tuple[Rows, ...] = ()
    # Of rows that were brought: which they are, for whoever asks further.
    _brought_by: dict[str, models.Model] | None = None
    # And what was told of them, until somebody asks: of many nobody does.
    _told: "_Told | None" = None
    _found: list[ModelT] | None = None

    @property
    def _result_cache(self) -> list[ModelT] | None:
        # What is kept for several pages may be read in two threads at once.
        if (told := self._told) is not None:
            self._found = cast("list[ModelT]", told.read())
            self._told = None
        return self._found

    @_result_cache.setter
    def _result_cache(self, found: list[ModelT] | None) -> None:
        self._found = found

    @property
    def unread(self) -> object:
        """What the database told of rows that nobody has asked for so far; ``None`` once somebody has."""
        told = self._told
        return None if told is None else told.rows

    def with_rows(
        self, name: str, rows: "RowsQuerySet[Any]", *, joined: Iterable[str] = (), by: str = ""
    ) -> Self:
        """Each with these of its ``rows``, in their order.

        ``name``: a relation, whose manager then gives them; or, where ``by`` says by which key of theirs they
        belong, the attribute in which they are. ``joined``: what they point to that is to come along.
        ``rows`` may bring rows of their own, and be asked for ``only`` some columns.
        """
        if by:
            key: Any = rows.model._meta.get_field(by)
        else:
            relation: Any = self.model._meta.get_field(name)
            key = relation.field
        columns = _columns_asked(rows, key)
        asked = Rows(name, rows.model, columns, key, _with_ways(joined), rows._rows, is_relation=not by)
        mine = rows.filter(**{key.name: models.OuterRef("pk")}).annotate(told=RowAsJson(asked))
        with_them = self.annotate(**{asked.column: RowsColumn(mine.values("told"))})
        with_them._rows = (*self._rows, asked)
        return with_them

    @classmethod
    def brought(cls, told: "_Told", *, model: type[models.Model], by: str) -> Self:
        """Rows that are read already; whoever filters them asks the database for the rows of their parent."""
        known: Any = cls(model=cast("Any", model), using=told.reader.using)
        known._told, known._prefetch_done, known._brought_by = told, True, {by: told.parent}
        return cast("Self", known)

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._rows = self._rows
        # Most are only looked through, so the condition is made where one asks on, not for each parent.
        return clone if self._brought_by is None else clone.filter(**self._brought_by)

    def _fetch_all(self) -> None:
        is_read = self._result_cache is not None
        super()._fetch_all()
        if not is_read:
            for asked in self._rows:
                asked.take(self._result_cache or [], self.db)


def alone(row: ModelT) -> ModelT:
    """The same row without the rows that were read along; what it points to stays."""
    copied = row.__class__.__new__(row.__class__)
    copied.__dict__ = row.__dict__ | {"_prefetched_objects_cache": {}}
    return copied


def take_rows(row: models.Model, *names: str) -> list[Any]:
    """What was read along under these names of no relation; the row itself says no more of it."""
    return [row.__dict__.pop(name) for name in names]


def _with_ways(paths: Iterable[str]) -> tuple[str, ...]:
    """These paths, each after the paths that lead to it."""
    steps = (path.split(LOOKUP_SEP) for path in paths)
    ways = (LOOKUP_SEP.join(each[: last + 1]) for each in steps for last in range(len(each)))
    return tuple(dict.fromkeys(ways))


class RowsColumn(CompiledOnce):
    """All rows of a query, each a JSON array, in one JSON array; null where there are none."""

    output_field = models.TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="(SELECT json_agg(given.told)::text FROM (%(subquery)s) AS given (told))",
            **more,
        )

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="(SELECT json_group_array(json(given.told)) FROM (%(subquery)s) AS given)",
            **more,
        )


class RowAsJson(models.Func):
    """One row as a JSON array: its own columns, those of what is joined, and the rows that are its own."""

    function = "json_array"
    output_field = models.TextField()

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows

    def resolve_expression(self, query: Query | None = None, *args: Any, **kwargs: Any) -> Self:
        if query is None or self.get_source_expressions():
            # Resolved already: what is new is the query around its own.
            return super().resolve_expression(query, *args, **kwargs)
        resolved = copy(self)
        alias = query.get_initial_alias()
        meta = self.rows.model._meta
        columns: list[Expression] = [
            field.get_col(alias) for field in meta.concrete_fields if field.attname in self.rows.columns
        ]
        for path in self.rows.joined:
            steps = path.split(LOOKUP_SEP)
            joined = query.setup_joins(steps, meta, alias)
            for join in joined.joins[1:]:
                query.ref_alias(join)
            # A row without it is told of all the same.
            query.promote_joins(joined.joins[1:])
            columns += [
                field.get_col(joined.joins[-1])
                for field in _model(self.rows.model, path)._meta.concrete_fields
            ]
        columns += [query.annotations[one.column] for one in self.rows.nested]
        resolved.set_source_expressions(columns)
        return resolved

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        return self._as_array(compiler, "json_build_array", {models.JSONField: "%s::text"})

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        # JSON itself would keep 15 digits of a double; of a null there is nothing to print.
        return self._as_array(
            compiler, "json_array", {models.FloatField: "iif(%s IS NULL, NULL, printf('%%!.17g', %s))"}
        )

    def _as_array(
        self, compiler: SQLCompiler, function: str, told: "dict[type[models.Field[Any, Any]], str]"
    ) -> tuple[str, list[Any]]:
        parts: list[str] = []
        parameters: list[Any] = []
        for column in self.get_source_expressions():
            sql, given = compiler.compile(column)
            way = next((way for kind, way in told.items() if isinstance(column.output_field, kind)), "%s")
            parts.append(way.replace("%s", sql))
            parameters += given
        # A function takes only so many arguments, so a row is told in pieces.
        pieces = [
            f"{function}({', '.join(parts[start : start + _MOST_ARGUMENTS])})"
            for start in range(0, len(parts), _MOST_ARGUMENTS)
        ]
        return f"{function}({', '.join(pieces)})", parameters


# One for all: `json.loads` would make another for each row.
_EXACT = json.JSONDecoder(parse_float=str)


class _Reader:
    """Makes models of the JSON."""

    def __init__(self, rows: Rows, using: str) -> None:
        self.rows, self.using = rows, using
        self.own = _columns(rows.model, using, rows.columns)
        self.joined = [(path, _columns(_model(rows.model, path), using, None)) for path in rows.joined]
        self.nested = [_Reader(one, using) for one in rows.nested]
        # The query set that the relation's own manager would give.
        self.query_set: Any = type(rows.model._default_manager.get_queryset())

    def take(self, parent: models.Model) -> None:
        """Turn the column of this parent into the rows themselves."""
        told = _Told(self, parent.__dict__.pop(self.rows.column), parent)
        # As with a prefetch: what was read stays what it is.
        known = parent.__dict__
        if self.rows.is_relation:
            known = known.setdefault("_prefetched_objects_cache", {})
        known[self.rows.name] = self.query_set.brought(told, model=self.rows.model, by=self.rows.key.name)

    def read(self, told: Any, parent: models.Model) -> list[models.Model]:
        # A decimal keeps its digits where the database writes them all.
        decode = _EXACT.decode if connections[self.using].vendor == "postgresql" else json.loads
        given = decode(told) if isinstance(told, str) else told
        return [self._row(list(chain.from_iterable(pieces)), parent) for pieces in given or ()]

    def _row(self, values: Sequence[Any], parent: models.Model) -> models.Model:
        row = self.own.model_of(values[: self.own.width])
        self.rows.key.set_cached_value(row, parent)
        at = self.own.width
        for path, columns in self.joined:
            part = values[at : at + columns.width]
            at += columns.width
            *before, last = path.split(LOOKUP_SEP)
            holder: Any = row
            for step in before:
                holder = holder and getattr(holder, step)
            if holder is not None:
                field = cast("Any", holder._meta.get_field(last))
                field.set_cached_value(holder, None if part[columns.key] is None else columns.model_of(part))
        for reader in self.nested:
            row.__dict__[reader.rows.column] = values[at]
            at += 1
            reader.take(row)
        return row


class _Told(NamedTuple):
    """The rows of a parent as the database told them: JSON, or what was decoded of it."""

    reader: _Reader
    rows: Any
    parent: models.Model

    def read(self) -> list[models.Model]:
        return self.reader.read(self.rows, self.parent)


class _Columns:
    """How the columns of a model come out of JSON."""

    def __init__(self, model: type[models.Model], using: str, names: tuple[str, ...] | None) -> None:
        self.model, self.using = model, using
        fields = [field for field in model._meta.concrete_fields if names is None or field.attname in names]
        self.names = [field.attname for field in fields]
        self.width = len(fields)
        self.key = self.names.index(model._meta.pk.attname)
        ways = enumerate(_way(field, using) for field in fields)
        self.ways = [(place, way) for place, way in ways if way is not None]

    def model_of(self, values: Sequence[Any]) -> models.Model:
        read = list(values)
        for place, way in self.ways:
            if read[place] is not None:
                read[place] = way(read[place])
        return self.model.from_db(self.using, self.names, read)


@cache
def _columns(model: type[models.Model], using: str, names: tuple[str, ...] | None) -> _Columns:
    """``names``: ``None`` for all of them."""
    return _Columns(model, using, names)


def _columns_asked(rows: "RowsQuerySet[Any]", key: Any) -> tuple[str, ...]:
    """All columns, or those for which ``only`` asked, the primary key and the key by which they belong."""
    names, is_deferred = rows.query.deferred_loading
    fields = rows.model._meta.concrete_fields
    if is_deferred and names:
        raise ValueError("Rows that come along are asked for only some columns, not for all but some.")
    return tuple(
        field.attname
        for field in fields
        if is_deferred or field.primary_key or field == key or {field.name, field.attname} & set(names)
    )


def _model(model: type[models.Model], path: str) -> type[models.Model]:
    """What a path of foreign keys leads to."""
    for step in path.split(LOOKUP_SEP):
        related = model._meta.get_field(step).related_model
        assert isinstance(related, type)  # noqa: S101 - a foreign key has a model
        model = related
    return model


# What ``to_python`` comes to where the text is the database's own.
_PLAIN_WAYS: dict[type[Any], Callable[[Any], Any]] = {
    models.DateField: date.fromisoformat,
    models.DateTimeField: datetime.fromisoformat,
    models.DecimalField: Decimal,
}


def _way(field: "models.Field[Any, Any]", using: str) -> Callable[[Any], Any] | None:
    """From what JSON has to what the field has; ``None`` where they are the same."""
    connection = connections[using]
    if isinstance(field, models.JSONField):
        # It is told as text, and no field of ours has a decoder of its own.
        return json.loads
    if isinstance(field, models.FloatField):
        return float
    if connection.vendor == "postgresql":
        target = field.target_field if isinstance(field, models.ForeignKey) else field
        if isinstance(target, (models.IntegerField, models.CharField, models.TextField, models.BooleanField)):
            return None
        plain: Callable[[Any], Any] = _PLAIN_WAYS.get(type(target), field.to_python)
        return plain
    column = field.get_col(field.model._meta.db_table)
    ways = connection.ops.get_db_converters(column) + field.get_db_converters(connection)
    if not ways:
        return None

    def stored(value: Any) -> Any:
        for way in ways:
            value = way(value, column, connection)
        return value

    return stored
