"""Textbook methods against the libraries that also have them, and planning against its own inverse."""

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from experiments.stats.comparison import compare_days
from experiments.stats.health import overdispersion, sample_ratio_test, spend_imbalance
from experiments.stats.multiple import benjamini_hochberg, holm
from experiments.stats.planning import days_needed, detectable_lift, sample_size
from experiments.stats.proportions import (
    beta_comparison,
    newcombe_interval,
    two_proportion_test,
    welch_test,
    wilson_interval,
)
from experiments.stats.quadrature import beta_best, gamma_beats
from experiments.stats.totals import compare_totals

counts = st.integers(0, 300)


@given(counts, counts)
def test_wilson__any_count__is_that_of_statsmodels(events: int, misses: int) -> None:
    total = events + misses + 1
    ours = wilson_interval([events], [total])
    low, high = proportion_confint(events, total, method="wilson")
    assert ours.low[0] == pytest.approx(low, abs=1e-12)
    assert ours.high[0] == pytest.approx(high, abs=1e-12)


@given(counts, counts, counts, counts)
def test_newcombe__any_counts__is_that_of_statsmodels(x1: int, x2: int, m1: int, m2: int) -> None:
    n1, n2 = x1 + m1 + 1, x2 + m2 + 1
    ours = newcombe_interval([x1], [n1], [x2], [n2])
    low, high = confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff")
    assert ours.low[0] == pytest.approx(low, abs=1e-9)
    assert ours.high[0] == pytest.approx(high, abs=1e-9)


def test_two_proportion_test__no_event_anywhere__is_unknown() -> None:
    assert np.isnan(two_proportion_test([0], [10], [0], [10]).p_value[0])


def test_welch__samples__is_that_of_scipy() -> None:
    first, second = [51.0, 47.5, 62.1, 55.0], [66.0, 59.2, 71.3, 58.8, 60.0]
    ours = welch_test(*[([np.mean(x)], [np.std(x, ddof=1)], [len(x)]) for x in (first, second)])
    theirs = stats.ttest_ind(second, first, equal_var=False)
    assert ours.p_value[0] == pytest.approx(theirs.pvalue, rel=1e-10)
    assert ours.low[0] == pytest.approx(theirs.confidence_interval().low, rel=1e-10)


def test_welch__values_that_do_not_vary__is_unknown() -> None:
    assert np.isnan(welch_test(([5.0], [0.0], [3]), ([6.0], [0.0], [3])).p_value[0])


@given(st.lists(st.integers(1, 500), min_size=2, max_size=5))
def test_sample_ratio__any_counts__is_that_of_scipy(observed: list[int]) -> None:
    ours, theirs = sample_ratio_test(observed, 1.0), stats.chisquare(observed)
    assert float(ours.statistic) == pytest.approx(theirs.statistic, rel=1e-10, abs=1e-12)
    assert float(ours.p_value) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_spend_imbalance__no_spend__is_unknown() -> None:
    assert np.isnan(spend_imbalance([0.0, 0.0], [0.5, 0.5]))


def test_spend_imbalance__60_40_instead_of_even__is_ten_points() -> None:
    assert spend_imbalance([[60.0, 40.0]], [0.5, 0.5]) == pytest.approx([0.1])


def test_overdispersion__arms_that_only_differ_from_each_other__is_none() -> None:
    assert overdispersion([[[50, 50], [90, 90]]], [[[1000, 1000], [1000, 1000]]])[0] == 0


