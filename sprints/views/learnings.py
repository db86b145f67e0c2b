"""What was learnt, to search; and the graveyard, where every no is counted for what it saved."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse

from experiments.models import Campaign
from sprints.forms import GraveyardFilter, LearningFilter
from sprints.models import Decision
from sprints.selectors.graveyard import No, Noes, read_noes
from sprints.selectors.learnings import channels_decided, personas_decided, read_records
from sprints.views.listing import at_its_address, query_of
from workspaces.views.access import WorkspaceView
from workspaces.views.downloads import CsvView

PAGE_SIZE = 25


class _Learnings(WorkspaceView):
    section = "learnings"

    def filter_form(self) -> LearningFilter:
        return LearningFilter(
            self.request.GET or None,
            workspace=self.workspace,
            personas=personas_decided(self.workspace),
            channels=channels_decided(self.workspace),
        )

    def decisions(self, form: LearningFilter) -> QuerySet[Decision]:
        decisions = (
            Decision.objects.of(self.workspace)
            .select_related("hypothesis", "sprint", "child")
            .order_by("-decided_at", "-id")
        )
        if not form.is_bound:
            return decisions
        return decisions.filter(form.condition) if form.is_valid() else decisions.none()


class LearningsView(_Learnings):
    template_name = "sprints/learnings.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.filter_form()
        decisions = self.decisions(form)
        page = Paginator(decisions, PAGE_SIZE).get_page(request.GET.get("page"))
        query = query_of(request)
        context = {
            "form": form,
            "page_obj": page,
            "query": f"{query.urlencode()}&" if query else "",
            "is_filtered": form.is_filtered,
            "records": read_records(decisions, by=form.grouping, workspace=self.workspace),
            "grouping": form.grouping_label,
        }
        return at_its_address(self.render(context, status=422 if form.errors else 200), request)


class LearningsCsvView(_Learnings, CsvView):
    NAME = "learnings"
    HEADER = (
        "decided_at",
        "sprint",
        "hypothesis",
        "kind",
        "driver",
        "persona",
        "decision",
        "moved_the_business",
        "vanity_win",
        "learning",
        "decided_by",
        "campaigns",
    )

    def items(self) -> Iterable[Decision]:
        campaigns = Campaign.objects.order_by("pk")
        decisions = self.decisions(self.filter_form()).select_related("hypothesis", "sprint", "decided_by")
        return decisions.prefetch_related(Prefetch("hypothesis__campaigns", campaigns)).iterator(
            chunk_size=500
        )

    def row(self, decision: Decision) -> list[object]:
        hypothesis = decision.hypothesis
        return [
            self.moment(decision.decided_at),
            decision.sprint.number,
            hypothesis.title,
            hypothesis.kind,
            hypothesis.driver,
            hypothesis.persona,
            decision.decision,
            "yes" if decision.moved_the_business else "no",
            "yes" if decision.vanity_win else "no",
            decision.learning,
            str(decision.decided_by),
            " ".join(campaign.key for campaign in hypothesis.campaigns.all()),
        ]


class _Graveyard(WorkspaceView):
    section = "zombies"

    def filter_form(self) -> GraveyardFilter:
        return GraveyardFilter(self.request.GET, workspace=self.workspace)

    def noes(self, form: GraveyardFilter) -> Noes:
        back = form.since
        return read_noes(self.workspace, since=self.at - back if back else None)


class GraveyardView(_Graveyard):
    """How fast each no was, what it saved, what it taught and whom it was learnt from."""

    template_name = "sprints/graveyard.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.filter_form()
        noes = self.noes(form)
        return self.render(
            {
                "form": form,
                "noes": noes,
                "rows": form.in_order(noes.noes),
                "since": self.workspace.local_day(self.at - form.since) if form.since else None,
                "query": request.GET.urlencode(),
            }
        )


class GraveyardCsvView(_Graveyard, CsvView):
    NAME = "graveyard"
    HEADER = (
        "campaign",
        "name",
        "sprint",
        "owner",
        "launched_on",
        "killed_on",
        "days_lived",
        "budget",
        "spent",
        "saved",
        "rule",
        "killed_by",
        "reason",
        "learning",
    )

    def items(self) -> Iterable[No]:
        form = self.filter_form()
        return form.in_order(self.noes(form).noes)

    def row(self, no: No) -> list[object]:
        campaign = no.campaign
        return [
            campaign.key,
            campaign.name,
            no.sprint or "",
            str(no.owner or ""),
            campaign.first_judged_day() or "",
            no.ended_on or "",
            no.days,
            no.budget,
            no.spent,
            no.saved,
            no.rule.rule_text if no.rule else "",
            no.stopped_by,
            campaign.stop_reason,
            no.learning,
        ]
