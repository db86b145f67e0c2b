"""Campaigns compared by tea-tasting from their totals: its test of two proportions with its intervals.

Reads (events, exposure) of control and treatment by campaign as JSON, writes seconds of processor time a
campaign and what it found.
"""

import json
import sys
import time

import tea_tasting  # type: ignore[import-not-found]
from tea_tasting.aggr import Aggregates  # type: ignore[import-not-found]

METRIC = tea_tasting.Proportion("hit", correction=False)


def compare(control: list[float], treatment: list[float]) -> float:
    """The p-value."""
    arms = [
        Aggregates(count_=int(exposure), mean_={"hit": events / exposure}, var_={}, cov_={})
        for events, exposure in (control, treatment)
    ]
    return float(METRIC.analyze_aggregates(*arms).pvalue)


campaigns = json.load(sys.stdin)
compare(*campaigns[0])
begun = time.process_time()
found = [compare(*campaign) for campaign in campaigns]
print(json.dumps({"seconds": (time.process_time() - begun) / len(campaigns), "p_values": found}))
