"""What the workspace's own numbers have taught."""

from django.http import HttpRequest, HttpResponse

from experiments.selectors.estimates import curve_views, spread_views
from experiments.stats.forms import FEWEST_CAMPAIGNS_TO_REFIT
from workspaces.views.access import WorkspaceView


class LearntView(WorkspaceView):
    template_name = "experiments/learnt.html"
    section = "settings"

    def get(self, request: HttpRequest) -> HttpResponse:
        curves = curve_views(self.workspace)
        late = [view for view in curves if not view.is_at_once]
        return self.render(
            {
                "curves": late,
                "at_once": [view.source.name for view in curves if view.is_at_once],
                "ages": late[0].ages if late else [],
                "spreads": spread_views(self.workspace),
                "fewest": FEWEST_CAMPAIGNS_TO_REFIT,
            }
        )
