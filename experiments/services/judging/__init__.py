"""Judging: kill criteria and zombie signals, after each post and by the sweep, with the same answer every
time.
"""

from experiments.services.judging.due import judge_what_is_due
from experiments.services.judging.judge import JudgingResult, judge_campaigns
from experiments.services.judging.sweeping import SweepPreview, SweepResult, preview_sweep, sweep

__all__ = [
    "JudgingResult",
    "SweepPreview",
    "SweepResult",
    "judge_campaigns",
    "judge_what_is_due",
    "preview_sweep",
    "sweep",
]
