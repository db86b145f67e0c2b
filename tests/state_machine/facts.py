"""What the database says of all workspaces: few queries, put into SQL once and asked after every step."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection, models

from experiments.models import (
    Amendment,
    Arm,
    Breach,
    Campaign,
    CriterionWatch,
    DayTotal,
    Hypothesis,
    KillCriterion,
    Observation,
    Restatement,
    ZombieFlag,
)
from sprints.models import Commitment, Decision, Reallocation, ReallocationLine, Sprint, Transfer
from workspaces.models import Event, TenantModel, Workspace

MEASURES = ("impressions", "clicks", "conversions", "spend")
# By name: the model, and the columns beside the workspace. Rows come in the order of their ids.
TABLES: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "sprints": (Sprint, ("id", "status")),
    "hypotheses": (Hypothesis, ("id", "status", "decide_by")),
    "commitments": (Commitment, ("sprint", "hypothesis", "state")),
    "decisions": (Decision, ("hypothesis", "sprint")),
    "campaigns": (Campaign, ("key", "status", "budget", "criteria_digest", "amended", "judge_due_at")),
    "arms": (Arm, ("campaign__key", "key", "status")),
    "criteria": (
        KillCriterion,
        (
            *("campaign__key", "campaign__status", "position", "frozen_at", "retired_at"),
            *("metric", "comparator", "threshold", "level", "guards", "evidence", "confidence", "action"),
        ),
    ),
    "amendments": (Amendment, ("campaign__key", "digest_before", "digest_after", "reason", "by")),
    "watches": (CriterionWatch, ("id", "criterion", "arm__key", "state")),
    "breaches": (Breach, ("watch", "closed_at")),
    "flags": (ZombieFlag, ("id", "state")),
    "observations": (
        Observation,
        ("arm__campaign__key", "arm__key", "day", "source__key", "entity", "reported_at", *MEASURES),
    ),
    "day_totals": (
        DayTotal,
        ("arm__campaign__key", "arm__key", "day", "source__key", "reported_at", *MEASURES),
    ),
    "restatements": (Restatement, ("observation", "batch")),
    "transfers": (
        Transfer,
        (
            *("source_kind", "source_campaign__key", "target_kind", "target_campaign__key", "amount"),
            *("line", "kind", "at", "by"),
        ),
    ),
    "plans": (
        Reallocation,
        ("id", "state", "plan_digest", "evidence", "proposed_by", "proposed_key_maker", "approved_by"),
    ),
    "lines": (
        ReallocationLine,
        ("id", "reallocation", "source_campaign__key", "target_campaign__key", "amount", "reason"),
    ),
    "events": (Event, ("id", "sequence", "kind", "at", "subject_type", "subject_id")),
}


class Table:
    """The rows of a query by workspace."""

    def __init__(self, name: str, rows: "models.QuerySet[Any]", columns: Sequence[str]) -> None:
        fields = [(column.replace("__", "_"), Any) for column in columns]
        self.row: Any = NamedTuple(name, fields)  # type: ignore[misc]
        self.compiler = rows.values_list(*columns).query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql = self.compiler.as_sql()

    def read(self) -> dict[int, list[Any]]:
        with connection.cursor() as cursor:
            cursor.execute(*self.sql)
            found = self.compiler.results_iter([cursor.fetchall()])
        by_workspace = defaultdict(list)
        for values in found:
            by_workspace[values[0]].append(self.row(*values))
        return by_workspace


class Reader:
    """Reads all that the rules are about."""

    def __init__(self) -> None:
        self.tables = {
            name: Table(name, model._default_manager.order_by("id"), ("workspace", *columns))
            for name, (model, columns) in TABLES.items()
        }
        columns = ("id", "reserve", "last_event_sequence")
        self.workspaces = Table("workspaces", Workspace.objects.order_by("id"), columns)
        self.links = _links_between_tenants()

    def read(self) -> dict[int, "Facts"]:
        """Facts by workspace."""
        read = {name: table.read() for name, table in self.tables.items()}
        return {
            workspace: Facts(row[0], {name: rows.get(workspace, []) for name, rows in read.items()})
            for workspace, row in self.workspaces.read().items()
        }

    def crossing(self) -> list[Any]:
        """Columns by which a row of one workspace links to a row of another, once for each such row."""
        with connection.cursor() as cursor:
            cursor.execute(self.links)
            return list(cursor.fetchall())


class Facts:
    """The rows of one workspace."""

    def __init__(self, workspace: Any, tables: dict[str, list[Any]]) -> None:
        self.workspace = workspace
        self.tables = tables

    def __getattr__(self, name: str) -> list[Any]:
        return self.tables[name]


def _links_between_tenants() -> str:
    parts = []
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            continue
        for field in model._meta.concrete_fields:
            target = field.related_model
            if isinstance(target, type) and issubclass(target, TenantModel):
                child, parent = model._meta.db_table, target._meta.db_table
                parts.append(
                    f"SELECT '{child}.{field.column}' FROM {child} c JOIN {parent} p "  # noqa: S608
                    f"ON p.id = c.{field.column} WHERE p.workspace_id <> c.workspace_id"
                )
    return " UNION ALL ".join(parts)
