"""The sums of arms' days follow what was observed, in the transaction that observes it."""

import secrets
from collections.abc import Iterable

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Max, QuerySet, Sum
from django.db.models.functions import Round

from experiments.choices import MEASURES
from experiments.models import DayTotal, Observation
from experiments.services.observations.placing import chunks
from experiments.services.observations.rows import Key

_KEY = ("workspace_id", "arm_id", "day", "source_id")
# SQLite adds binary fractions; a sum has the places of what was added.
_PLACES = 4
# What a big integer holds.
_VERSION_BITS = 63


def renew_day_totals(keys: Iterable[Key]) -> None:
    """Add up anew the days of these observations: in two statements for ten thousand as for one.

    Whoever calls holds the arms' campaigns, so that nobody else adds up the same days meanwhile.
    """
    touched = {(key.arm_id, key.day) for key in keys}
    days = sorted({day for _, day in touched})
    for arms in chunks(sorted({arm_id for arm_id, _ in touched})):
        add_up_days(Observation.objects.filter(arm__in=arms, day__in=days))


def new_version() -> int:
    """What the days of the campaigns whose sums were renewed are called from now on.

    By lot, and not by counting: after a transaction that was taken back, the next one would count the same.
    """
    return secrets.randbits(_VERSION_BITS)


def add_up_days(observations: QuerySet[Observation]) -> None:
    """Write the totals of all days of these observations, which are every entity of each of their days."""
    sums: dict[str, Expression] = {f"sum_{key}": Round(Sum(key), _PLACES) for key in MEASURES}
    totals = (
        observations.order_by()
        .values(*_KEY)
        .annotate(last_report=Max("reported_at"), **sums)
        .values_list(*_KEY, "last_report", *sums)
    )
    statement, parameters = totals.query.sql_with_params()
    connection = connections[DEFAULT_DB_ALIAS]
    quoted = connection.ops.quote_name
    key = ", ".join(map(quoted, _KEY))
    columns = [quoted(name) for name in ("reported_at", *MEASURES)]
    table = quoted(DayTotal._meta.db_table)  # noqa: SLF001 (Django's documented API)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({key}, {', '.join(columns)}) {statement} "
            f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}",
            parameters,
        )
