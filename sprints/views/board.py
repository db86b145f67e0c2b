"""One sprint: what is missing before it starts, how it stands while it runs, what came of it."""

from django.http import HttpRequest, HttpResponse

from experiments.models import Hypothesis
from sprints.choices import SprintStatus
from sprints.models import Sprint
from sprints.selectors.board import read_board, sprints_at_hand
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
            "plan": read_plan(sprint),
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
