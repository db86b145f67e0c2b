"""How times come out of PostgreSQL, of which a page of hundreds of rows reads a thousand."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class MomentLoader(TimestamptzLoader):
    """Gives what Django's own loader gives, in a fifth of the time."""

    # Django looks here whether the times are those that it wants.
    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        try:
            at = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            # No time that Python has, such as infinity: the driver says what is wrong with it.
            at = super().load(data)
        return at.astimezone(UTC)


def read_moments_fast(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "postgresql" and connection.timezone is UTC:
        connection.connection.adapters.register_loader("timestamptz", MomentLoader)
