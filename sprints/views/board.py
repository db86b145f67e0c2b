"""One sprint: what is missing before it starts, how it stands while it runs, what came of it."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from experiments.models import Arm, Campaign, Hypothesis
from experiments.views.previews import is_part_wanted
from sprints.choices import SprintStatus
from sprints.exceptions import NotFound
from sprints.models import Sprint
from sprints.selectors.board import read_board, sprints_at_hand
from sprints.selectors.days import choose_days
from sprints.selectors.reach import read_reach
from sprints.services.readiness import read_plan
from sprints.views.planning import OneSprint

BACKLOG_SHOWN = 12


class SprintView(OneSprint):
    """The planning page or the board, by the sprint's state."""

    template_name = "sprints/board.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprints = sprints_at_hand(self.workspace, number=self.kwargs["number"])
        sprint = self.among(sprints)
        if sprint.status == SprintStatus.PLANNING:
            return self._plan(sprint, sprints)
        return self._board(sprint, sprints)

    def _plan(self, sprint: Sprint, sprints: list[Sprint]) -> HttpResponse:
        backlog = Hypothesis.objects.of(self.workspace).in_backlog().select_related("owner").by_score()
        context = {
            "sprint": sprint,
            "sprints": sprints,
            "plan": read_plan(sprint, today=self.workspace.local_day(self.at)),
            "chosen": choose_days(
                sprint.starts_on, sprint.ends_on, among=[other for other in sprints if other != sprint]
            ),
            "backlog": backlog[:BACKLOG_SHOWN],
        }
        return self.render(context, template="sprints/planning.html")

    def _board(self, sprint: Sprint, sprints: list[Sprint]) -> HttpResponse:
        return self.render(
            {
                "sprint": sprint,
                "board": read_board(sprint, at=self.at),
                "sprints": sprints,
                "planned": list(sprint.days()),
                "today": self.workspace.local_day(self.at),
            }
        )


class ReachView(OneSprint):
    """What the sprint's days and money can see of a campaign's hypothesis; its plan asks for it by htmx."""

    template_name = "sprints/reach.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprint, key = self.sprint(), self.kwargs["key"]
        taken = [commitment.hypothesis_id for commitment in sprint.commitments.all()]
        campaign = (
            Campaign.objects.of(self.workspace)
            .filter(key=key, hypothesis__in=taken)
            .select_related("workspace", "hypothesis")
            .with_rows("arms", Arm.objects.order_by("position"))
            .first()
        )
        if campaign is None or campaign.hypothesis is None:
            message = _("{sprint} has no campaign “{key}”.")
            raise NotFound(message.format(sprint=sprint, key=key))
        reach = read_reach(campaign, campaign.hypothesis, days=sprint.length_days, by=self.actor)
        part = "sprints/partials/reach.html" if is_part_wanted(request) else ""
        several = "several" in request.GET
        return self.render({"sprint": sprint, "reach": reach, "several": several}, template=part)
