"""The first page: what needs you, in order of money, and in a new workspace what comes first."""

from django.contrib import messages
from django.db.models import IntegerField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from sprints.selectors.first_steps import FirstSteps, read_first_steps
from sprints.selectors.today import read_today
from sprints.selectors.today_rows import EVENTS_TOLD
from sprints.selectors.waiting import Today
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.models.prepared import Given, Prepared
from workspaces.services.members import show_first_steps
from workspaces.views.access import WorkspaceView

# Every night brings these; the activity page has them.
ROUTINE = (EventKind.METRICS_POSTED, EventKind.METRICS_RESTATED)
_LATEST = Prepared(
    lambda: (
        Event.objects.filter(workspace=Given("workspace", IntegerField()))
        .exclude(kind__in=ROUTINE)
        .select_related("actor")
        .order_by("-id")[:EVENTS_TOLD]
    )
)


class TodayView(WorkspaceView):
    template_name = "sprints/today.html"
    section = "today"

    def get(self, request: HttpRequest) -> HttpResponse:
        latest = _LATEST.read(workspace=self.workspace.pk)
        today = read_today(self.workspace, told=latest, by=self.actor, at=self.at)
        membership = self.request.membership
        steps = None
        if membership.sees_first_steps or not today.groups:
            steps = read_first_steps(self.workspace, by=self.actor)
        leads = steps is not None and membership.sees_first_steps
        if leads and steps is not None and steps.are_over:
            # They lead nowhere any more: from now on the page need not ask.
            leads = False
            show_first_steps(membership, shown=False)
        return self.render(
            {
                "today": today,
                "local_day": self.workspace.local_day(self.at),
                "events": latest,
                "noes": today.noes,
                "is_late": today.decide_by is not None and today.decide_by < self.at,
                "steps": steps,
                "leads": leads,
                "is_new": is_new(today, steps),
            }
        )


def is_new(today: Today, steps: FirstSteps | None) -> bool:
    """Whether nothing has been done here yet, so that there is nothing to look back on."""
    if steps is None or steps.done or steps.is_spending:
        return False
    return not (today.groups or today.boards or today.noes.noes)


class FirstStepsView(WorkspaceView):
    """The first steps on a page of their own, and whether they stand on the first page."""

    template_name = "sprints/first_steps.html"
    section = "more"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            {
                "steps": read_first_steps(self.workspace, by=self.actor),
                "are_shown": self.request.membership.sees_first_steps,
            }
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        if read_first_steps(self.workspace, by=self.actor).are_over:
            # Somebody had the page open meanwhile.
            messages.info(request, _("The first campaign has numbers: there are no first steps any more."))
            return redirect(self.page_url("today"))
        shown = request.POST.get("shown") == "yes"
        show_first_steps(self.request.membership, shown=shown)
        if shown:
            messages.success(request, _("The first steps stand on Today again."))
        else:
            messages.success(request, _("The first steps are hidden. More, First steps brings them back."))
        return redirect(self.page_url("today"))
