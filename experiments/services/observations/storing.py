"""Writing many rows with one statement, past the ORM's object for each row."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

# Ten thousand observations make a statement of about a megabyte.
ROWS_AT_ONCE = 10_000


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows whose values stand in the order of ``columns`` (attribute names of the model's fields)."""
    writer = _Writer(model, columns)
    into = f"INSERT INTO {writer.table} ({', '.join(writer.names)})"
    writer.run(
        on_arrays=f"{into} SELECT * FROM {writer.arrays}",  # noqa: S608 (the names of our own models)
        for_each=f"{into} VALUES ({', '.join(['%s'] * len(columns))})",
        rows=rows,
    )


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Set ``columns`` in the rows of the table whose primary key stands last in each of ``rows``."""
    writer = _Writer(model, [*columns, "id"])
    *names, key = writer.names
    update = f"UPDATE {writer.table} SET"
    given = f"{writer.arrays} AS given ({', '.join(writer.names)})"
    writer.run(
        on_arrays=f"{update} {', '.join(f'{name} = given.{name}' for name in names)} FROM {given} "
        f"WHERE {writer.table}.{key} = given.{key}",
        for_each=f"{update} {', '.join(f'{name} = %s' for name in names)} WHERE {key} = %s",
        rows=rows,
    )


class _Writer:
    """Columns of one table, and how values get there."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        # The connection itself: its proxy costs more than the conversion of a value.
        self.connection = connections[DEFAULT_DB_ALIAS]
        options = model._meta  # noqa: SLF001 (Django's documented API)
        by_attribute = {field.attname: field for field in options.concrete_fields}
        self.fields = [by_attribute[column] for column in columns]
        quoted = self.connection.ops.quote_name
        self.table: str = quoted(options.db_table)
        self.names = [quoted(str(field.column)) for field in self.fields]

    @property
    def arrays(self) -> str:
        """A table made of one array for each column: one statement, whatever the number of rows."""
        return f"UNNEST({', '.join(f'%s::{field.db_type(self.connection)}[]' for field in self.fields)})"

    def run(self, *, on_arrays: str, for_each: str, rows: Iterable[Sequence[Any]]) -> None:
        columns = [
            _converted(field, column, self.connection)
            for field, column in zip(self.fields, zip(*rows, strict=True), strict=False)
        ]
        if not columns:
            return
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                for start in range(0, len(columns[0]), ROWS_AT_ONCE):
                    cursor.execute(
                        on_arrays, [list(column[start : start + ROWS_AT_ONCE]) for column in columns]
                    )
            else:
                # SQLite runs in this process: a statement for each row costs no round trip.
                cursor.executemany(for_each, list(zip(*columns, strict=True)))


def _converted(
    field: "models.Field[Any, Any]", column: Sequence[Any], connection: BaseDatabaseWrapper
) -> Sequence[Any]:
    """The values as this database takes them. Numbers, texts and keys are taken as they are.

    Thousands of rows share a few days and times, so each of these is converted once.
    """
    operations = connection.ops
    convert: Callable[[Any], Any]
    match field:
        case models.DateTimeField():
            convert = operations.adapt_datetimefield_value
        case models.DateField():
            convert = operations.adapt_datefield_value
        case models.JSONField():
            return [value if value is None else field.get_db_prep_save(value, connection) for value in column]
        case _:
            return column
    converted = {value: convert(value) for value in {*column} - {None}}
    return [converted.get(value) for value in column]
