"""A campaign's plan: what it compares, and in sentences, when it hears a no."""

from experiments.forms.campaign.criterion import CriterionForm
from experiments.forms.campaign.drafts import AmendDraft, CampaignDraft, Draft
from experiments.forms.campaign.posts import answered, is_previewing, is_unsent, typed
from experiments.forms.campaign.rows import Rows

__all__ = [
    "AmendDraft",
    "CampaignDraft",
    "CriterionForm",
    "Draft",
    "Rows",
    "answered",
    "is_previewing",
    "is_unsent",
    "typed",
]
