"""Rows of numbers as clients post and read them, and what became of a batch."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from api.serializers.fields import plain_number
from experiments.choices import MEASURES, MeasureUnit
from experiments.models import Breach, ObservationBatch
from experiments.services.exports.reading import FORMULA_STARTS
from experiments.services.observations import BatchResult
from workspaces.exceptions import FieldError
from workspaces.models import Workspace

# A row as it is read, by the query that reads it.
ROW_COLUMNS = {
    "campaign": "arm__campaign__key",
    "arm": "arm__key",
    "day": "day",
    "source": "source__key",
    "entity": "entity",
    "reported_at": "reported_at",
    **{name: name for name in MEASURES},
}
TEXT_COLUMNS = ("campaign", "arm", "source", "entity")


def row_as_json(row: Mapping[str, Any], *, workspace: Workspace) -> dict[str, Any]:
    """What was reported of one arm's day, by the fields of a post; ``null`` is *not reported*."""
    fields: dict[str, Any] = {name: row[column] for name, column in ROW_COLUMNS.items()}
    for name, measure in MEASURES.items():
        if fields[name] is None or measure.unit == MeasureUnit.WHOLE:
            continue
        if measure.unit == MeasureUnit.MONEY:
            fields[name] = plain_number(fields[name], places=workspace.currency_exponent)
        else:
            fields[name] = json_number(fields[name])
    return fields


def row_as_cells(row: Mapping[str, Any], *, workspace: Workspace) -> list[str]:
    """The same in a line of CSV, in the order of ``ROW_COLUMNS``."""
    fields = row_as_json(row, workspace=workspace)
    for name in TEXT_COLUMNS:
        if fields[name][:1] in FORMULA_STARTS:
            fields[name] = f"'{fields[name]}"
    fields["reported_at"] = fields["reported_at"].isoformat()
    return ["" if value is None else str(value) for value in fields.values()]


def json_number(value: Decimal) -> int | float:
    """A count that is whole in nearly all cases. Fifteen digits fit into a float."""
    return int(value) if value == value.to_integral_value() else float(value)


def batch_as_json(result: BatchResult) -> dict[str, Any]:
    return {
        "batch": result.batch_id,
        "received": result.received,
        "inserted": result.inserted,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": result.rejected,
        "errors": [error_as_json(error) for error in result.errors],
        "breaches": open_breaches(result.campaign_ids),
    }


def error_as_json(error: FieldError) -> dict[str, Any]:
    fields = {"row": error.row, "field": error.field, "code": error.code, "message": error.message}
    return {name: value for name, value in fields.items() if value is not None}


def open_breaches(campaign_ids: list[int]) -> list[dict[str, Any]]:
    """The breaches of these campaigns that nobody has settled or overruled, the oldest first."""
    breaches = (
        Breach.objects.open()
        .filter(campaign__in=campaign_ids)
        .order_by("at", "id")
        .values_list("campaign__key", "watch__arm__key", "watch__criterion_id", "rule", "at")
    )
    names = ("campaign", "arm", "criterion", "rule", "breached_at")
    return [dict(zip(names, breach, strict=True)) for breach in breaches]


class RowSerializer(serializers.Serializer[Any]):
    """Describes a row in the schema; the rows themselves are decoded and written in bulk, without it."""

    campaign = serializers.CharField(help_text="The campaign's key.")
    arm = serializers.CharField(help_text="The arm's key.")
    day = serializers.DateField()
    source = serializers.CharField(required=False, help_text="Default: the campaign's channel.")  # type: ignore[assignment]
    entity = serializers.CharField(
        required=False, allow_blank=True, help_text="The platform's id of the ad or ad set."
    )
    reported_at = serializers.DateTimeField(required=False, help_text="Default: now.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {name: _measure_field(name) for name in MEASURES}


class PostedRowSerializer(RowSerializer):
    currency = serializers.CharField(required=False, help_text="Refused where it is not the workspace's.")


def _measure_field(name: str) -> serializers.Field[Any, Any, Any, Any]:
    measure = MEASURES[name]
    options: dict[str, Any] = {"required": False, "allow_null": True, "min_value": 0}
    if measure.unit == MeasureUnit.WHOLE:
        return serializers.IntegerField(**options)
    if measure.unit == MeasureUnit.COUNT:
        return serializers.FloatField(**options)
    return serializers.DecimalField(max_digits=15, decimal_places=4, **options)


class RowPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RowSerializer(many=True)


class RowErrorSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(required=False, help_text="Counted from 0.")
    field = serializers.CharField(required=False)
    code = serializers.CharField()
    message = serializers.CharField()


class OpenBreachSerializer(serializers.Serializer[Any]):
    campaign = serializers.CharField()
    arm = serializers.CharField(allow_null=True)
    criterion = serializers.IntegerField()
    rule = serializers.CharField()
    breached_at = serializers.DateTimeField()


class BatchResultSerializer(serializers.Serializer[Any]):
    batch = serializers.IntegerField(allow_null=True, help_text="Null where there was not a single row.")
    received = serializers.IntegerField()
    inserted = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    breaches = OpenBreachSerializer(many=True)


class BatchSerializer(serializers.ModelSerializer[ObservationBatch]):
    batch = serializers.IntegerField(source="id")
    by = serializers.CharField(source="by_label")

    class Meta:
        model = ObservationBatch
        fields = (
            "batch",
            "at",
            "by",
            "channel",
            "file_name",
            "received",
            "inserted",
            "updated",
            "unchanged",
            "rejected",
        )
        read_only_fields = fields
