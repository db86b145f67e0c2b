"""Kill criteria: written with the draft, frozen at launch, amended or overruled only by name and reason."""

from experiments.services.criteria.amending import amend_criteria
from experiments.services.criteria.breaches import overrule_breach, refuse_open_breach, settle_breaches
from experiments.services.criteria.freezing import build_criteria, criteria_in_force, freeze_criteria
from experiments.services.criteria.reading import (
    CRITERION_FIELDS,
    DEFAULT_CONFIDENCE,
    MOST_CRITERIA,
    read_criteria,
    read_criterion,
)

__all__ = [
    "CRITERION_FIELDS",
    "DEFAULT_CONFIDENCE",
    "MOST_CRITERIA",
    "amend_criteria",
    "build_criteria",
    "criteria_in_force",
    "freeze_criteria",
    "overrule_breach",
    "read_criteria",
    "read_criterion",
    "refuse_open_breach",
    "settle_breaches",
]
