"""One sprint: what is missing before it starts, how it stands while it runs, what came of it."""

from django.http import HttpRequest, HttpResponse

from experiments.models import Hypothesis
from sprints.choices import SprintStatus
from sprints.models import Sprint
from sprints.selectors.board import read_board
from sprints.services.readiness import read_plan
from sprints.views.planning import OneSprint

BACKLOG_SHOWN = 12


class SprintView(OneSprint):
    """The planning page or the board, by the sprint's state."""

    template_name = "sprints/board.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        sprint = self.sprint()
        return self._plan(sprint) if sprint.status == SprintStatus.PLANNING else self._board(sprint)

    def _plan(self, sprint: Sprint) -> HttpResponse:
        backlog = Hypothesis.objects.of(self.workspace).in_backlog().select_related("owner").by_score()
        context = {"sprint": sprint, "plan": read_plan(sprint), "backlog": backlog[:BACKLOG_SHOWN]}
        return self.render(context, template="sprints/planning.html")

    def _board(self, sprint: Sprint) -> HttpResponse:
        return self.render(
            {
                "sprint": sprint,
                "board": read_board(sprint, at=self.at),
                "days": list(sprint.days()),
                "today": self.workspace.local_day(self.at),
            }
        )
