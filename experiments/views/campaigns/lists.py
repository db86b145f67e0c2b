"""The list of campaigns, on its tabs and as a file."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.models.campaign import CampaignQuerySet
from experiments.selectors.campaign_pages import CampaignCard, campaign_cards
from experiments.views.campaigns.base import SECTION
from workspaces.views.access import WorkspaceView
from workspaces.views.downloads import CsvView

PAGE_SIZE = 25
# The tabs of the list: their name in the address, and what is in them.
_LISTS: dict[str, tuple[str | Promise, list[CampaignStatus]]] = {
    "running": (
        gettext_lazy("Running"),
        [CampaignStatus.LIVE, CampaignStatus.SCALED, CampaignStatus.PAUSED],
    ),
    "drafts": (gettext_lazy("Drafts"), [CampaignStatus.DRAFT]),
    "over": (
        gettext_lazy("Over"),
        [CampaignStatus.KILLED, CampaignStatus.COMPLETED, CampaignStatus.DISCARDED],
    ),
}


class _Campaigns(WorkspaceView):
    section = SECTION

    @property
    def chosen(self) -> str:
        """The list that the address names."""
        chosen = self.request.GET.get("show", "running")
        return chosen if chosen in _LISTS else "running"

    def campaigns(self) -> CampaignQuerySet:
        return (
            Campaign.objects.of(self.workspace)
            .filter(status__in=_LISTS[self.chosen][1])
            .select_related("workspace", "hypothesis__owner")
        )


class CampaignsView(_Campaigns):
    template_name = "experiments/campaigns.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = self.chosen
        page = Paginator(self.campaigns(), PAGE_SIZE).get_page(request.GET.get("page"))
        return self.render(
            {
                "page_obj": page,
                "cards": campaign_cards(page.object_list),
                "shown": chosen,
                "lists": [(name, label) for name, (label, _statuses) in _LISTS.items()],
                "query": f"show={chosen}&",
            }
        )


class CampaignsCsvView(_Campaigns, CsvView):
    """The list that is shown, all of its pages."""

    HEADER = (
        "campaign",
        "name",
        "channel",
        "state",
        "hypothesis",
        "owner",
        "starts_on",
        "runs_until",
        "sure_it_should_stop",
        "spent",
        "budget",
        "currency",
    )

    def name(self) -> str:
        return f"campaigns-{self.chosen}"

    def items(self) -> Iterable[CampaignCard]:
        return campaign_cards(list(self.campaigns()))

    def row(self, item: CampaignCard) -> list[object]:
        campaign = item.campaign
        hypothesis = campaign.hypothesis
        return [
            campaign.key,
            campaign.name,
            campaign.channel,
            campaign.status,
            hypothesis.title if hypothesis else "",
            str(hypothesis.owner or "") if hypothesis else "",
            campaign.starts_on,
            campaign.runs_until,
            item.strength,
            self.amount(item.spend) if campaign.launched_at else "",
            self.amount(campaign.funding),
            self.workspace.currency,
        ]
