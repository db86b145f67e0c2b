"""Rules of a rate against a threshold: R1 to R3."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from bench.calibration import elsewhere, statements, worlds
from bench.calibration.scenarios.playing import BETA, OURS, POOLED_Z, Played, Row, Scenario
from bench.calibration.tally import Answers, Promise, at_least, at_most
from experiments.stats.threshold import rate_evidence

_RULE: Final = "the rule “CTR below 0.5 % after $2,000”, a week at $1,000 a day"
PROBABLE: Final = f"95 % sure (R1): {_RULE}"
ALWAYS: Final = f"Always valid (R2): {_RULE}"
STANDS: Final = f"The number as it stands (R3), and stricter: {_RULE}"


def _ctr(
    truth: float,
    day_sd: float,
    rows: dict[str, Row],
    *,
    autocorrelation: float = 0.0,
    clicks_a_day: float = 250.0,
    name: str = "ctr",
) -> Scenario:
    """Rules of a CTR that truly is ``truth`` better than the threshold (as a fraction, worse below 0)."""
    judges: dict[str, Callable[[worlds.Array, worlds.Array], elsewhere.Mask]] = {
        "R1": statements.probable,
        "strict": lambda events, exposure: statements.probable(events, exposure, confidence=0.99),
        "R2": statements.always_valid,
        "observed": statements.as_observed,
        "margin": statements.with_margin,
    }

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        days = worlds.ctr_campaigns(
            random,
            runs,
            rate=worlds.THRESHOLD_CTR * (1 + truth),
            day_sd=day_sd,
            impressions=clicks_a_day / worlds.THRESHOLD_CTR,
            autocorrelation=autocorrelation,
        )
        others = {
            BETA: Answers(statements.stopped(days, elsewhere.beta_stops)),
            POOLED_Z: Answers(statements.stopped(days, elsewhere.z_stops)),
        }
        return {
            key: {
                OURS: Answers(statements.stopped(days, judges[key])),
                **(others if key in {"R1", "R2"} else {}),
            }
            for key in rows
        }

    return Scenario(f"{name} {truth} {day_sd} {autocorrelation} {clicks_a_day}", rows, play)


def _rules() -> Iterator[Scenario]:
    kept = {0.10: (0.5, 98), 0.15: (2, 94), 0.25: (8, 80)}
    for day_sd, (most, least) in kept.items():
        spread = f"days differ by {day_sd}"
        yield _ctr(0.1, day_sd, {"R1": Row(PROBABLE, f"stops one 10 % better; {spread}", at_most(most))})
        yield _ctr(
            -0.2,
            day_sd,
            {
                "R1": Row(PROBABLE, f"stops one 20 % worse; {spread}", at_least(least)),
                "R2": Row(ALWAYS, f"stops one 20 % worse; {spread}"),
            },
        )
        yield _ctr(-0.4, day_sd, {"R2": Row(ALWAYS, f"stops one 40 % worse; {spread}")})
    for day_sd in (0.05, 0.10, 0.15, 0.25, 0.40):
        says = f"stops one exactly at the threshold; days differ by {day_sd}"
        rows = {"R2": Row(ALWAYS, says, at_most(5))}
        if day_sd in kept:
            rows["R1"] = Row(PROBABLE, says)
        yield _ctr(0.0, day_sd, rows)
    for clicks in (3.0, 12.0):
        few = f"{clicks:g} clicks a day, days differ by 0.25"
        rows = {"R2": Row(ALWAYS, f"stops one exactly at the threshold; {few}", at_most(5))}
        yield _ctr(0.0, 0.25, rows, clicks_a_day=clicks)
        rows = {"R1": Row(PROBABLE, f"stops one 10 % better; {few}")}
        yield _ctr(0.1, 0.25, rows, clicks_a_day=clicks)
    for day_sd in (0.15, 0.25):
        linked = f"days differ by {day_sd} and hang together (AR(1) 0.5)"
        rows = {"R1": Row(PROBABLE, f"stops one 10 % better; {linked}")}
        yield _ctr(0.1, day_sd, rows, autocorrelation=0.5)
        rows = {"R2": Row(ALWAYS, f"stops one exactly at the threshold; {linked}")}
        yield _ctr(0.0, day_sd, rows, autocorrelation=0.5)
    for truth, quality in ((0.1, "10 % better"), (-0.2, "20 % worse")):
        rows = {
            "observed": Row(STANDS, f"as it stands: stops one {quality}; days differ by 0.15"),
            "margin": Row(STANDS, f"10 % beyond on 3 days: stops one {quality}; days differ by 0.15"),
            "strict": Row(STANDS, f"99 % sure (R1): stops one {quality}; days differ by 0.15"),
        }
        yield _ctr(truth, 0.15, rows, name="as it stands")


SAID: Final = "Said to be 95 to 99 % sure after four days that CTR is below 0.5 %: is right"


def _said(truth_sd: float, day_sd: float | None, promise: Promise | None = None) -> Scenario:
    """How often P(CTR < threshold) of 0.95 to 0.99 is right where truths scatter around the threshold."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        spread = 0.15 * np.exp(0.6 * random.standard_normal(runs)) if day_sd is None else day_sd
        rate = worlds.THRESHOLD_CTR * np.exp(truth_sd * random.standard_normal(runs))
        days = worlds.ctr_campaigns(random, runs, rate=rate, day_sd=spread, days=4, weekend=False)
        is_below = rate < worlds.THRESHOLD_CTR
        said = {
            OURS: rate_evidence(days.events, days.exposure, worlds.THRESHOLD_CTR).p_below,
            BETA: elsewhere.beta_below(days.events, days.exposure),
            POOLED_Z: elsewhere.z_below(days.events, days.exposure),
        }
        return {
            "said": {
                column: Answers(is_below, (values >= 0.95) & (values <= 0.99))
                for column, values in said.items()
            }
        }

    spreads = "days differ by LogNormal(ln 0.15, 0.6)" if day_sd is None else f"days differ by {day_sd}"
    row = Row(SAID, f"truths scatter by {truth_sd}; {spreads}", promise)
    return Scenario(f"said {truth_sd} {day_sd}", {"said": row}, play, times=5)


def about_rules() -> list[Scenario]:
    return [
        *_rules(),
        _said(0.5, None, at_least(97)),
        _said(0.3, None),
        _said(0.5, 0.25),
    ]
