"""Rules of a cost under late conversions, R6, and of a return, R1."""

from typing import Final

import numpy as np

from bench.calibration import elsewhere, statements, worlds
from bench.calibration.scenarios.playing import BETA, OURS, POOLED_Z, Played, Row, Scenario
from bench.calibration.tally import Answers, at_least, at_most
from experiments.stats.maturity import AT_ONCE, MaturityCurve, fit_maturity

COSTS: Final = (
    "A rule “CPA above $50 after $1,500”, ten days at $600, half the conversions visible on day 0 (R6)"
)
CAMPAIGNS_A_CURVE: Final = 50


def _cost(cpa_ratio: float, rows: dict[str, Row]) -> Scenario:
    """Rules of a CPA under beliefs about how conversions arrive; elsewhere they are taken as they stand."""
    curves = {
        "known": MaturityCurve(worlds.TRUE_CURVE),
        "wrong": MaturityCurve(worlds.WRONG_CURVE),
        "ignored": AT_ONCE,
    }

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        late = worlds.late_conversions(random, runs, cpa=worlds.TARGET_CPA * cpa_ratio, day_sd=0.15)
        others = {
            BETA: Answers(elsewhere.gamma_stops_by_cost(late)),
            POOLED_Z: Answers(elsewhere.z_stops_by_cost(late)),
        }
        stops = {
            "observed": lambda: statements.stopped_by_observed_cost(late),
            "R2": lambda: statements.always_valid_cost(late, curves["known"]),
            "R2 ignored": lambda: statements.always_valid_cost(late, AT_ONCE),
        }
        return {
            key: {OURS: Answers(statements.stopped_by_cost(late, curves[key])), **others}
            if key in curves
            else {OURS: Answers(stops[key]())}
            for key in rows
        }

    return Scenario(f"cost {cpa_ratio}", rows, play)


def _learnt(cpa_ratio: float, days: int, says: str) -> Scenario:
    """The rule of a CPA by a curve that was learnt. 50 campaigns share one and are one replicate."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        stops, campaigns = [], []
        for start in range(0, runs, CAMPAIGNS_A_CURVE):
            number = min(CAMPAIGNS_A_CURVE, runs - start)
            curve = fit_maturity(worlds.restatements(random, days, day_sd=0.15))
            late = worlds.late_conversions(random, number, cpa=worlds.TARGET_CPA * cpa_ratio, day_sd=0.15)
            stops.append(float(statements.stopped_by_cost(late, curve).sum()))
            campaigns.append(float(number))
        return {"learnt": {OURS: Answers(np.array(stops), np.array(campaigns))}}

    row = Row(COSTS, f"curve learnt from {days} days of 12 conversions: {says}")
    return Scenario(f"learnt {cpa_ratio} {days}", {"learnt": row}, play)


RETURNS: Final = "A rule “ROAS below 2 after $2,000”, a week at $1,000 a day, order values with cv 0.95 (R1)"


def _return(truth: float, day_sd: float, order_value: float) -> Scenario:
    """The rule of a return on ad spend that truly is ``truth`` better than the threshold."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        roas = worlds.TARGET_ROAS * (1 + truth)
        week = worlds.shop(random, runs, roas=roas, order_value=order_value, day_sd=day_sd)
        return {
            "stops": {
                OURS: Answers(statements.stopped_by_return(week, order_value)),
                POOLED_Z: Answers(elsewhere.z_stops_by_return(week)),
            }
        }

    quality = {0.0: "at the threshold"}.get(
        truth, f"{abs(100 * truth):g} % {'better' if truth > 0 else 'worse'}"
    )
    orders = worlds.TARGET_ROAS * worlds.SPEND_PER_DAY / order_value
    row = Row(
        RETURNS, f"stops one {quality}; {orders:g} orders a day at the threshold, days differ by {day_sd}"
    )
    return Scenario(f"return {truth} {day_sd} {order_value}", {"stops": row}, play)


def about_costs() -> list[Scenario]:
    return [
        _cost(
            1 / 1.1,
            {
                "known": Row(COSTS, "curve known: stops one 9 % better", at_most(2)),
                "wrong": Row(COSTS, "curve wrong (80 % believed visible on day 0): stops one 9 % better"),
                "ignored": Row(COSTS, "lateness ignored, 95 % sure: stops one 9 % better"),
                "observed": Row(
                    COSTS, "the number as it stands, the open day included: stops one 9 % better"
                ),
            },
        ),
        _cost(
            1.4,
            {
                "known": Row(COSTS, "curve known: stops one 40 % worse", at_least(78)),
                "R2": Row(COSTS, "always valid (R2), curve known: stops one 40 % worse"),
            },
        ),
        _cost(
            1.0,
            {
                "R2": Row(COSTS, "always valid (R2), curve known: stops one at the target", at_most(5)),
                "R2 ignored": Row(COSTS, "always valid (R2), lateness ignored: stops one at the target"),
            },
        ),
        _learnt(1 / 1.1, 15, "stops one 9 % better"),
        _learnt(1 / 1.1, 40, "stops one 9 % better"),
        _learnt(1.4, 15, "stops one 40 % worse"),
        _learnt(1.4, 40, "stops one 40 % worse"),
        _return(0.1, 0.15, 80.0),
        _return(0.1, 0.25, 80.0),
        _return(0.0, 0.15, 80.0),
        _return(-0.2, 0.15, 80.0),
        _return(-0.4, 0.15, 80.0),
        _return(0.1, 0.15, 400.0),
        _return(-0.4, 0.15, 400.0),
    ]
