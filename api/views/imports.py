"""Export files over REST: the same reading and the same rules as the command."""

from functools import partial
from typing import Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.decoding.limits import MEGABYTE, MOST_BYTES, too_large
from api.exceptions import NotFound
from api.serializers.fields import Choice
from api.views.base import ApiView
from experiments.models import ObservationBatch
from experiments.services.exports import (
    PRESET_KEYS,
    ImportOptions,
    ImportOutcome,
    import_export,
    preview_import,
    read_mapping,
)
from experiments.tasks import judge_campaigns
from workspaces.permissions import Permission
from workspaces.tasks import enqueue


class ImportInputSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(max_length=300)
    preset = Choice(choices=PRESET_KEYS, default="auto")
    dry_run = serializers.BooleanField(default=False)
    sheet = serializers.CharField(max_length=100, default="", allow_blank=True)
    campaign = serializers.CharField(max_length=120, default="", allow_blank=True)
    arm = serializers.CharField(max_length=60, default="", allow_blank=True)
    # The name is REST's own; a field of that name hides one that only a reading serializer has a use for.
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=40, default="", allow_blank=True
    )
    day_order = Choice(choices=["dmy", "mdy"], required=False)
    decimal_mark = Choice(choices=["point", "comma"], required=False)
    reported_at = serializers.CharField(max_length=40, required=False)
    map = serializers.ListField(
        child=serializers.CharField(max_length=300),
        default=list,
        help_text="COLUMN=FIELD, or several.",
    )
    create_unplanned = serializers.BooleanField(default=False)


def outcome_as_json(outcome: ImportOutcome) -> dict[str, Any]:
    return {
        "batch": outcome.result.batch_id if outcome.result else None,
        "preset": outcome.preset,
        "received": outcome.received,
        "inserted": outcome.inserted,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "columns": outcome.columns,
        "ignored_columns": outcome.ignored_columns,
        "passed_over": [{"line": item.line, "reason": item.reason} for item in outcome.passed],
        "notes": outcome.notes,
        "changes": outcome.changes,
        "missing": outcome.missing,
        "unplanned": outcome.unplanned,
        "questions": [{"code": item.code, "message": item.message} for item in outcome.questions],
    }


class ImportsView(ApiView):
    parser_classes = (MultiPartParser,)  # type: ignore[assignment]
    most_bytes = MOST_BYTES
    bytes_around = MEGABYTE
    # A file is read for longer than SQLite's other writers wait, and it is stored in one transaction anyway.
    # The same days stored once more change nothing.
    in_one_transaction = False

    @extend_schema(
        operation_id="imports_create",
        request=ImportInputSerializer,
        responses={200: OpenApiTypes.OBJECT, 201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request) -> Response:
        """Import an export file, all or nothing; with ``dry_run`` say what it would change."""
        self.actor.require(Permission.POST_METRICS)
        given = self.given(ImportInputSerializer)
        file, is_dry = given.pop("file"), given.pop("dry_run")
        if file.size > MOST_BYTES:
            raise too_large(MOST_BYTES)
        options = ImportOptions(mapped=read_mapping(given.pop("map")), **given)
        if is_dry:
            outcome = preview_import(file.read(), options=options, by=self.actor, at=self.now)
            return Response(outcome_as_json(outcome))
        outcome = import_export(file.read(), file_name=file.name, options=options, by=self.actor, at=self.now)
        if outcome.result is not None:
            transaction.on_commit(partial(enqueue, judge_campaigns, outcome.result.campaign_ids))
        return Response(outcome_as_json(outcome), status=201)


class ImportDetailView(ApiView):
    @extend_schema(operation_id="imports_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: int) -> Response:
        """What became of a file that was imported."""
        batch = ObservationBatch.objects.of(self.workspace).imported().filter(pk=pk).first()
        if batch is None:
            raise NotFound(f"There is no import {pk} here.")
        counts = ("received", "inserted", "updated", "unchanged", "rejected")
        return Response(
            {
                "batch": batch.pk,
                "file_name": batch.file_name,
                "at": batch.at.isoformat(),
                "by": batch.by_label,
                **{name: getattr(batch, name) for name in counts},
            }
        )
