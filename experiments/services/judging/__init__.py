"""Judging: kill criteria and zombie signals, after each post and by the sweep, with the same answer every
time.
"""

from experiments.services.judging.due import judge_what_is_due
from experiments.services.judging.judge import JudgingResult, judge_campaigns, judge_where_changed
from experiments.services.judging.sweeping import (
    SweepPreview,
    SweepResult,
    preview_sweep,
    sweep,
    sweep_chunks,
)

__all__ = [
    "JudgingResult",
    "SweepPreview",
    "SweepResult",
    "judge_campaigns",
    "judge_what_is_due",
    "judge_where_changed",
    "preview_sweep",
    "sweep",
    "sweep_chunks",
]
