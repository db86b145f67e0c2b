"""The first page: what needs you, in order of money."""

from django.http import HttpRequest, HttpResponse

from experiments.models import Campaign, Hypothesis
from sprints.selectors.today import read_today
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.views.access import WorkspaceView

EVENTS_SHOWN = 8
# Every night brings these; the activity page has them.
ROUTINE = (EventKind.METRICS_POSTED, EventKind.METRICS_RESTATED)


class TodayView(WorkspaceView):
    template_name = "sprints/today.html"
    section = "today"

    def get(self, request: HttpRequest) -> HttpResponse:
        today = read_today(self.workspace, by=self.actor, at=self.at)
        return self.render(
            {
                "today": today,
                "running": list(zip(today.running, today.boards, strict=True)),
                "events": Event.objects.of(self.workspace)
                .exclude(kind__in=ROUTINE)
                .select_related("actor")
                .order_by("-id")[:EVENTS_SHOWN],
                "noes": today.noes,
                "is_new": not (today.groups or today.running or today.noes.noes or self._has_anything()),
            }
        )

    def _has_anything(self) -> bool:
        return Hypothesis.objects.of(self.workspace).exists() or Campaign.objects.of(self.workspace).exists()
