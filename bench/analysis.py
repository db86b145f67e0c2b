"""How long the statistics of a campaign take, against gbstats, tea-tasting and spotify-confidence.

Seven days, two arms, processor time of one thread, the best of several runs. The others see the same
campaigns in the same run, each in an environment of its own that is thrown away afterwards. They get totals,
as they know no days; they have less to do.
"""

import os

# Before numpy is loaded: one thread for everybody.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.stats.always_valid import always_valid_evidence
from experiments.stats.analysis import ArmDays, Question, analyse_campaign
from experiments.stats.arrays import Array, float_or_none
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.health import health_warnings, overdispersion
from experiments.stats.sequential import look_allows
from experiments.stats.threshold import rate_evidence
from experiments.stats.totals import compare_totals
from experiments.stats.verdicts import TreatmentFacts, Verdict, judge_comparison

ROOT = Path(__file__).resolve().parent.parent
CAMPAIGNS, DAYS, CTR = 10_000, 7, 0.01
# Of each peer: its release, and how many campaigns it is given.
PEERS = {"gbstats": ("0.8.0", 500), "tea-tasting": ("1.14.0", 500), "spotify-confidence": ("4.1.0", 50)}
PYTHON_OF_PEERS = "3.11"


def campaigns(number: int, arms: int) -> tuple[Array, Array]:
    """Clicks and impressions, (campaigns, arms, days): days differ by 20 %, arms on a day by 5 %."""
    random = np.random.default_rng(7)
    shown = random.integers(10_000, 40_000, (number, arms, DAYS)).astype(float)
    shared, own = random.standard_normal((number, 1, DAYS)), random.standard_normal((number, arms, DAYS))
    return random.poisson(shown * CTR * np.exp(0.2 * shared + 0.05 * own)).astype(float), shown


def seconds(work: Callable[[], object], *, runs: int) -> float:
    """Processor time of the fastest run: the others were disturbed."""
    best = float("inf")
    for _ in range(runs):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def analyse_all(clicks: Array, shown: Array) -> list[tuple[Verdict, list[str]]]:
    """Both engines, planned looks, losses, health and a verdict for every campaign of two arms."""
    compared = compare_days("rate", clicks, shown)
    allowed = look_allows(compared.two_sided_p[:, 1], DAYS, DAYS)
    spread, events = overdispersion(clicks, shown), clicks.sum(axis=(1, 2))
    columns = (
        compared.lift_relative,
        compared.credible_low,
        compared.credible_high,
        compared.chance_to_beat_control,
    )
    known = zip(*([float_or_none(number) for number in column[:, 1]] for column in columns), strict=True)
    facts = [
        TreatmentFacts("b", "B", lift, low, high, chance, look_allows=bool(look))
        for (lift, low, high, chance), look in zip(known, allowed, strict=True)
    ]
    return [
        (
            judge_comparison(
                [treatment],
                form="rate",
                control_name="A",
                closed_days=DAYS,
                events=count,
                mde_relative=0.1,
            ),
            health_warnings(overdispersion=float_or_none(swing)),
        )
        for treatment, count, swing in zip(facts, events, spread, strict=True)
    ]


def peer(name: str, totals: list[Any]) -> dict[str, Any]:
    """What a peer says of these campaigns, (events, exposure) of both arms, and how long it takes for one."""
    release, number = PEERS[name]
    uv = shutil.which("uv") or str(ROOT / "var/uv/bin/uv")
    script = ROOT / f"bench/peers/compare_with_{name.replace('-', '_')}.py"
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder, "bin/python"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", PYTHON_OF_PEERS, folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, f"{name}=={release}"], check=True
        )
        done = subprocess.run(
            [python, script], check=True, input=json.dumps(totals[:number]), stdout=subprocess.PIPE, text=True
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure() -> dict[str, Any]:
    """Every figure, in the units of its name."""
    clicks, shown = campaigns(CAMPAIGNS, 2)
    together = seconds(lambda: analyse_all(clicks, shown), runs=3) / CAMPAIGNS
    compared = seconds(lambda: compare_days("rate", clicks, shown), runs=3) / CAMPAIGNS
    below = seconds(lambda: rate_evidence(clicks[:, 0], shown[:, 0], CTR), runs=5) / CAMPAIGNS
    any_look = seconds(lambda: always_valid_evidence("rate", clicks[:, 0], shown[:, 0], CTR), runs=5)
    # In kibibytes on Linux, in bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    alone = ArmDays("rate", ("a", "b"), ("A", "B"), clicks[0], shown[0])
    four = campaigns(200, 4)
    figures = {
        "ms a campaign of 10,000": 1e3 * together,
        "ms alone": 1e3 * seconds(lambda: analyse_campaign(alone, Question(planned_days=DAYS)), runs=100),
        "R1 µs": 1e6 * below,
        "R2 µs": 1e6 * any_look / CAMPAIGNS,
        "R5 ms of four arms": 1e3 * seconds(lambda: best_arm("rate", *four), runs=3) / len(four[0]),
        "R5 ms alone": 1e3 * seconds(lambda: best_arm("rate", four[0][:1], four[1][:1]), runs=20),
        "peak MB with Python and SciPy": peak,
    }
    one = seconds(lambda: compare_days("rate", clicks[:1], shown[:1]), runs=200)
    totals = np.stack([clicks.sum(axis=2), shown.sum(axis=2)], axis=2)
    textbook = compare_totals("rate", totals[..., 0], totals[..., 1]).p_value[:, 1]
    for name in PEERS:
        result = peer(name, totals.tolist())
        # The same comparison, so from the same totals it comes to the same p-value.
        np.testing.assert_allclose(result["p_values"], textbook[: len(result["p_values"])], atol=0.02)
        figures[f"× {name}"] = result["seconds"] / compared
        figures[f"× {name}, ours one by one"] = result["seconds"] / one
        # With health, intervals of both arms, adjusted p-values and the verdict, which it does not have.
        figures[f"× {name}, our whole analysis alone"] = 1e3 * result["seconds"] / figures["ms alone"]
    return figures


if __name__ == "__main__":
    figures = measure()
    print(
        json.dumps(
            {
                "benchmark": "compare two arms over seven days, both engines and looks",
                "ratio": figures.pop("× gbstats"),
                "reference": f"gbstats {PEERS['gbstats'][0]}, Bayesian, frequentist and sequential",
            }
            | {name: float(f"{figure:.3g}") for name, figure in figures.items()}
        )
    )
