"""Which campaign brings the most for its money, against closed forms of two."""

import numpy as np
import pytest
from scipy import special

from experiments.stats.best_campaign import best_campaign
from experiments.stats.threshold import cost_evidence, value_evidence

SPEND = [[200.0] * 5] * 2
TRIALS = [[11, 9, 12, 10, 13], [9, 10, 8, 11, 9]]
REVENUE = [[900.0, 700.0, 1100.0, 800.0, 950.0], [700.0, 900.0, 650.0, 700.0, 800.0]]


def test_best_campaign__two_costs__is_the_incomplete_beta_function_of_their_moments() -> None:
    rate = np.sum(TRIALS) / np.sum(SPEND)
    mean, variance = cost_evidence(TRIALS, SPEND, 1 / rate).posterior.moments()
    shape, scale = mean**2 / variance, mean / variance
    expected = special.betainc(shape[1], shape[0], scale[1] / scale.sum())
    found = best_campaign("cost", TRIALS, SPEND)
    assert found.probability_best == pytest.approx([expected, 1 - expected], rel=1e-9)
    assert found.rate_mean == pytest.approx(mean)
    assert found.rate_variance == pytest.approx(variance)


def test_best_campaign__two_values__is_the_normal_of_their_logarithms() -> None:
    rate = np.sum(REVENUE) / np.sum(SPEND)
    mean, variance = value_evidence(REVENUE, SPEND, TRIALS, rate).posterior.moments()
    squares = np.log1p(variance / mean**2)
    middle = np.log(mean) - squares / 2
    expected = special.ndtr((middle[0] - middle[1]) / np.sqrt(squares.sum()))
    found = best_campaign("value", REVENUE, SPEND, events=TRIALS)
    assert found.probability_best == pytest.approx([expected, 1 - expected], rel=1e-9)


def test_best_campaign__on_other_days__compares_each_on_its_own() -> None:
    apart = best_campaign("cost", [[11, 9, 0, 0], [0, 0, 9, 7]], [[200.0, 200.0, 0, 0], [0, 0, 200.0, 200.0]])
    together = best_campaign("cost", [[11, 9], [9, 7]], [[200.0, 200.0]] * 2)
    assert apart.probability_best == pytest.approx(together.probability_best)


def test_best_campaign__one_without_a_counted_day__takes_no_part() -> None:
    mask = [[True] * 5, [True] * 5, [False] * 5]
    found = best_campaign("cost", [*TRIALS, [99] * 5], [*SPEND, [200.0] * 5], mask=mask)
    assert found.probability_best[:2] == pytest.approx(best_campaign("cost", TRIALS, SPEND).probability_best)
    assert np.isnan(found.probability_best[2])


@pytest.mark.parametrize(
    ("outcome", "spend"), [([[0, 0], [0, 0]], [[200.0, 200.0]] * 2), ([[9, 8]], [[200.0, 200.0]])]
)
def test_best_campaign__no_event_or_nobody_to_compare_with__is_not_known(
    outcome: list[list[int]], spend: list[list[float]]
) -> None:
    assert np.isnan(best_campaign("cost", outcome, spend).probability_best).all()


def test_best_campaign__an_order_in_one_only__still_ranks_the_other_last() -> None:
    revenue, orders = [REVENUE[0], [0.0] * 5], [TRIALS[0], [0] * 5]
    found = best_campaign("value", revenue, SPEND, events=orders)
    assert found.probability_best[0] > 0.99
    assert found.probability_best.sum() == pytest.approx(1)


@pytest.mark.parametrize("events", [1e8, 1.0])
def test_best_campaign__extreme_counts__stay_probabilities(events: float) -> None:
    found = best_campaign("cost", [[events], [0.0], [events / 2]], [[1e8]] * 3)
    assert found.probability_best.sum() == pytest.approx(1)
    assert ((found.probability_best >= 0) & (found.probability_best <= 1)).all()


def test_best_campaign__a_rate__is_refused() -> None:
    with pytest.raises(ValueError, match="what money brings"):
        best_campaign("rate", TRIALS, SPEND)
