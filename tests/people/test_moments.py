"""Times come out of PostgreSQL as Django means them."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from psycopg import DataError

from workspaces.models.moments import MomentLoader

MOMENT_OID = 1184


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"2026-11-16 15:00:00+00", datetime(2026, 11, 16, 15, tzinfo=UTC)),
        (b"2026-11-16 15:00:00.5+00", datetime(2026, 11, 16, 15, 0, 0, 500_000, tzinfo=UTC)),
        (b"2026-11-16 15:00:00.000001+00", datetime(2026, 11, 16, 15, 0, 0, 1, tzinfo=UTC)),
        (b"2026-11-16 15:00:00.25+05:30", datetime(2026, 11, 16, 9, 30, 0, 250_000, tzinfo=UTC)),
        (b"0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        (b"9999-12-31 23:59:59.999999+00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_moment__as_the_database_writes_it__is_read_in_utc(written: bytes, meant: datetime) -> None:
    read = MomentLoader(MOMENT_OID).load(written)
    assert (read, read.tzinfo) == (meant, UTC)


@pytest.mark.parametrize("written", [b"infinity", b"10000-01-01 00:00:00+00"])
def test_moment__that_python_does_not_have__is_an_error(written: bytes) -> None:
    with pytest.raises(DataError):
        MomentLoader(MOMENT_OID).load(written)


def test_connection__to_postgresql__reads_moments_with_it(db: None) -> None:
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        assert connection.connection is not None
        assert connection.connection.adapters.get_loader(MOMENT_OID, 0) is MomentLoader
