from workspaces.views.access import WorkspaceView


class SprintView(WorkspaceView):
    """."""
