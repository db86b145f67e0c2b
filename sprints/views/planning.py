"""The backlog, and sprints before they run."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.models import Hypothesis
from experiments.models.hypothesis import HypothesisQuerySet, next_working_day
from experiments.views.previews import is_part_wanted
from sprints.choices import MAX_HYPOTHESES, MIN_SPRINT_DAYS
from sprints.exceptions import NotFound
from sprints.forms import BacklogFilter, CommitForm, SprintForm
from sprints.models import Sprint
from sprints.models.sprint import SprintQuerySet
from sprints.selectors.board import find_sprint, sprint_rows
from sprints.selectors.days import choose_days
from sprints.services.planning import (
    EARLIEST_START,
    cancel_sprint,
    change_sprint,
    commit_hypothesis,
    create_sprint,
    planned,
    release_hypothesis,
    start_sprint,
)
from sprints.services.readiness import read_plan
from sprints.views.listing import at_its_address, columns_of, query_of
from workspaces.forms import Form
from workspaces.forms.days import understood_day
from workspaces.models import Membership
from workspaces.permissions import Permission
from workspaces.services import basis_of
from workspaces.views.access import ActionView, FormView, WorkspaceView
from workspaces.views.downloads import CsvView

PAGE_SIZE = 25


class OneSprint(WorkspaceView):
    """A page or a button of one sprint, named by its number."""

    section = "sprint"

    def sprint(self) -> Sprint:
        number = self.kwargs["number"]
        sprint = find_sprint(self.workspace, number=number)
        if sprint is None:
            raise NotFound(_("There is no sprint {number} here.").format(number=number))
        return sprint

    def among(self, sprints: Sequence[Sprint]) -> Sprint:
        """The same, where those at hand have been read."""
        found = next((one for one in sprints if one.number == self.kwargs["number"]), None)
        if found is None:
            raise NotFound(_("There is no sprint {number} here.").format(number=self.kwargs["number"]))
        return found

    def sprint_url(self) -> str:
        return self.page_url("sprint", number=self.kwargs["number"])


class _Backlog(WorkspaceView):
    section = "backlog"

    def filter_form(self) -> BacklogFilter:
        people = (
            Membership.objects.of(self.workspace).select_related("user").order_by("user__first_name", "pk")
        )
        return BacklogFilter(self.request.GET or None, workspace=self.workspace, people=people)

    def hypotheses(self, form: BacklogFilter) -> HypothesisQuerySet:
        rows = Hypothesis.objects.of(self.workspace).in_backlog().select_related("owner", "parent")
        if form.is_bound:
            rows = rows.filter(form.condition) if form.is_valid() else rows.none()
        return form.in_order(rows)


class BacklogView(_Backlog):
    template_name = "sprints/backlog.html"
    # What can be sorted by, as the table heads it.
    COLUMNS = (
        ("title", gettext_lazy("Hypothesis")),
        ("score", gettext_lazy("Score")),
        ("kind", gettext_lazy("Kind")),
        ("metric", gettext_lazy("Judged by")),
        ("owner", gettext_lazy("Owner")),
    )

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.filter_form()
        page = Paginator(self.hypotheses(form), PAGE_SIZE).get_page(request.GET.get("page"))
        query = query_of(request)
        context = {
            "form": form,
            "page_obj": page,
            "query": f"{query.urlencode()}&" if query else "",
            "is_filtered": form.is_filtered,
            "columns": columns_of(self.COLUMNS, form, query=query),
            "planning": list(Sprint.objects.of(self.workspace).planning().order_by("starts_on", "number")),
            # What was done in the list itself is said in it: htmx puts in no other part of the page.
            "heard": list(get_messages(request)) if is_part_wanted(request) else [],
        }
        return at_its_address(self.render(context, status=422 if form.errors else 200), request)


class BacklogCsvView(_Backlog, CsvView):
    """The same rows as a file."""

    COLUMNS = (
        "id",
        "title",
        "change",
        "audience",
        "expected_effect",
        "because",
        "kind",
        "buyer_stage",
        "driver",
        "persona",
        "objection",
        "primary_metric",
        "outcome_metric",
        "target",
        "mde_relative",
        "impact",
        "confidence",
        "ease",
        "predicted_success",
    )

    NAME = "backlog"
    HEADER = (*COLUMNS, "owner", "score")

    def items(self) -> Iterable[Hypothesis]:
        return self.hypotheses(self.filter_form()).iterator(chunk_size=500)

    def row(self, hypothesis: Hypothesis) -> list[object]:
        owner = hypothesis.owner.email if hypothesis.owner else ""
        return [*(getattr(hypothesis, column) for column in self.COLUMNS), owner, hypothesis.ice]


class SprintsView(WorkspaceView):
    template_name = "sprints/sprints.html"
    section = "sprint"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprints = Sprint.objects.of(self.workspace).order_by("-number")
        page = Paginator(sprints, PAGE_SIZE).get_page(request.GET.get("page"))
        rows = sprint_rows(list(page.object_list))
        return self.render({"page_obj": page, "rows": rows, "is_running": sprints.running().exists()})


class SprintsCsvView(CsvView):
    """One row a hypothesis of a sprint; a sprint that has none yet has a row, too."""

    section = "sprint"
    NAME = "sprints"
    HEADER = ("sprint", "name", "goal", "state", "starts_on", "ends_on", "hypothesis", "decision")

    def items(self) -> Iterable[tuple[Sprint, str, str]]:
        rows = sprint_rows(list(Sprint.objects.of(self.workspace).order_by("-number")))
        return [
            (row.sprint, title, decision)
            for row in rows
            for title, decision in (row.hypotheses or [("", "")])
        ]

    def row(self, item: tuple[Sprint, str, str]) -> list[object]:
        sprint, title, decision = item
        return [
            sprint.number,
            sprint.name,
            sprint.goal,
            sprint.status,
            sprint.starts_on,
            sprint.ends_on,
            title,
            decision,
        ]


def _days_of(sprint: Sprint, *, today: date) -> str:
    """The days as they were understood, as whoever typed "next Monday" wants to hear."""
    first, last = (understood_day(on, today=today) for on in (sprint.starts_on, sprint.ends_on))
    return _("{first} to {last}").format(first=first, last=last)


class _WriteSprint(FormView):
    """A sprint's days are shown as they are chosen: htmx asks for the page with them in its address."""

    template_name = "sprints/sprint_form.html"
    section = "sprint"
    permission = Permission.PLAN
    form_class = SprintForm

    def usual(self) -> dict[str, Any]:
        """What stands in the form before anything is chosen."""
        raise NotImplementedError

    def get_initial(self) -> dict[str, Any]:
        asked = SprintForm(self.request.GET, workspace=self.workspace)
        days = {name: _understood(asked, name) for name in ("starts_on", "ends_on")}
        return {**self.usual(), **{name: day for name, day in days.items() if day}}

    def context(self, form: Form) -> dict[str, Any]:
        first, last = (_understood(form, name) for name in ("starts_on", "ends_on"))
        chosen = choose_days(first, last, among=self.others()) if first and last else None
        return {**super().context(form), "chosen": chosen}

    def others(self) -> SprintQuerySet:
        return Sprint.objects.of(self.workspace).exclude(number=self.kwargs.get("number"))


