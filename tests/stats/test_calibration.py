"""Do the statements hold in simulated worlds? The scenarios of bench/calibration with fewer replicates.

Each bound is one of docs/statistics.md, "What must hold", plus three Monte Carlo standard errors.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bench.__main__ import with_section
from bench.calibration import statements, worlds
from bench.calibration.__main__ import section
from bench.calibration.scenarios import BETA, GBSTATS, OURS, POOLED_Z, Row, Scenario, scenarios
from bench.calibration.tally import Answers, Figure, Tally, at_least, at_most
from experiments.stats import always_valid, sequential
from experiments.stats.always_valid import AlwaysValidEvidence
from experiments.stats.false_kill import PlannedRun, Rule, false_kill_risk
from experiments.stats.grids import SpreadPrior
from experiments.stats.maturity import MaturityCurve

RUNS = 1500
ALL = {scenario.name: scenario for scenario in scenarios()}
PROMISED = [name for name, scenario in ALL.items() if any(row.promise for row in scenario.rows.values())]


def broken(scenario: Scenario) -> list[str]:
    """The promises of a scenario that do not hold."""
    return [
        f"{row.says}: {figures[OURS].share:.3f} against {row.promise}"
        for row, figures in scenario.figures(RUNS)
        if row.promise is not None and not row.promise.holds(figures[OURS])
    ]


@pytest.mark.parametrize("name", PROMISED)
def test_statement__in_the_world_of_its_promise__holds(name: str) -> None:
    assert broken(ALL[name]) == []


# Planted faults: what would be noticed

Plant = Callable[[pytest.MonkeyPatch], None]


def no_day_noise(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SpreadPrior, "points", lambda _: np.full(12, 1e-6))


def nothing_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MaturityCurve, "at", lambda _, age: np.ones(np.shape(age)))


def the_same_line_at_every_look(patch: pytest.MonkeyPatch) -> None:
    def boundary(times: list[float], *, alpha: float) -> np.ndarray:
        return np.full(len(times), stats.norm.isf(alpha / 2))

    patch.setattr(sequential, "lan_demets_boundary", boundary)


def mixture_for_free(patch: pytest.MonkeyPatch) -> None:
    """Leave out the term that pays for not knowing how far from the threshold the truth is."""
    paid = always_valid._mixture

    def free(log_ratio: np.ndarray, counted: np.ndarray, *, is_cost: bool) -> AlwaysValidEvidence:
        evidence = paid(log_ratio, counted, is_cost=is_cost)
        price = 0.5 * np.log1p(always_valid.MIXTURE_VARIANCE * counted.sum(axis=-1))
        return replace(evidence, log_e_below=evidence.log_e_below + price)

    patch.setattr(always_valid, "_mixture", free)


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (no_day_noise, "ctr 0.1 0.15 0.0 250.0"),
        (no_day_noise, "said 0.5 None"),
        (no_day_noise, "coverage 5 0.1 0.0"),
        (nothing_late, "cost 0.9090909090909091"),
        (the_same_line_at_every_look, "looks 0.1 0.0"),
        (mixture_for_free, "ctr 0.0 0.25 0.0 250.0"),
    ],
)
def test_planted_fault__in_the_same_world__breaks_the_promise(
    plant: Plant, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert broken(ALL[name]) != []


# Elsewhere


def figures_of(name: str) -> dict[str, dict[str, Figure]]:
    return {row.says: figures for row, figures in ALL[name].figures(RUNS)}


def test_elsewhere__days_that_differ__is_overconfident() -> None:
    for figures in figures_of("coverage 5 0.1 0.0").values():
        assert figures[BETA].share < 0.8
        assert figures[POOLED_Z].share < 0.8
    (rule,) = figures_of("ctr 0.1 0.15 0.0 250.0").values()
    assert rule[BETA].share > 5 * rule[OURS].share
    (said,) = figures_of("said 0.5 0.25").values()
    # The plain posterior says 95 to 99 %.
    assert said[BETA].share < 0.76


def test_observed__good_campaign__is_stopped_by_chance_in_every_third_week() -> None:
    (row,) = (
        figures
        for says, figures in figures_of("as it stands 0.1 0.15 0.0 250.0").items()
        if "as it stands" in says
    )
    assert row[OURS].share == pytest.approx(0.35, abs=0.06)


# The preview of a rule is another simulation of the same world, without weekends.


def test_preview__same_world__agrees_with_the_calibration() -> None:
    rule = Rule("rate", "below", worlds.THRESHOLD_CTR, least_spend=statements.GUARD)
    run = PlannedRun(worlds.SPEND_PER_DAY, worlds.WEEK, exposure_price=0.02, spread=SpreadPrior(0.25, 1e-9))
    for shown in false_kill_risk(rule, run, seed=1, truths=(-0.1, 0.0, 0.2)):
        days = worlds.ctr_campaigns(
            np.random.default_rng(2),
            2000,
            rate=worlds.THRESHOLD_CTR * (1 - shown.truth),
            day_sd=0.25,
            weekend=False,
        )
        tally = Tally()
        tally.add(Answers(statements.stopped(days, statements.probable)))
        own = tally.figure()
        error = math.hypot(own.error, shown.monte_carlo_error)
        assert shown.probability_stop == pytest.approx(own.share, abs=3.5 * error)


# The worlds are what they say


def test_ctr_campaigns__a_week__has_its_rate_on_average_and_weekends_below() -> None:
    days = worlds.ctr_campaigns(np.random.default_rng(1), 20_000, rate=0.006, day_sd=0.25)
    assert days.events.mean() / worlds.IMPRESSIONS_PER_DAY == pytest.approx(0.006, rel=0.01)
    calm = worlds.ctr_campaigns(np.random.default_rng(1), 50, rate=0.5, day_sd=0.0, impressions=1e9)
    by_height = np.sort(calm.events, axis=1) / 1e9
    assert by_height[:, :2] == pytest.approx(0.85 * by_height[:, 2:4], rel=1e-3)
    assert by_height.mean(axis=1) == pytest.approx(0.5, rel=1e-3)


def test_day_effects__autocorrelated__have_their_spread_and_hang_together() -> None:
    effects = worlds.day_effects(np.random.default_rng(1), (50_000, 6), 0.2, autocorrelation=0.5)
    assert effects.std(axis=0) == pytest.approx(0.2, rel=0.02)
    assert np.corrcoef(effects[:, 4], effects[:, 5])[0, 1] == pytest.approx(0.5, abs=0.02)


def test_late_conversions__each_age__shows_the_share_of_the_curve() -> None:
    late = worlds.late_conversions(np.random.default_rng(1), 5000, cpa=50, day_sd=0.15)
    seen = late.visible.sum(axis=(1, 2)) / late.visible[-1].sum()
    assert seen == pytest.approx(worlds.TRUE_CURVE, abs=0.01)
    assert late.visible[-1].mean() == pytest.approx(12, rel=0.02)


def test_shop__a_week__earns_what_it_should_from_orders_of_their_value() -> None:
    week = worlds.shop(np.random.default_rng(1), 5000, roas=2.0, order_value=80.0, day_sd=0.15)
    assert week.revenue.sum() / week.spend.sum() == pytest.approx(2.0, rel=0.01)
    assert week.revenue.sum() / week.orders.sum() == pytest.approx(80.0, rel=0.01)
    assert (week.revenue[week.orders == 0] == 0).all()


# The tally


def test_tally__shares__have_the_binomial_error_over_all_chunks() -> None:
    tally = Tally()
    for chunk in ([True, True, False], [False, False, True, False]):
        tally.add(Answers(np.array(chunk)))
    share = 3 / 7
    assert tally.figure() == pytest.approx((share, math.sqrt(share * (1 - share) / 7), 7))


def test_tally__answers_that_do_not_count__are_left_out() -> None:
    tally = Tally()
    tally.add(Answers(np.array([True, True, False]), np.array([True, False, False])))
    # One of one; the next might have been none.
    assert tally.figure() == (1.0, 1.0, 1.0)
    assert math.isnan(Tally().figure().share)


def test_tally__amounts__are_a_ratio_of_sums() -> None:
    tally = Tally()
    tally.add(Answers(np.array([1.0, 3.0]), np.array([2.0, 2.0])))
    # The ratio is 4/4; the deviations from it are (1 - 2)² + (3 - 2)² = 2.
    assert tally.figure() == pytest.approx((1.0, math.sqrt(2) / 4, 4.0))


def test_promise__three_errors_beyond__does_not_hold() -> None:
    # The error at 5 % of 1,900 is 0.5 %.
    for share, holds in ((0.064, True), (0.066, False)):
        assert at_most(5).holds(Figure(share, 0.0, 1900)) is holds
        assert at_least(95).holds(Figure(1 - share, 0.0, 1900)) is holds


def test_scenario__played_again__gives_the_same_figures() -> None:
    name = "coverage 3 0.1 0.0"
    assert figures_of(name) == figures_of(name)


# The page


def test_section__rows_of_two_parts__shows_figures_with_errors_and_dashes() -> None:
    figure = Figure(0.0123, 0.0011, 20_000)
    parts: dict[str, Any] = {
        "First": [(Row("First", "stops", at_most(2)), {OURS: figure, GBSTATS: figure})],
        "Second": [(Row("Second", "finds"), {OURS: Figure(0.5, 0.0004, 1e6)})],
    }
    lines = section(parts, 20_000)
    assert "| stops | **≤ 2** | 1.2 ± 0.1 | – | – | 1.2 ± 0.1 |" in lines
    assert "| finds | shown | 50.00 ± 0.04 | – | – | – |" in lines


def test_with_section__there_already__is_renewed_in_its_place() -> None:
    page = with_section(with_section("# Page\n", "## A\n\nold\n\n### deeper"), "## B\n\nkept")
    assert with_section(page, "## A\n\nnew") == "# Page\n\n## A\n\nnew\n\n## B\n\nkept\n"
