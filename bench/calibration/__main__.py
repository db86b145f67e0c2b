"""Runs every scenario and prints the page's section as JSON: `python -m bench.calibration [--runs N]`."""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence

from bench.calibration.elsewhere import GBSTATS as GBSTATS_RELEASE
from bench.calibration.elsewhere import Gbstats, GbstatsIsMissing
from bench.calibration.scenarios import BETA, COLUMNS, GBSTATS, OURS, PROBABLE, Row, scenarios
from bench.calibration.tally import Figure

RUNS = 20_000
HEADLINE = "stops one 10 % better; days differ by 0.15"

INTRODUCTION = """\
## Calibration

Do the statements hold in simulated worlds? Figures in per cent over {runs:,} replicates or more (fewer
where the heading says so), ± one Monte Carlo standard error, with fixed seeds. “Must hold” is what Quickno
promises; the rest is shown as it is. The other columns are what one would be told elsewhere: by the posterior
under a flat prior (Beta, or Gamma for a cost) and by the z-test, both of pooled totals and looked at as often
as Quickno looks, and by {gbstats} (GrowthBook) with its defaults, over fewer replicates. A dash: there is no
such statement. `bench/calibration/worlds.py` describes the worlds; `python -m bench calibration` repeats
this.
"""


def _cell(figure: Figure | None) -> str:
    """A figure in per cent with its error, which decides the places."""
    if figure is None or math.isnan(figure.share):
        return "–"
    places = 2 if figure.error < 0.001 else 1
    return f"{100 * figure.share:.{places}f} ± {100 * figure.error:.{places}f}"


def section(parts: dict[str, list[tuple[Row, dict[str, Figure]]]], runs: int) -> list[str]:
    """The section of RESULTS.md."""
    lines = INTRODUCTION.format(runs=runs, gbstats=GBSTATS_RELEASE).splitlines()
    if not any(GBSTATS in figures for rows in parts.values() for _, figures in rows):
        lines.append("gbstats could not be asked this time.")
    for part, rows in parts.items():
        lines += ["", f"### {part}", "", f"| | must hold | {' | '.join(COLUMNS)} |", "| --- " * 6 + "|"]
        for row, figures in rows:
            bound = f"**{row.promise}**" if row.promise else "shown"
            cells = [_cell(figures.get(column)) for column in COLUMNS]
            lines.append(f"| {row.says} | {bound} | {' | '.join(cells)} |")
    return lines


def main(arguments: Sequence[str]) -> None:
    """Play the scenarios, tell of each on stderr, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="replicates of each scenario")
    parser.add_argument("--only", default="", help="only scenarios whose name begins so")
    options = parser.parse_args(arguments)
    try:
        gbstats = Gbstats()
    except GbstatsIsMissing as reason:
        gbstats = None
        print(f"Without gbstats: {reason}", file=sys.stderr)
    parts: dict[str, list[tuple[Row, dict[str, Figure]]]] = {}
    start = time.perf_counter()
    for scenario in scenarios():
        if not scenario.name.startswith(options.only):
            continue
        for row, figures in scenario.figures(options.runs, gbstats):
            parts.setdefault(row.part, []).append((row, figures))
            cells = ", ".join(f"{column} {_cell(figures.get(column))}" for column in COLUMNS)
            print(f"{time.perf_counter() - start:6.1f} s  {row.says}: {cells}", file=sys.stderr, flush=True)
    rows = [line for lines in parts.values() for line in lines]
    promised = [(row, figures[OURS]) for row, figures in rows if row.promise is not None]
    broken = [
        row.says for row, figure in promised if row.promise is not None and not row.promise.holds(figure)
    ]
    headline = next((figures for row, figures in rows if (row.part, row.says) == (PROBABLE, HEADLINE)), None)
    result = {
        "benchmark": "false kills of campaigns 10 % better than their threshold, days differing by 0.15",
        "ratio": headline[BETA].share / headline[OURS].share if headline else None,
        "reference": "the plain Beta posterior",
        "replicates": options.runs,
        "processor_seconds": round(sum(os.times()[:4])),
        "promises": len(promised),
        "broken": broken,
        "section": "\n".join(section(parts, options.runs)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
