from workspaces.views.access import WorkspaceView


class ReviewView(WorkspaceView):
    """."""


class OpenReviewView(WorkspaceView):
    """."""


class CloseView(WorkspaceView):
    """."""


class DecideView(WorkspaceView):
    """."""
