"""The way into every page of a workspace: who asks, in which workspace, and how a refusal is shown."""

from workspaces.views.access.addresses import is_page_of_ours
from workspaces.views.access.buttons import ActionView
from workspaces.views.access.forms import FormView
from workspaces.views.access.page import WorkspaceRequest, WorkspaceView
from workspaces.views.access.refusals import tell, words_of

__all__ = [
    "ActionView",
    "FormView",
    "WorkspaceRequest",
    "WorkspaceView",
    "is_page_of_ours",
    "tell",
    "words_of",
]
