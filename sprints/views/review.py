"""The review: hypothesis by hypothesis, evidence, suggestion, decision, learning; then the sprint closes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import IntegerField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from experiments.models import Campaign
from experiments.selectors.analysis import adjusted_over
from experiments.selectors.arm_rows import ArmRow, arm_rows
from sprints.choices import CommitmentState, DecisionKind, SprintStatus
from sprints.exceptions import NotFound, Refused
from sprints.forms import DecisionForm
from sprints.models import Commitment, Decision, Reallocation, ReallocationLine, Sprint
from sprints.selectors.board import read_board, read_for_review, sprints_at_hand
from sprints.selectors.savings import NOTHING
from sprints.selectors.standing import Board, RunningCampaign, RunningHypothesis
from sprints.services.decisions import KnownCampaign, Suggestion, decide, suggest_decision
from sprints.services.planning import close_sprint, open_review
from sprints.views.planning import OneSprint
from workspaces.forms import Form
from workspaces.models.prepared import Given, Prepared
from workspaces.permissions import Permission
from workspaces.templatetags.quickno import clock, day, long_day, moment
from workspaces.views.access import FormView

FINAL = {
    DecisionKind.SCALE: (
        gettext_lazy("Scale it"),
        gettext_lazy("What still runs of it goes on under its rules, as scaled."),
    ),
    DecisionKind.EVOLVE: (
        gettext_lazy("Evolve it"),
        gettext_lazy(
            "What still runs of it is completed for good, and the new hypothesis goes into the backlog."
        ),
    ),
    DecisionKind.KILL: (
        pgettext_lazy("decision", "Kill it"),
        gettext_lazy("What still runs of it is killed for good, so stop it on the ad platform, too."),
    ),
    DecisionKind.INCONCLUSIVE: (
        gettext_lazy("Leave it open for good"),
        gettext_lazy("What still runs of it is completed for good."),
    ),
}
CONSEQUENCES = {
    DecisionKind.SCALE: gettext_lazy("keep it running, under its rules"),
    DecisionKind.EVOLVE: gettext_lazy("complete it, and write the next hypothesis"),
    DecisionKind.KILL: gettext_lazy("stop it for good"),
    DecisionKind.INCONCLUSIVE: gettext_lazy("complete it and say why, or go on in the next sprint"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the four decisions, and what follows from it."""

    value: str
    label: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one campaign, as the review shows it."""

    campaign: Campaign
    verdict: dict[str, Any]
    arms: list[ArmRow]
    analysis: dict[str, Any]


_LAST_PLAN = Prepared(
    lambda: (
        Reallocation.objects.filter(sprint=Given("sprint", IntegerField()))
        .select_related("proposed_by", "approved_by")
        .with_rows(
            "lines",
            ReallocationLine.objects.order_by("position"),
            joined=["source_campaign", "target_campaign"],
        )
        .order_by("-pk")[:1]
    )
)


class _Review(OneSprint):
    def reviewed(self, sprint: Sprint) -> Sprint:
        if sprint.status not in {SprintStatus.RUNNING, SprintStatus.IN_REVIEW, SprintStatus.CLOSED}:
            raise NotFound(_("{sprint} has nothing to review yet.").format(sprint=sprint))
        return sprint

    def plan(self, sprint: Sprint) -> Reallocation | None:
        """The last plan that was made for the sprint."""
        return next(iter(_LAST_PLAN.read(sprint=sprint.pk)), None)


class ReviewView(_Review):
    """One open question at a time with all that answers it; beside it what is decided and what comes next."""

    template_name = "sprints/review.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprints = sprints_at_hand(self.workspace, number=self.kwargs["number"])
        sprint = self.reviewed(self.among(sprints))
        board, asked = read_for_review(sprint, asked=self.asked, at=self.at)
        return self.render(
            {
                "sprint": sprint,
                "sprints": sprints,
                "board": board,
                "today": self.workspace.local_day(self.at),
                "plan": self.plan(sprint),
                "asked": asked,
                **(self.question(sprint, asked, sprints) if asked else {}),
            }
        )

    def asked(self, board: Board) -> RunningHypothesis | None:
        """The one that was asked for, else one that has stopped or should, else the costliest."""
        about = self.request.GET.get("about", "")
        wanted = (row for row in board.undecided if str(row.hypothesis.pk) == about)
        by_need = sorted(board.undecided, key=lambda row: (not row.is_over, -row.money_per_day))
        return next(wanted, next(iter(by_need), None))

    def question(self, sprint: Sprint, row: RunningHypothesis, sprints: list[Sprint]) -> dict[str, Any]:
        row.hypothesis.workspace = self.workspace
        asked: dict[str, Any] = {
            "overdue": _("Overdue since {day}").format(day=day(sprint.ends_on)),
            "spent_since": sum((item.spent_after(sprint.ends_on) for item in row.campaigns), NOTHING),
            "suggestion": suggest_decision(row.hypothesis, known=known_of(row), at=self.at),
        }
        if self.actor.can(Permission.PLAN):
            planned = [one for one in sprints if one.status == SprintStatus.PLANNING]
            form = DecisionForm(None, workspace=self.workspace, sprints=planned)
            asked |= decision_context(form, can_carry=bool(planned))
        return asked


class PrintedReviewView(_Review):
    """The whole sprint on paper: every hypothesis, its evidence, what was decided and what moved."""

    template_name = "sprints/review_print.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprint = self.reviewed(self.sprint())
        board = read_board(sprint, at=self.at)
        context = {
            "sprint": sprint,
            "board": board,
            "planned": list(sprint.days()),
            "plan": self.plan(sprint),
        }
        return self.render(context)


def known_of(row: RunningHypothesis) -> list[KnownCampaign]:
    """What the board has read of the hypothesis's campaigns, for the suggestion."""
    return [
        KnownCampaign(item.campaign, item.analysis.verdict, next(iter(item.breaches), None))
        for item in row.campaigns
        if item.analysis
    ]


