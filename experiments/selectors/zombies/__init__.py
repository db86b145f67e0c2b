"""Which campaigns go on although their evidence or their plan says stop: each signal, since when, and what it
costs.

Reads only; ``services.judging`` turns signals into flags. Draft campaigns never give one.
"""

from experiments.selectors.zombies.finding import find_zombies, zombie_measures, zombie_metrics
from experiments.selectors.zombies.suspect import Signal

__all__ = ["Signal", "find_zombies", "zombie_measures", "zombie_metrics"]
