from workspaces.views.access import WorkspaceView


class ProposeView(WorkspaceView):
    """."""


class PlanByHandView(WorkspaceView):
    """."""


class PlanView(WorkspaceView):
    """."""


class ApproveView(WorkspaceView):
    """."""


class RejectView(WorkspaceView):
    """."""


class WithdrawView(WorkspaceView):
    """."""


class ApplyView(WorkspaceView):
    """."""
