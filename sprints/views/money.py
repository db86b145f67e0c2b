from workspaces.views.access import WorkspaceView


class MoneyView(WorkspaceView):
    """."""


class LedgerCsvView(WorkspaceView):
    """."""


class FundView(WorkspaceView):
    """."""
