"""Numbers in, in bulk, and out again."""

import csv
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.decoding import MOST_BYTES, decode_rows
from api.exceptions import Invalid
from api.serializers.metrics import (
    ROW_COLUMNS,
    BatchResultSerializer,
    PostedRowSerializer,
    RowPageSerializer,
    RowSerializer,
    batch_as_json,
    row_as_cells,
    row_as_json,
)
from api.views.base import ApiView, list_parameters, page_parameters
from api.views.lists import DayFilter, Filters, page_size_of
from experiments.models import Observation
from experiments.services.observations import record_observations
from experiments.tasks import judge_campaigns
from workspaces.permissions import Permission
from workspaces.tasks import enqueue

ON_ERROR: dict[str, Literal["fail", "skip"]] = {"fail": "fail", "skip": "skip"}


class MetricsFilter(Filters):
    campaign = django_filters.CharFilter(field_name="arm__campaign__key", help_text="A campaign's key.")
    arm = django_filters.CharFilter(field_name="arm__key", help_text="An arm's key.")
    source = django_filters.CharFilter(field_name="source__key", help_text="A source's key.")
    day_from = DayFilter(field_name="day", lookup_expr="gte")
    day_to = DayFilter(field_name="day", lookup_expr="lte")


class RowCursor(CursorPagination):
    """Pages by id: what is posted while somebody reads appears at the end, and nothing twice."""

    ordering = "id"
    page_size = 500
    page_size_query_param = "page_size"
    max_page_size = 5000
    invalid_cursor_message = "This cursor is none that this list gave. Begin without one and follow “next”."

    def get_page_size(self, request: Request) -> int:
        return page_size_of(self, request)

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        longest = len(str(2**63)) - 1
        if cursor is not None and cursor.position is not None:
            position = str(cursor.position)
            if not (position.isascii() and position.isdecimal() and len(position) <= longest):
                raise NotFound(self.invalid_cursor_message)
        return cursor


class CsvRenderer(JSONRenderer):
    """Makes ``format=csv`` known. The rows are streamed past it; a refusal is JSON all the same."""

    media_type = "text/csv"
    format = "csv"


class MetricsView(ApiView, GenericAPIView[Observation]):
    """What each source reported of each arm's days."""

    filterset_class = MetricsFilter
    pagination_class = RowCursor
    serializer_class = RowSerializer
    renderer_classes = (JSONRenderer, CsvRenderer)
    most_bytes = MOST_BYTES

    def parameters(self) -> list[str]:
        if self.request.method == "POST":
            return ["on_error"]
        return [*list_parameters(self), *page_parameters(self)]

    def get_queryset(self) -> QuerySet[Any, Any]:
        if getattr(self, "swagger_fake_view", False):
            return Observation.objects.none()
        rows: QuerySet[Any, Any] = Observation.objects.of(self.workspace).order_by("id")
        return rows.values("id", *ROW_COLUMNS.values())

    @extend_schema(
        operation_id="metrics_list",
        parameters=[OpenApiParameter("format", str, enum=["json", "csv"], description="CSV is not paged.")],
        responses={(200, "application/json"): RowPageSerializer, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The rows as they stand, the earliest stored first; with ``format=csv`` all of them at once."""
        rows = self.filter_queryset(self.get_queryset())
        if request.accepted_renderer.format == CsvRenderer.format:
            return StreamingHttpResponse(
                self._lines(rows),
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": 'attachment; filename="metrics.csv"'},
            )
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([row_as_json(row, workspace=self.workspace) for row in page])

    @extend_schema(
        operation_id="metrics_post",
        parameters=[
            OpenApiParameter(
                "on_error",
                str,
                enum=list(ON_ERROR),
                description="“fail” (default): one bad row and nothing is stored; “skip”: the good rows are.",
            )
        ],
        request={
            "application/json": PostedRowSerializer(many=True),
            "application/x-ndjson": OpenApiTypes.STR,
            "text/csv": OpenApiTypes.STR,
        },
        responses=BatchResultSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the totals of days so far; at most 50,000 rows or 25 MB. Posting a day again replaces it."""
        # First: who may not post need not send 25 MB to hear it.
        self.actor.require(Permission.POST_METRICS)
        on_error = ON_ERROR.get(request.query_params.get("on_error", "fail"))
        if on_error is None:
            raise Invalid.field("on_error", "unknown_choice", f"on_error is {' or '.join(ON_ERROR)}.")
        rows = decode_rows(request.body, content_type=request.content_type or "")
        result = record_observations(rows, by=self.actor, at=self.now, on_error=on_error)
        transaction.on_commit(partial(enqueue, judge_campaigns, result.campaign_ids))
        return Response(batch_as_json(result))

    def _lines(self, rows: QuerySet[Any, Any]) -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield writer.writerow(ROW_COLUMNS)
        for row in rows.iterator(chunk_size=2000):
            yield writer.writerow(row_as_cells(row, workspace=self.workspace))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line