def evidence_of(item: RunningCampaign, board: Board) -> Evidence:
    """What speaks for a campaign, its p-values adjusted over all that the sprint compares."""
    if item.analysis is None:
        raise Refused("unplanned", f"Campaign {item.campaign.key} has no analysis.")
    others = [other.analysis.comparisons for other in board.campaigns if other is not item and other.analysis]
    analysis = adjusted_over(item.analysis, others).as_dict()
    rows = arm_rows(list(item.campaign.arms.all()), analysis, item.metric, events=item.events)
    return Evidence(item.campaign, analysis["verdict"], rows, analysis)


def decision_context(form: Form, *, can_carry: bool) -> dict[str, Any]:
    """What the fields of a decision need: the form, the four answers, and whether one could go on."""
    return {
        "form": form,
        "can_carry": can_carry,
        "decisions": [Choice(kind.value, str(kind.label), str(told)) for kind, told in CONSEQUENCES.items()],
    }


class DecideView(OneSprint, FormView):
    template_name = "sprints/decide.html"
    permission = Permission.PLAN

    @cached_property
    def sprints(self) -> list[Sprint]:
        return sprints_at_hand(self.workspace, number=self.kwargs["number"])

    def sprint(self) -> Sprint:
        return self.among(self.sprints)

    def commitment(self) -> Commitment:
        for commitment in self.sprint().commitments.all():
            is_asked = commitment.hypothesis_id == self.kwargs["hypothesis_id"]
            if is_asked and commitment.state == CommitmentState.ACTIVE:
                return commitment
        raise NotFound(_("This hypothesis is not open in this sprint."))

    def suggestion(self, row: RunningHypothesis) -> Suggestion:
        return suggest_decision(row.hypothesis, known=known_of(row), at=self.at)

    def decided(self) -> Decision | None:
        """What was decided about it in this sprint, perhaps by somebody who was sooner."""
        return (
            Decision.objects.of(self.workspace)
            .filter(sprint__number=self.kwargs["number"], hypothesis=self.kwargs["hypothesis_id"])
            .select_related("hypothesis", "sprint", "decided_by")
            .first()
        )

    def too_late(self, decision: Decision, *, status: int) -> HttpResponse:
        """Who has decided what, and what was typed, to be taken along."""
        is_today = self.workspace.local_day(decision.decided_at) == self.workspace.local_day(self.at)
        context = {
            "decision": decision,
            "is_own": decision.decided_by == self.request.user,
            "when": clock(decision.decided_at) if is_today else moment(decision.decided_at),
            "typed": [shown for shown in self.get_form(self.given).as_shown.values() if shown[1]]
            if self.given
            else [],
        }
        return self.render(context, template="sprints/decided.html", status=status)

    def get_form(self, data: QueryDict | None = None) -> DecisionForm:
        return DecisionForm(data, workspace=self.workspace, sprints=self.planned())

    def planned(self) -> list[Sprint]:
        return [one for one in self.sprints if one.status == SprintStatus.PLANNING]

    def post(self, request: HttpRequest) -> HttpResponse:
        """A decision that nobody can take back is asked about once more, with what was typed."""
        decision = self.decided()
        if decision is not None:
            return self.too_late(decision, status=409)
        form = self.get_form(request.POST)
        if "change" in request.POST:
            return self.render(self.context(form))
        if form.is_valid() and form.is_final and "sure" not in request.POST:
            return self.render(self.confirmation(form), template="sprints/decide_confirm.html")
        return super().post(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        decision = self.decided()
        return super().get(request) if decision is None else self.too_late(decision, status=200)

    def refuse(self, form: Form, *, status: int) -> HttpResponse:
        decision = self.decided()
        return (
            super().refuse(form, status=status) if decision is None else self.too_late(decision, status=409)
        )

    def sent_otherwise(self, url: str) -> HttpResponse:
        decision = self.decided()
        return super().sent_otherwise(url) if decision is None else self.too_late(decision, status=409)

    def confirmation(self, form: DecisionForm) -> dict[str, Any]:
        kind = DecisionKind(form.cleaned_data["decision"])
        verb, consequence = FINAL[kind]
        return {
            "form": form,
            "next": self.back_to(""),
            "sprint": self.sprint(),
            "hypothesis": self.commitment().hypothesis,
            "kind": kind,
            "verb": verb,
            "consequence": consequence,
            "learning": form.cleaned_data["learning"],
        }

    def context(self, form: Form) -> dict[str, Any]:
        sprint, commitment = self.sprint(), self.commitment()
        board = read_board(sprint, at=self.at)
        row = next(row for row in board.hypotheses if row.commitment.pk == commitment.pk)
        row.hypothesis.workspace = self.workspace
        return {
            **super().context(form),
            "sprint": sprint,
            "row": row,
            "hypothesis": row.hypothesis,
            "suggestion": self.suggestion(row),
            **decision_context(form, can_carry=bool(self.planned())),
            "evidence": [evidence_of(item, board) for item in row.campaigns],
        }

    def save(self, form: Form) -> str:
        if not isinstance(form, DecisionForm):
            raise TypeError("The review decides by a DecisionForm.")
        decision = decide(self.kwargs["hypothesis_id"], by=self.actor, at=self.at, **form.values())
        return _("Decided: {decision}. {hypothesis}.").format(
            decision=decision.get_decision_display(), hypothesis=decision.hypothesis
        )

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])


