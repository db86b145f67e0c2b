from workspaces.views.access import WorkspaceView


class LaunchView(WorkspaceView):
    """."""


class AdoptView(WorkspaceView):
    """."""
