"""Asks gbstats, in an environment of its own: `python gbstats_answers.py QUESTION TOTALS.npy ANSWERS.npz`.

Totals are (comparisons, looks, 4): exposure and events of the control, then of the treatment. The question
`intervals` asks where the 95 % interval of the relative lift excludes 0 on any look, by each engine with its
defaults; `chance` how likely the Bayesian one finds it that the treatment beats the control on the last look.
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


def told(engine: Callable[[Any, Any], Any], shown: int, events: int, shown_too: int, events_too: int) -> Any:
    """Return what an engine says of these totals."""
    control = ProportionStatistic(n=int(shown), sum=int(events))
    return engine(control, ProportionStatistic(n=int(shown_too), sum=int(events_too))).compute_result()


def chance_to_win(*totals: int) -> float:
    """Return the Bayesian engine's chance that the treatment beats the control."""
    return float(told(_BayesianInterval, *totals).chance_to_win)


def excludes_zero(engine: Callable[[Any, Any], Any], totals: "np.ndarray[Any, Any]") -> bool:
    """Say whether the interval excludes 0 on any look, totals being (looks, 4)."""
    for look in totals:
        low, high = told(engine, *look).ci
        if low > 0 or high < 0:
            return True
    return False


if __name__ == "__main__":
    comparisons = np.load(sys.argv[2])
    if sys.argv[1] == "chance":
        answers = {"chance": np.array([chance_to_win(*totals[-1]) for totals in comparisons])}
    else:
        engines = {"bayesian": _BayesianInterval, "sequential": SequentialTwoSidedTTest}
        answers = {
            name: np.array([excludes_zero(engine, totals) for totals in comparisons])
            for name, engine in engines.items()
        }
    np.savez(sys.argv[3], allow_pickle=False, **answers)
