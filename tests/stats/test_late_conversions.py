"""R6 and R8: how conversions arrive, and whether the rest of the money can still do it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.stats.grids import SpreadPrior, refit_day_spread
from experiments.stats.maturity import (
    AT_ONCE,
    DEFAULT_CURVE,
    DEFAULT_SHARE,
    MaturityCurve,
    fit_maturity,
    mature_exposure,
)
from experiments.stats.outlook import exposure_still_to_come, probability_of_miss

NAN = float("nan")


def test_fit_maturity__ten_days_of_every_age__is_the_chain_ladder() -> None:
    # Two kinds of days; the steps are ratios of sums: (8+32)/(6+14), (9+36)/40, 1, ...
    table = [[6, 8, 9, 9, 9, 9, 9, 9], [14, 32, 36, 36, 36, 36, 36, 36]] * 5
    assert fit_maturity(table).share == pytest.approx([20 / 45, 40 / 45, 1, 1, 1, 1, 1, 1], rel=1e-12)


def test_fit_maturity__no_history__is_the_default() -> None:
    curve = fit_maturity(np.full((1, 8), NAN))
    assert curve.share == pytest.approx(DEFAULT_SHARE, rel=1e-12)
    assert curve.days_known == (0,) * 7


def test_fit_maturity__five_days_of_the_first_step__counts_half() -> None:
    # Reported: everything at once, so the step is 1; the default's is .68/.50; half and half is 1.18.
    table = [[10, 10, NAN, NAN, NAN, NAN, NAN, NAN]] * 5
    assert fit_maturity(table).share[0] == pytest.approx(0.68 / 1.18, rel=1e-12)


def test_fit_maturity__backfilled_days__teach_nothing() -> None:
    table = [[NAN, NAN, 5, 50, 50, 50, 50, 50]] * 20
    assert fit_maturity(table).share == pytest.approx(DEFAULT_SHARE, rel=1e-12)


def test_fit_maturity__conversions_taken_back__do_not_let_the_curve_fall() -> None:
    curve = fit_maturity([[10, 9, 8, 8, 8, 8, 8, 8]] * 12)
    assert curve.share == (1.0,) * 8


reports = st.lists(
    st.lists(st.none() | st.integers(0, 50), min_size=8, max_size=8), min_size=1, max_size=15
).map(lambda rows: [[NAN if cell is None else float(cell) for cell in row] for row in rows])


@given(reports)
def test_fit_maturity__any_history__rises_to_one(table: list[list[float]]) -> None:
    share = np.array(fit_maturity(table).share)
    assert (share > 0).all()
    assert (np.diff(share) >= 0).all()
    assert share[-1] == 1


def test_mature_exposure__young_and_old_days__counts_what_is_visible() -> None:
    curve = MaturityCurve((0.4, 0.6, 1.0))
    result = mature_exposure([[100.0, 100.0, 100.0]], [[9, 1, 0]], curve)
    # Old: all of it. One day old: 100 · 0.6 · 0.95. Today: less than half visible, left out.
    assert result.exposure.tolist() == [[100.0, pytest.approx(57.0), 0.0]]
    assert result.counted.tolist() == [[True, True, False]]


def test_mature_exposure__source_that_dates_events_itself__changes_nothing() -> None:
    result = mature_exposure([[100.0, 50.0]], [[1, 0]], AT_ONCE)
    assert result.exposure.tolist() == [[100.0, 50.0]]


@pytest.mark.parametrize("share", [(), (0.5, 0.4, 1.0), (0.0, 1.0), (0.5, 0.9)])
def test_maturity_curve__not_a_curve__is_refused(share: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="share is"):
        MaturityCurve(share)


def test_maturity_curve__half_a_day__is_refused() -> None:
    with pytest.raises(ValueError, match="whole days"):
        DEFAULT_CURVE.at([1.5])


def test_exposure_still_to_come__budget_or_time__whichever_ends_first() -> None:
    shown, spend = [[500.0, 1000.0, 1000.0, 1000.0]] * 2, [[100.0, 100.0, 100.0, 100.0]] * 2
    # The last three days: $100 a day, 10 impressions a dollar. $150 left for 4 days; $900 left for 4 days.
    assert exposure_still_to_come(shown, spend, [150.0, 900.0], [4, 4]).tolist() == [1500.0, 4000.0]


def test_exposure_still_to_come__nothing_spent__is_unknown() -> None:
    assert np.isnan(exposure_still_to_come([[0.0, 0.0]], [[0.0, 0.0]], [100.0], [3])[0])


def test_probability_of_miss__no_spread_of_days__is_the_normal_prediction() -> None:
    prior = SpreadPrior(1e-9, 1e-6)
    got = probability_of_miss(
        "cost", [[10.0, 12.0]], [[500.0, 500.0]], 40.0, exposure_left=1000.0, days_left=2, prior=prior
    )
    # Gamma(1 + 22, rate 40 + 1000); the rest needs (2000/40 - 22)/1000 events per unit of money.
    mean, variance = 23 / 1040, 23 / 1040**2
    expected = stats.norm.cdf((0.028 - mean) / np.sqrt(variance + mean / 1000))
    assert got[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("clicks", "missed"), [(499, 1.0), (500, 0.0), (501, 0.0)])
def test_probability_of_miss__nothing_left__is_decided(clicks: int, missed: float) -> None:
    result = probability_of_miss("rate", [[clicks]], [[100_000]], 0.005, exposure_left=0, days_left=0)
    assert result[0] == missed


def test_probability_of_miss__far_behind_and_far_ahead__is_hopeless_and_safe() -> None:
    shown = [[20_000.0] * 4] * 2
    behind, ahead = probability_of_miss(
        "rate", [[40] * 4, [200] * 4], shown, 0.005, exposure_left=20_000.0, days_left=1
    )
    assert behind > 0.99
    assert ahead < 0.01


def test_probability_of_miss__more_money_left__is_less_hopeless() -> None:
    few, more = (
        probability_of_miss(
            "value",
            [[300.0, 350.0, 320.0]],
            [[200.0] * 3],
            2.0,
            events=[[6, 7, 6]],
            exposure_left=left,
            days_left=3,
        )[0]
        for left in (100.0, 2000.0)
    )
    assert 0 < more < few < 1


def test_refit_day_spread__twenty_campaigns_of_known_spread__finds_it() -> None:
    random = np.random.default_rng(2)
    sd = 0.35 * np.exp(0.3 * random.standard_normal((200, 1)))
    noise = np.exp(sd * random.standard_normal((200, 7)))
    shown = np.full((200, 7), 50_000.0)
    found = refit_day_spread(random.poisson(shown * 0.01 * noise), shown)
    assert found is not None
    assert found.median == pytest.approx(0.35, rel=0.15)
    assert found.log_sd < 0.6


def test_refit_day_spread__nineteen_usable_campaigns__keeps_the_prior() -> None:
    events = np.full((25, 3), 100.0)
    events[19:] = 0
    assert refit_day_spread(events, np.full((25, 3), 10_000.0)) is None
