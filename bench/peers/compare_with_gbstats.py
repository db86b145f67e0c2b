"""Campaigns compared by gbstats from their totals: its Bayesian, frequentist and sequential tests.

Reads (events, exposure) of control and treatment by campaign as JSON, writes seconds of processor time a
campaign and what it found.
"""

import json
import sys
import time

from gbstats.bayesian.tests import (  # type: ignore[import-not-found]
    EffectBayesianABTest,
    EffectBayesianConfig,
)
from gbstats.frequentist.tests import (  # type: ignore[import-not-found]
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import ProportionStatistic  # type: ignore[import-not-found]


def compare(control: list[float], treatment: list[float]) -> tuple[float, float]:
    """The chance to beat the control, and the p-value."""
    arms = [ProportionStatistic(n=exposure, sum=events) for events, exposure in (control, treatment)]
    bayesian = EffectBayesianABTest(*arms, EffectBayesianConfig()).compute_result()
    frequentist = TwoSidedTTest(*arms, FrequentistConfig()).compute_result()
    SequentialTwoSidedTTest(*arms, SequentialConfig()).compute_result()
    return bayesian.chance_to_win, frequentist.p_value


campaigns = json.load(sys.stdin)
compare(*campaigns[0])
begun = time.process_time()
found = [compare(*campaign) for campaign in campaigns]
print(
    json.dumps({"seconds": (time.process_time() - begun) / len(campaigns), "p_values": [p for _, p in found]})
)
