"""The list of campaigns, the page of one, and its plan."""

from experiments.views.campaigns.drafts import AmendView, DraftView, EditCampaignView, NewCampaignView
from experiments.views.campaigns.lists import CampaignsCsvView, CampaignsView
from experiments.views.campaigns.page import ArmsCsvView, CampaignView, DaysCsvView

__all__ = [
    "AmendView",
    "ArmsCsvView",
    "CampaignView",
    "CampaignsCsvView",
    "CampaignsView",
    "DaysCsvView",
    "DraftView",
    "EditCampaignView",
    "NewCampaignView",
]
