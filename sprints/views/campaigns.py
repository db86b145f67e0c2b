"""What a campaign needs its sprint or the ledger for: companions, launching, being adopted."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from experiments.choices import HypothesisStatus
from experiments.models import Campaign, Hypothesis
from experiments.views.campaigns import ArmsCsvView, CampaignView, DraftView
from sprints.exceptions import NotFound
from sprints.forms import AdoptDraft
from sprints.models import Sprint
from sprints.selectors.companions import companions
from sprints.selectors.days import sprints_of_drafts
from sprints.services.launching import adopt_campaign, launch_campaign
from workspaces.permissions import Permission
from workspaces.views.access import ActionView, WorkspaceView


class CampaignInSprintView(CampaignView):
    """The page of a campaign, which is compared beside the others of its sprint."""

    def companions(self, campaign: Campaign) -> Sequence[Campaign]:
        return companions(campaign)

    def sprint_of_draft(self, campaign: Campaign) -> Sprint | None:
        return sprints_of_drafts([campaign]).get(campaign.pk)


class ArmsInSprintCsvView(ArmsCsvView, CampaignInSprintView):
    """Its arms as a file, compared beside the others of its sprint, too."""


class OneCampaign(WorkspaceView):
    section = "campaigns"
    permission = Permission.PLAN

    @cached_property
    def campaign(self) -> Campaign:
        campaign = Campaign.objects.of(self.workspace).filter(key=self.kwargs["key"]).first()
        if campaign is None:
            raise NotFound(_("There is no campaign “{campaign}” here.").format(campaign=self.kwargs["key"]))
        return campaign

    def done_url(self) -> str:
        return self.page_url("campaign", key=self.kwargs["key"])


class LaunchView(OneCampaign, ActionView):
    def act(self) -> str:
        campaign = launch_campaign(self.kwargs["key"], by=self.actor, at=self.at)
        return _("{campaign} is live. Its rules are frozen.").format(campaign=campaign.name)


class AdoptView(OneCampaign, DraftView):
    """Rules, a budget and perhaps a hypothesis for a campaign that runs without a plan."""

    template_name = "sprints/adopt.html"

    def draft(self, data: QueryDict | None = None) -> AdoptDraft:
        open_ones = [HypothesisStatus.BACKLOG, HypothesisStatus.COMMITTED]
        hypotheses = Hypothesis.objects.of(self.workspace).filter(status__in=open_ones).order_by("title")
        return AdoptDraft(
            data, workspace=self.workspace, hypotheses=hypotheses, channel=self.campaign.channel
        )

    def context(self, draft: AdoptDraft) -> dict[str, Any]:
        return {**super().context(draft), "campaign": self.campaign}

    def save(self, draft: AdoptDraft) -> str:
        campaign = adopt_campaign(self.kwargs["key"], values=draft.values, by=self.actor, at=self.at)
        adopted = _("{campaign} is adopted. Its rules are frozen.").format(campaign=campaign.name)
        messages.success(self.request, adopted)
        return self.done_url()
