from experiments.models.campaign import Arm, Campaign
from experiments.models.criterion import Amendment, Breach, CriterionWatch, Judgement, KillCriterion
from experiments.models.criterion_template import CriterionTemplate
from experiments.models.day_total import DayTotal
from experiments.models.estimate import MaturityEstimate, SpreadEstimate
from experiments.models.file_import import FileImport, ImportMapping
from experiments.models.hypothesis import Hypothesis
from experiments.models.observation import Observation, ObservationBatch, Restatement
from experiments.models.zombie import ZombieFlag

__all__ = [
    "Amendment",
    "Arm",
    "Breach",
    "Campaign",
    "CriterionTemplate",
    "CriterionWatch",
    "DayTotal",
    "FileImport",
    "Hypothesis",
    "ImportMapping",
    "Judgement",
    "KillCriterion",
    "MaturityEstimate",
    "Observation",
    "ObservationBatch",
    "Restatement",
    "SpreadEstimate",
    "ZombieFlag",
]
