from workspaces.views.access import WorkspaceView


class TodayView(WorkspaceView):
    """."""
