"""The first page: what needs you, in order of money."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from experiments.models import Campaign, Hypothesis
from sprints.models import Sprint
from sprints.selectors.board import read_boards
from sprints.selectors.learnings import read_noes
from sprints.selectors.today import read_today
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.views.access import WorkspaceView

EVENTS_SHOWN = 8
QUARTER = timedelta(days=91)
# Every night brings these; the activity page has them.
ROUTINE = (EventKind.METRICS_POSTED, EventKind.METRICS_RESTATED)


class TodayView(WorkspaceView):
    template_name = "sprints/today.html"
    section = "today"

    def get(self, request: HttpRequest) -> HttpResponse:
        running = list(Sprint.objects.of(self.workspace).running().order_by("ends_on", "number"))
        for sprint in running:
            sprint.workspace = self.workspace
        return self.render(
            {
                "today": read_today(self.workspace, by=self.actor, at=self.at),
                "running": list(zip(running, read_boards(running, at=self.at), strict=True)),
                "events": Event.objects.of(self.workspace)
                .exclude(kind__in=ROUTINE)
                .select_related("actor")
                .order_by("-id")[:EVENTS_SHOWN],
                "noes": read_noes(self.workspace, since=self.at - QUARTER),
                "is_new": not self._has_anything(),
            }
        )

    def _has_anything(self) -> bool:
        return Hypothesis.objects.of(self.workspace).exists() or Campaign.objects.of(self.workspace).exists()
