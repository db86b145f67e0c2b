"""What the pages of one campaign have in common."""

from functools import cached_property

from django.utils.translation import gettext as _

from experiments.exceptions import NotFound
from experiments.models import Campaign
from experiments.selectors.campaign_pages import PLANNED
from workspaces.views.access import WorkspaceView

SECTION = "campaigns"


class OneCampaignView(WorkspaceView):
    section = SECTION

    # With as much of it as the page tells.
    told = PLANNED

    @cached_property
    def campaign(self) -> Campaign:
        found = self.told.read(workspace=self.workspace.pk, key=self.kwargs["key"])
        if not found:
            raise NotFound(_("There is no campaign “{key}” here.").format(key=self.kwargs["key"]))
        return found[0]
