from experiments.forms.campaign import AmendDraft, CampaignDraft
from experiments.forms.hypothesis import HypothesisForm, ScoresForm, SizingForm
from experiments.forms.reasons import KeepForm, OverruleForm, WordsForm

__all__ = [
    "AmendDraft",
    "CampaignDraft",
    "HypothesisForm",
    "KeepForm",
    "OverruleForm",
    "ScoresForm",
    "SizingForm",
    "WordsForm",
]
