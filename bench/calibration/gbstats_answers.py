"""Asks gbstats, in an environment of its own: `python gbstats_answers.py QUESTIONS.npy ANSWERS.npz`.

The questions are totals, (comparisons, looks, 4): exposure and events of the control, then of the treatment.
The answers say for each engine, with its defaults, where the 95 % interval of the relative lift excludes 0 on
any look.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from gbstats.bayesian.tests import EffectBayesianABTest  # type: ignore[import-not-found]
from gbstats.frequentist.tests import SequentialTwoSidedTTest  # type: ignore[import-not-found]
from gbstats.models.statistics import ProportionStatistic  # type: ignore[import-not-found]


class _BayesianInterval(EffectBayesianABTest):  # type: ignore[misc] # it has no types here
    @staticmethod
    def get_risk(*moments: float) -> list[float]:
        """Leave out the risk: nothing here asks for it, and it takes most of the time."""
        return [0.0 for _ in moments]


def excludes_zero(engine: Callable[[Any, Any], Any], totals: "np.ndarray[Any, Any]") -> bool:
    """Say whether the interval excludes 0 on any look, totals being (looks, 4)."""
    for shown, events, shown_too, events_too in totals:
        control = ProportionStatistic(n=int(shown), sum=int(events))
        treatment = ProportionStatistic(n=int(shown_too), sum=int(events_too))
        low, high = engine(control, treatment).compute_result().ci
        if low > 0 or high < 0:
            return True
    return False


if __name__ == "__main__":
    questions = np.load(sys.argv[1])
    bayesian, sequential = (
        np.array([excludes_zero(engine, totals) for totals in questions])
        for engine in (_BayesianInterval, SequentialTwoSidedTTest)
    )
    np.savez(sys.argv[2], bayesian=bayesian, sequential=sequential)
