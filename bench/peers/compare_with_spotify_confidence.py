"""Campaigns compared by spotify-confidence from their totals: its z test and its Beta-binomial model.

Both take many campaigns in one call, as groups, and get them so. Reads (events, exposure) of control and
treatment by campaign as JSON, writes seconds of processor time a campaign and what it found.
"""

import json
import sys
import time
import warnings
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import spotify_confidence  # type: ignore[import-not-found]

warnings.simplefilter("ignore")
spotify_confidence.options.set_option("randomization_seed", 1)


def compare(campaigns: list[Any]) -> list[float]:
    """The p-values."""
    table = pd.DataFrame(
        [
            {"campaign": number, "arm": arm, "events": events, "exposure": exposure}
            for number, arms in enumerate(campaigns)
            for arm, (events, exposure) in zip("ab", arms, strict=True)
        ]
    )
    columns = {
        "numerator_column": "events",
        "denominator_column": "exposure",
        "categorical_group_columns": ["arm", "campaign"],
    }
    levels = {"level_1": "a", "level_2": "b", "groupby": "campaign"}
    z_test = spotify_confidence.ZTest(table, numerator_sum_squares_column=None, **columns)
    spotify_confidence.BetaBinomial(table, **columns).difference(**levels)
    return [float(p) for p in z_test.difference(**levels)["p-value"]]


campaigns = json.load(sys.stdin)
compare(campaigns[:2])
begun = time.process_time()
found = compare(campaigns)
print(json.dumps({"seconds": (time.process_time() - begun) / len(campaigns), "p_values": found}))