def _understood(form: Form, name: str) -> date | None:
    """The day in a field of the form; ``None`` while it says none."""
    try:
        return cast("date | None", form.fields[name].clean(form[name].value()))
    except ValidationError:
        return None


class NewSprintView(_WriteSprint):
    makes_new = True
    made: Sprint

    def usual(self) -> dict[str, Any]:
        """The first days after today that no other sprint takes, from a day on which somebody is there."""
        last = self.others().open().aggregate(last=Max("ends_on"))["last"]
        today = self.workspace.local_day(self.at)
        first = next_working_day(max(today, last or today))
        return {"starts_on": first, "ends_on": first + timedelta(days=MIN_SPRINT_DAYS)}

    def save(self, form: Form) -> str:
        self.made = create_sprint(values=form.cleaned_data, by=self.actor, at=self.at)
        days = _days_of(self.made, today=self.workspace.local_day(self.at))
        said = _("{sprint} is planned, {days}.")
        return said.format(sprint=self.made, days=days)

    def done_url(self) -> str:
        return self.page_url("sprint", number=self.made.number)


class EditSprintView(OneSprint, _WriteSprint):
    def usual(self) -> dict[str, Any]:
        return planned(self.sprint())

    def basis(self) -> str:
        return basis_of(planned(self.sprint()))

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "sprint": self.sprint()}

    def save(self, form: Form) -> str:
        sprint = change_sprint(
            self.sprint().pk, values=form.cleaned_data, basis=self.sent_basis, by=self.actor, at=self.at
        )
        days = _days_of(sprint, today=self.workspace.local_day(self.at))
        return _("{sprint} is changed: {days}.").format(sprint=sprint, days=days)

    def done_url(self) -> str:
        return self.sprint_url()


