"""What the days say about kill criteria: any number of them at once, each judged on the days it may see."""

from experiments.selectors.evidence.amounts import NO_GUARD, to_ticks
from experiments.selectors.evidence.findings import Findings, find
from experiments.selectors.evidence.group import Group
from experiments.selectors.evidence.subjects import Finding, Subject, measures_for, subjects_of

__all__ = [
    "NO_GUARD",
    "Finding",
    "Findings",
    "Group",
    "Subject",
    "find",
    "measures_for",
    "subjects_of",
    "to_ticks",
]
