"""What happened, newest first: to read, to filter, and to take away as CSV."""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from workspaces.forms.activity import ActivityFilter
from workspaces.models import Event, Membership
from workspaces.models.event import EventQuerySet
from workspaces.models.workspace import KEY_VALIDATOR
from workspaces.views.access import WorkspaceView
from workspaces.views.downloads import CsvView

PAGE_SIZE = 50
_as_json = json.JSONEncoder(ensure_ascii=False).encode


class _FilteredEvents(WorkspaceView):
    section = "activity"

    def filter_form(self) -> ActivityFilter:
        members = (
            Membership.objects.of(self.workspace).select_related("user").order_by("user__first_name", "pk")
        )
        return ActivityFilter(
            self.request.GET or None, workspace=self.workspace, people=members, campaign=self.campaign
        )

    @cached_property
    def campaign(self) -> tuple[str, str] | None:
        """Key of the campaign that is asked for, and its name as it was told last; of none that never was."""
        key = self.request.GET.get("campaign", "")
        try:
            KEY_VALIDATOR(key)
        except ValidationError:
            return None
        events = Event.objects.of(self.workspace).about("campaign", key).filter(data__has_key="name")
        told = events.order_by("-id").values_list("data__name", flat=True).first()
        return None if told is None else (key, str(told))

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
                "is_filtered": form.is_filtered,
                "campaign": self.campaign,
            },
            status=422 if form.errors else 200,
        )


class ActivityCsvView(_FilteredEvents, CsvView):
    """The same events as a file."""

    NAME = "activity"
    HEADER = ("sequence", "at", "kind", "actor", "subject_type", "subject_id", "data")

    def items(self) -> Iterable[Any]:
        told = self.events(self.filter_form()).values_list(
            "sequence", "at", "kind", "actor_label", "subject_type", "subject_id", "data", named=True
        )
        return told.iterator(chunk_size=1000)

    def row(self, item: Any) -> list[object]:
        return [
            item.sequence,
            self.moment(item.at),
            item.kind,
            item.actor_label,
            item.subject_type,
            item.subject_id,
            _as_json(item.data),
        ]
