from experiments.models.campaign import Arm, Campaign
from experiments.models.criterion import Amendment, Breach, CriterionWatch, Judgement, KillCriterion
from experiments.models.estimate import MaturityEstimate, SpreadEstimate
from experiments.models.hypothesis import Hypothesis
from experiments.models.observation import Observation, ObservationBatch, Restatement
from experiments.models.zombie import ZombieFlag

__all__ = [
    "Amendment",
    "Arm",
    "Breach",
    "Campaign",
    "CriterionWatch",
    "Hypothesis",
    "Judgement",
    "KillCriterion",
    "MaturityEstimate",
    "Observation",
    "ObservationBatch",
    "Restatement",
    "SpreadEstimate",
    "ZombieFlag",
]