def test_adjusted_p_values__unknown_ones__stay_unknown_and_do_not_count() -> None:
    assert holm([0.01, np.nan, 0.04])[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(holm([0.01, np.nan, 0.04])[1])
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_adjusted_p_values__not_a_probability__is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([0.2, 1.2])


def test_beta_comparison__counts__is_the_integral_by_mpmath() -> None:
    ours = beta_comparison([7, 12], [100, 110])
    with mpmath.workdps(30):
        a, b = (8, 94), (13, 99)

        def integrand(x: Any) -> Any:
            density = x ** (b[0] - 1) * (1 - x) ** (b[1] - 1) / mpmath.beta(*b)
            return density * mpmath.betainc(*a, 0, x, regularized=True)

        chance = mpmath.quad(integrand, [0, 0.05, 0.1, 0.2, 0.4, 1])
    assert ours.probability_best[1] == pytest.approx(float(chance), rel=1e-10)


@pytest.mark.parametrize(
    "shapes", [(5.5, 9.25, 300.0, 410.0), (1.0, 1e5, 3.0, 2e5), (80.0, 1e3, 90.0, 1.1e3)]
)
def test_gamma_beats__rates__is_the_ratio_of_chi_squares(shapes: tuple[float, float, float, float]) -> None:
    a1, b1, a2, b2 = shapes
    # λ₂/λ₁ · (a₁ b₂)/(a₂ b₁) is F with 2a₂ and 2a₁ degrees of freedom.
    expected = stats.f.sf(a1 * b2 / (a2 * b1), 2 * a2, 2 * a1)
    assert float(gamma_beats(a1, b1, a2, b2)) == pytest.approx(expected, rel=1e-9)


def test_compare_totals__rates__are_the_two_proportion_test_and_the_beta_posterior() -> None:
    result = compare_totals("rate", [[400, 470]], [[50_000, 50_500]])
    test = two_proportion_test([400], [50_000], [470], [50_500])
    pooled = 870 / 100_500
    exact = beta_best([401, 471], [1 / pooled - 1 + 49_600, 1 / pooled - 1 + 50_030])
    assert result.method == "totals"
    assert result.p_value[0, 1] == pytest.approx(test.p_value[0], rel=1e-12)
    assert result.chance_to_beat_control[0, 1] == pytest.approx(exact.probability_best[1], rel=1e-12)
    assert result.expected_loss[0, 1] == pytest.approx(exact.expected_loss[1], rel=1e-12)
    # Katz: var ln RR = 1/x - 1/n + 1/x - 1/n.
    error = np.sqrt(1 / 400 - 1 / 50_000 + 1 / 470 - 1 / 50_500)
    theta = np.log((470 / 50_500) / (400 / 50_000))
    assert np.log1p(result.confidence_low[0, 1]) == pytest.approx(theta - 1.959963984540054 * error, rel=1e-9)


def test_compare_totals__days_that_differ__is_far_surer_than_the_days_allow() -> None:
    events, exposure = [[[100, 300, 200], [200, 260, 250]]], [[[20_000] * 3] * 2]
    totals = compare_totals("rate", np.sum(events, axis=2), np.sum(exposure, axis=2))
    days = compare_days("rate", events, exposure)
    assert totals.p_value[0, 1] < 0.01 < days.p_value[0, 1]


def test_sample_size__cost__needs_the_money_that_the_events_cost() -> None:
    # λ = 1/50 and 1/40: 7.848879735 · (0.02 + 0.025)/0.005².
    assert float(sample_size("cost", 50.0, 0.2)) == pytest.approx(7.848879734 * 0.045 / 0.000025, rel=1e-8)


@given(
    st.sampled_from([("rate", 0.01, 30_000.0), ("cost", 50.0, 900.0)]),
    st.floats(0.02, 0.6),
    st.just(0.0) | st.floats(1e-9, 0.2),
)
def test_planning__days_needed_and_detectable_lift__are_inverse(
    plan: tuple[str, float, float], mde: float, spread: float
) -> None:
    form, value, exposure = plan
    needed = float(days_needed(form, value, mde, exposure, interaction_sd=spread))
    found = detectable_lift(form, value, exposure * needed, days=needed, interaction_sd=spread)
    assert float(found) == pytest.approx(mde, rel=1e-6)


@pytest.mark.parametrize(
    ("form", "value", "mde", "says"),
    [
        ("value", 2.0, 0.1, "plan it by the cost of an order"),
        ("cost", 50.0, 1.0, "below 1; nothing gets cheaper by 100 %"),
        ("rate", 0.9, 0.2, "it is a share"),
    ],
)
def test_sample_size__impossible_question__is_refused(form: str, value: float, mde: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sample_size(form, value, mde)