class CommitView(OneSprint, ActionView):
    permission = Permission.PLAN

    def act(self) -> str:
        form = CommitForm(self.request.POST, workspace=self.workspace)
        if not form.is_valid():
            raise NotFound(_("Choose a hypothesis of the backlog."))
        hypothesis_id = form.cleaned_data["hypothesis"]
        sprint = commit_hypothesis(self.sprint().pk, hypothesis_id=hypothesis_id, by=self.actor, at=self.at)
        taken = sprint.commitments.kept().count()
        return _("Committed to {sprint}: {taken} of {most}.").format(
            sprint=sprint, taken=taken, most=MAX_HYPOTHESES
        )

    def done_url(self) -> str:
        return self.sprint_url()


class ReleaseView(OneSprint, ActionView):
    permission = Permission.PLAN

    def act(self) -> str:
        sprint = release_hypothesis(
            self.sprint().pk, hypothesis_id=self.kwargs["hypothesis_id"], by=self.actor, at=self.at
        )
        return _("Released from {sprint}; it is in the backlog again.").format(sprint=sprint)

    def done_url(self) -> str:
        return self.sprint_url()


class StartView(OneSprint, FormView):
    """What starting freezes and moves, and a button that does it."""

    template_name = "sprints/start.html"
    permission = Permission.PLAN
    form_class = Form

    def get(self, request: HttpRequest) -> HttpResponse:
        # Back from the sprint that it has started, nothing is left to be started here.
        begun = Sprint.objects.of(self.workspace).filter(
            number=self.kwargs["number"], started_at__isnull=False
        )
        if sprint := begun.first():
            messages.info(request, _("{sprint} has started already.").format(sprint=sprint))
            return redirect(self.sprint_url())
        return super().get(request)

    def context(self, form: Form) -> dict[str, Any]:
        sprint, today = self.sprint(), self.workspace.local_day(self.at)
        return {
            **super().context(form),
            "sprint": sprint,
            "plan": read_plan(sprint, today=today),
            "is_early": today < sprint.starts_on <= today + EARLIEST_START,
        }

    def save(self, form: Form) -> str:
        sprint = start_sprint(self.sprint().pk, by=self.actor, at=self.at)
        return _("{sprint} runs. Its rules are frozen.").format(sprint=sprint)

    def done_url(self) -> str:
        return self.sprint_url()


class CancelView(OneSprint, FormView):
    template_name = "components/reason_page.html"
    permission = Permission.PLAN
    form_class = Form

    def get_form(self, data: QueryDict | None = None) -> Form:
        return Form(data, workspace=self.workspace)

    def context(self, form: Form) -> dict[str, Any]:
        sprint = self.sprint()
        return {
            **super().context(form),
            "title": _("Cancel {sprint}?").format(sprint=sprint),
            "lead": _("Its hypotheses go back to the backlog, their campaigns stay drafts."),
            "verb": _("Cancel sprint {number}").format(number=sprint.number),
            "cancel_url": self.sprint_url(),
            # Two buttons that begin with "Cancel" would be a trap.
            "stay": _("Keep the sprint"),
        }

    def save(self, form: Form) -> str:
        sprint = cancel_sprint(self.sprint().pk, by=self.actor, at=self.at)
        return _("{sprint} is cancelled.").format(sprint=sprint)

    def done_url(self) -> str:
        return self.page_url("sprints")
