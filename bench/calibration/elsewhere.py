"""What one would be told elsewhere: every exposure taken for an independent draw.

The plain Beta posterior and the pooled z-test are computed here; gbstats, GrowthBook's engine, answers in an
environment of its own (see ``gbstats_answers``), as it is no part of Quickno.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from bench.calibration.statements import CPA_GUARD, FEWEST_DAYS, GUARD, as_reported
from bench.calibration.worlds import (
    ORDER_VALUE_CV,
    TARGET_CPA,
    TARGET_ROAS,
    THRESHOLD_CTR,
    Arms,
    Array,
    Days,
    LateDays,
    Orders,
)
from experiments.stats.proportions import beta_comparison, two_proportion_test

Mask = npt.NDArray[np.bool_]

GBSTATS: Final = "gbstats==0.8.0"
# It answers one comparison at a time, so it answers fewer than the others.
GBSTATS_COMPARISONS: Final = 12_000
SURE: Final = 0.95
_Z: Final = float(special.ndtri(SURE))


def beta_below(events: Array, exposure: Array) -> Array:
    """Return P(CTR < threshold) of the Beta posterior under a flat prior."""
    hits, shown = events.sum(axis=1), exposure.sum(axis=1)
    return np.asarray(special.betainc(1 + hits, 1 + shown - hits, THRESHOLD_CTR))


def beta_stops(events: Array, exposure: Array) -> Mask:
    return beta_below(events, exposure) >= SURE


def z_below(events: Array, exposure: Array) -> Array:
    """Return 1 - p of the one-sided z-test of the pooled share against the threshold."""
    hits, shown = events.sum(axis=1), exposure.sum(axis=1)
    error = np.sqrt(shown * THRESHOLD_CTR * (1 - THRESHOLD_CTR))
    return np.asarray(special.ndtr((shown * THRESHOLD_CTR - hits) / error))


def z_stops(events: Array, exposure: Array) -> Mask:
    return z_below(events, exposure) >= SURE


def _stops_by_cost(world: LateDays, probability: Callable[[Array, Array], Array]) -> Mask:
    """Judge the conversions as they stand every morning, once $1,500 are spent."""
    stops = np.zeros(world.spend.shape[0], dtype=np.bool_)
    for day in range(1, world.spend.shape[1] + 1):
        spent = world.spend[:, :day].sum(axis=1)
        seen = as_reported(world, day)[0].sum(axis=1)
        stops |= (spent >= CPA_GUARD) & (probability(seen, spent) >= SURE)
    return stops


def gamma_stops_by_cost(world: LateDays) -> Mask:
    """Return where the plain Gamma posterior of conversions per unit of money stops a campaign."""
    return _stops_by_cost(world, lambda seen, spent: special.gammainc(1 + seen, spent / TARGET_CPA))


def gamma_beats_target(conversions: Array, spend: Array) -> Array:
    """Return P(CPA < target) of the plain Gamma posterior; the last axis is days."""
    return np.asarray(special.gammaincc(1 + conversions.sum(axis=-1), spend.sum(axis=-1) / TARGET_CPA))


def z_stops_by_cost(world: LateDays) -> Mask:
    """Return where the one-sided z-test of all conversions against those due at the target stops one."""

    def sure(seen: Array, spent: Array) -> Array:
        due = spent / TARGET_CPA
        return np.asarray(special.ndtr((due - seen) / np.sqrt(due)))

    return _stops_by_cost(world, sure)


def z_stops_by_return(world: Orders) -> Mask:
    """Return where the z-test of pooled revenue stops a campaign, orders being the only noise."""
    stops = np.zeros(world.spend.shape[0], dtype=np.bool_)
    for day in range(1, world.spend.shape[1] + 1):
        spent, earned, orders = (
            values[:, :day].sum(axis=1) for values in (world.spend, world.revenue, world.orders)
        )
        error = np.sqrt((1 + ORDER_VALUE_CV**2) / np.maximum(orders, 1))
        with np.errstate(divide="ignore"):
            sure = special.ndtr((np.log(TARGET_ROAS) - np.log(earned / spent)) / error)
        stops |= (spent >= GUARD) & (sure >= SURE)
    return stops


def beta_hopeless(days: Days, target: float) -> Mask:
    """Return where a miss is 95 % sure by the plain posterior's prediction, a negative binomial."""
    hopeless = np.zeros(days.events.shape[0], dtype=np.bool_)
    total = days.exposure.sum(axis=1)
    for day in range(FEWEST_DAYS, days.events.shape[1]):
        hits, shown = days.events[:, :day].sum(axis=1), days.exposure[:, :day].sum(axis=1)
        most = np.ceil(target * total - hits) - 1
        miss = np.where(most < 0, 0.0, special.betainc(1 + hits, np.maximum(most, 0) + 1, shown / total))
        hopeless |= miss > SURE
    return hopeless


