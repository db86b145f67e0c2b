"""What happened, newest first: to read, to filter, and to take away as CSV."""

import csv
import json
from collections.abc import Iterator
from typing import ClassVar

from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from workspaces.forms.activity import ActivityFilter
from workspaces.models import Event, Membership
from workspaces.models.event import EventQuerySet
from workspaces.views.access import WorkspaceView

PAGE_SIZE = 50
# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _FilteredEvents(WorkspaceView):
    section = "activity"

    def filter_form(self) -> ActivityFilter:
        members = (
            Membership.objects.of(self.workspace).select_related("user").order_by("user__first_name", "pk")
        )
        return ActivityFilter(self.request.GET or None, workspace=self.workspace, people=members)

    def events(self, form: ActivityFilter) -> EventQuerySet:
        """The events that the filter lets through; none where the filter itself is wrong."""
        events = Event.objects.of(self.workspace).order_by("-id")
        if not form.is_bound:
            return events
        return events.filter(form.condition) if form.is_valid() else events.none()


class ActivityView(_FilteredEvents):
    template_name: ClassVar[str] = "workspaces/activity.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.filter_form()
        page = Paginator(self.events(form), PAGE_SIZE).get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        encoded = query.urlencode()
        return self.render(
            {
                "form": form,
                "page_obj": page,
                "query": f"{encoded}&" if encoded else "",
                "is_filtered": any(form.data.get(name) for name in form.fields),
            },
            status=422 if form.errors else 200,
        )


class ActivityCsvView(_FilteredEvents):
    """The same events as a file, a row at a time, however many there are."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        rows = self.rows(self.events(self.filter_form()))
        response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
        name = f"{self.workspace.slug}-activity-{self.workspace.local_day(self.at):%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def rows(self, events: EventQuerySet) -> Iterator[str]:
        writer = csv.writer(_Echo())
        zone = self.workspace.tz
        yield writer.writerow(["sequence", "at", "kind", "actor", "subject_type", "subject_id", "data"])
        for event in events.iterator(chunk_size=1000):
            cells = [
                event.sequence,
                timezone.localtime(event.at, zone).isoformat(timespec="seconds"),
                event.kind,
                event.actor_label,
                event.subject_type,
                event.subject_id,
                json.dumps(event.data, cls=DjangoJSONEncoder, ensure_ascii=False),
            ]
            yield writer.writerow([_harmless(cell) for cell in cells])


class _Echo:
    """A file for `csv.writer` that hands back what it would write."""

    def write(self, text: str) -> str:
        return text


def _harmless(cell: object) -> object:
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA_STARTS) else cell
