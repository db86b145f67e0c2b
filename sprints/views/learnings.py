from workspaces.views.access import WorkspaceView


class LearningsView(WorkspaceView):
    """."""


class LearningsCsvView(WorkspaceView):
    """."""


class GraveyardView(WorkspaceView):
    """."""
