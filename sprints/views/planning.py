from workspaces.views.access import WorkspaceView


class BacklogView(WorkspaceView):
    """."""


class BacklogCsvView(WorkspaceView):
    """."""


class SprintsView(WorkspaceView):
    """."""


class NewSprintView(WorkspaceView):
    """."""


class EditSprintView(WorkspaceView):
    """."""


class CommitView(WorkspaceView):
    """."""


class ReleaseView(WorkspaceView):
    """."""


class StartView(WorkspaceView):
    """."""


class CancelView(WorkspaceView):
    """."""
