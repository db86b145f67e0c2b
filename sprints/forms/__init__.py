from sprints.forms.adoption import AdoptDraft
from sprints.forms.learnings import GraveyardFilter, LearningFilter
from sprints.forms.money import CorrectForm, FundForm, PlanByHandForm
from sprints.forms.planning import BacklogFilter, CommitForm, SprintForm
from sprints.forms.review import DecisionForm

__all__ = [
    "AdoptDraft",
    "BacklogFilter",
    "CommitForm",
    "CorrectForm",
    "DecisionForm",
    "FundForm",
    "GraveyardFilter",
    "LearningFilter",
    "PlanByHandForm",
    "SprintForm",
]
