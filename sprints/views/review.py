"""The review: hypothesis by hypothesis, evidence, suggestion, decision, learning; then the sprint closes."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from experiments.models import Campaign
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.arm_rows import ArmRow, arm_rows
from experiments.selectors.campaign_pages import campaign_numbers
from sprints.choices import CommitmentState, DecisionKind, SprintStatus
from sprints.exceptions import NotFound, Refused
from sprints.forms import DecisionForm
from sprints.models import Commitment, Sprint
from sprints.selectors.board import RunningHypothesis, read_board
from sprints.services.decisions import Suggestion, decide, suggest_decision
from sprints.services.planning import close_sprint, open_review
from sprints.views.planning import OneSprint
from workspaces.forms import Form
from workspaces.permissions import Permission
from workspaces.views.access import ActionView, FormView

CONSEQUENCES = {
    DecisionKind.SCALE: "keep it running, under its rules",
    DecisionKind.EVOLVE: "complete it, and write the next hypothesis",
    DecisionKind.KILL: "stop it for good",
    DecisionKind.INCONCLUSIVE: "complete it and say why, or go on in the next sprint",
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


class ReviewView(OneSprint):
    """All of the sprint's hypotheses: the decided with what was decided, the open with a way to decide."""

    template_name = "sprints/review.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprint = self.sprint()
        if sprint.status not in {SprintStatus.RUNNING, SprintStatus.IN_REVIEW, SprintStatus.CLOSED}:
            raise NotFound(f"{sprint} has nothing to review yet.")
        board = read_board(sprint, at=self.at)
        return self.render({"sprint": sprint, "board": board})


class DecideView(OneSprint, FormView):
    template_name = "sprints/decide.html"
    permission = Permission.PLAN

    def commitment(self) -> Commitment:
        commitment = (
            Commitment.objects.of(self.workspace)
            .filter(
                sprint__number=self.kwargs["number"],
                hypothesis=self.kwargs["hypothesis_id"],
                state=CommitmentState.ACTIVE,
            )
            .first()
        )
        if commitment is None:
            raise NotFound("This hypothesis is not open in this sprint.")
        return commitment

    def row(self, sprint: Sprint) -> RunningHypothesis:
        commitment = self.commitment()
        board = read_board(sprint, at=self.at)
        return next(row for row in board.hypotheses if row.commitment.pk == commitment.pk)

    def suggestion(self, row: RunningHypothesis) -> Suggestion:
        return suggest_decision(row.hypothesis, at=self.at)

    def get_form(self, data: QueryDict | None = None) -> DecisionForm:
        sprints = Sprint.objects.of(self.workspace).planning().order_by("starts_on", "number")
        return DecisionForm(data, workspace=self.workspace, sprints=sprints)

    def context(self, form: Form) -> dict[str, Any]:
        sprint = self.sprint()
        row = self.row(sprint)
        row.hypothesis.workspace = self.workspace
        return {
            **super().context(form),
            "sprint": sprint,
            "row": row,
            "hypothesis": row.hypothesis,
            "suggestion": self.suggestion(row),
            "decisions": [Choice(kind.value, str(kind.label), told) for kind, told in CONSEQUENCES.items()],
            "evidence": [self._evidence(item.campaign) for item in row.campaigns],
        }

    def _evidence(self, campaign: Campaign) -> Evidence:
        if campaign.hypothesis is None:
            raise Refused("unplanned", f"Campaign {campaign.key} has no hypothesis.")
        numbers = campaign_numbers(campaign, at=self.at)
        analysis = analyse_campaign(
            campaign, metric=numbers.metric.key, measured=numbers.measured, at=self.at
        ).as_dict()
        rows = arm_rows(list(campaign.arms.all()), analysis, numbers.metric, events=numbers.by_arm)
        return Evidence(campaign, analysis["verdict"], rows, analysis)

    def save(self, form: Form) -> str:
        if not isinstance(form, DecisionForm):
            raise TypeError("The review decides by a DecisionForm.")
        decision = decide(self.kwargs["hypothesis_id"], by=self.actor, at=self.at, **form.values())
        return f"Decided: {decision.get_decision_display()}. {decision.hypothesis}."

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])


class OpenReviewView(OneSprint, ActionView):
    def act(self) -> str:
        sprint = open_review(self.sprint().pk, by=self.actor, at=self.at)
        return f"The review of {sprint} is open."

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])


class CloseView(OneSprint, ActionView):
    def act(self) -> str:
        sprint = close_sprint(self.sprint().pk, by=self.actor, at=self.at)
        return f"{sprint} is closed. What it learnt is in Learnings."

    def done_url(self) -> str:
        return self.page_url("sprint_review", number=self.kwargs["number"])