def _totals(arms: Arms, day: int) -> tuple[Array, Array, Array, Array]:
    events, exposure = arms.events[..., :day].sum(axis=-1), arms.exposure[..., :day].sum(axis=-1)
    return events[:, 0], exposure[:, 0], events[:, 1], exposure[:, 1]


def beta_differs(arms: Arms, day: int) -> Mask:
    """Return where the plain Beta posteriors' 95 % interval of the lift excludes 0 after this day."""
    control, shown, treatment, shown_too = _totals(arms, day)
    chance = beta_comparison(np.stack([control, treatment], axis=1), np.stack([shown, shown_too], axis=1))
    return np.abs(chance.probability_best[:, 1] - 0.5) > SURE / 2


def z_differs(arms: Arms, day: int) -> Mask:
    """Return where the pooled z-test rejects at 5 % after this day."""
    return two_proportion_test(*_totals(arms, day)).p_value < 1 - SURE


def on_any_look(differs: Callable[[Arms, int], Mask], arms: Arms) -> Mask:
    """Return where a method calls a difference after any day, from 2 days on."""
    called = np.zeros(arms.events.shape[0], dtype=np.bool_)
    for day in range(FEWEST_DAYS, arms.events.shape[2] + 1):
        called |= differs(arms, day)
    return called


def beta_best(arms: Arms) -> tuple[Array, Array]:
    """Return each arm's probability of being best, and the loss of choosing it, of plain Beta posteriors."""
    plain = beta_comparison(arms.events.sum(axis=2), arms.exposure.sum(axis=2))
    return plain.probability_best, plain.expected_loss


def z_best(arms: Arms) -> Mask:
    """Return where the pooled z-test says that the leading arm differs from every other, each at 5 %."""
    events, exposure = arms.events.sum(axis=2), arms.exposure.sum(axis=2)
    rows = np.arange(len(events))
    leader = (events / exposure).argmax(axis=1)
    beats = np.ones(len(events), dtype=np.bool_)
    for arm in range(events.shape[1]):
        against = two_proportion_test(
            events[:, arm], exposure[:, arm], events[rows, leader], exposure[rows, leader]
        )
        beats &= (leader == arm) | (against.p_value < 1 - SURE)
    return beats


class GbstatsIsMissing(Exception):
    """It cannot be asked here; everything else can."""


class Gbstats:
    """gbstats in an environment that uv makes for it and throws away."""

    def __init__(self) -> None:
        beside = Path(sys.prefix).parent / "var" / "uv" / "bin" / "uv"
        uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
        if uv is None:
            raise GbstatsIsMissing("uv is not here; bin/setup fetches it.")
        # Its version of pandas has no wheel for a newer Python.
        environment = ("--isolated", "--no-project", "--python", "3.11", "--with", GBSTATS)
        self._python = (uv, "run", "--quiet", *environment, "python")
        if subprocess.run([*self._python, "-c", "import gbstats"], check=False).returncode != 0:
            raise GbstatsIsMissing(f"{GBSTATS} could not be installed; it comes from the package index.")

    def beats_control(self, arms: Arms) -> Array:
        """Return the chance to beat the first arm of each of the others, (comparisons, arms - 1)."""
        number = arms.events.shape[1]
        pairs = [
            Arms(arms.events[:, [0, arm]], arms.exposure[:, [0, arm]], arms.log_rate[:, [0, arm]])
            for arm in range(1, number)
        ]
        runs, last = GBSTATS_COMPARISONS // len(pairs), arms.events.shape[2]
        return np.stack([self._asked("chance", pair, [last], runs)["chance"] for pair in pairs], axis=1)

    def differs(self, arms: Arms, days: Sequence[int]) -> dict[str, Mask]:
        """Return where the 95 % intervals of its engines exclude 0 after any of these days."""
        said = self._asked("intervals", arms, days, GBSTATS_COMPARISONS // len(days))
        return {engine: answers.astype(np.bool_) for engine, answers in said.items()}

    def _asked(self, question: str, arms: Arms, days: Sequence[int], runs: int) -> dict[str, Array]:
        few = Arms(arms.events[:runs], arms.exposure[:runs], arms.log_rate[:runs])
        totals = []
        for day in days:
            events, shown, events_too, shown_too = _totals(few, day)
            totals.append(np.stack([shown, events, shown_too, events_too], axis=-1))
        with tempfile.TemporaryDirectory() as folder:
            questions, answers = Path(folder) / "questions.npy", Path(folder) / "answers.npz"
            np.save(questions, np.stack(totals, axis=1))
            program = Path(__file__).with_name("gbstats_answers.py")
            subprocess.run([*self._python, str(program), question, str(questions), str(answers)], check=True)
            with np.load(answers) as said:
                return {name: np.asarray(said[name]) for name in said.files}