class OpenReviewView(OneSprint, FormView):
    """Opening the review ends the run, so an early one says how many days it gives up."""

    template_name = "components/reason_page.html"
    permission = Permission.PLAN
    form_class = Form

    def context(self, form: Form) -> dict[str, Any]:
        sprint, today = self.sprint(), self.workspace.local_day(self.at)
        number = sprint.day_number(today)
        ends_early = today < sprint.ends_on
        if not ends_early:
            title = _("Open the review of {sprint}?")
        elif number:
            title = _("End {sprint} on day {day} of {days}, before its planned end?")
        else:
            title = _("End {sprint}, before its planned end?")
        return {
            **super().context(form),
            "sprint": sprint,
            "title": title.format(sprint=sprint, day=number, days=sprint.length_days),
            "lead": _(
                "Opening the review ends the sprint for good. Its campaigns go on spending until "
                "each is decided, and nothing more can be launched in it."
            ),
            "note": _(
                "It is planned until {day}. A hypothesis can be decided early without ending the sprint."
            ).format(day=long_day(sprint.ends_on))
            if ends_early
            else "",
            "verb": _("End it, open the review") if ends_early else _("Open the review"),
            "cancel_url": self.sprint_url(),
        }

    def save(self, form: Form) -> str:
        sprint = open_review(self.sprint().pk, by=self.actor, at=self.at)
        return _("The review of {sprint} is open.").format(sprint=sprint)

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])


class CloseView(OneSprint, FormView):
    template_name = "components/reason_page.html"
    permission = Permission.PLAN
    form_class = Form

    def context(self, form: Form) -> dict[str, Any]:
        sprint = self.sprint()
        decided = Decision.objects.filter(sprint=sprint).select_related("hypothesis").order_by("decided_at")
        return {
            **super().context(form),
            "sprint": sprint,
            "title": _("Close {sprint}?").format(sprint=sprint),
            "lead": _(
                "A closed sprint does not open again: its decisions, its learnings and its figures stay "
                "as they are now."
            ),
            "note": " ".join(f"{one.hypothesis}: {one.get_decision_display()}." for one in decided),
            "verb": _("Close the sprint"),
            "cancel_url": self.done_url(),
        }

    def save(self, form: Form) -> str:
        sprint = close_sprint(self.sprint().pk, by=self.actor, at=self.at)
        return _("{sprint} is closed. What it learnt is in Learnings.").format(sprint=sprint)

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])
