"""Boundaries against published tables and an independent integration; what a look may call."""

import numpy as np
import pytest
from scipy import stats

from experiments.stats.sequential import (
    lan_demets_boundary,
    look_allows,
    obrien_fleming_boundary,
    pocock_boundary,
)


# Jennison & Turnbull (2000), tables 2.1 and 2.3, alpha = 0.05: C_P(K, α) and C_B(K, α).
@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (5, 2.413, 2.040), (10, 2.555, 2.087)],
)
def test_boundaries__published_tables__agree_to_three_decimals(
    looks: int, pocock: float, obrien_fleming: float
) -> None:
    assert pocock_boundary(looks)[-1] == pytest.approx(pocock, abs=5e-4)
    assert obrien_fleming_boundary(looks)[-1] == pytest.approx(obrien_fleming, abs=5e-4)


def test_lan_demets__three_looks__spends_exactly_alpha_under_the_multivariate_normal() -> None:
    times = np.array([1 / 3, 2 / 3, 1.0])
    bound = lan_demets_boundary(times.tolist())
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    stays = stats.multivariate_normal(np.zeros(3), correlation, seed=1).cdf(bound, lower_limit=-bound)
    assert stays == pytest.approx(0.95, abs=1e-4)


def test_lan_demets__one_look__is_the_fixed_test() -> None:
    assert lan_demets_boundary([1.0])[0] == pytest.approx(stats.norm.ppf(0.975), rel=1e-12)
    assert lan_demets_boundary([1.0], sides=1)[0] == pytest.approx(stats.norm.ppf(0.95), rel=1e-12)


@pytest.mark.parametrize("times", [[0.5, 0.2], [0.0, 1.0], [0.5, 1.2], [0.5, 0.5]])
def test_lan_demets__times_that_do_not_rise_within_the_plan__are_refused(times: list[float]) -> None:
    with pytest.raises(ValueError, match="they must rise"):
        lan_demets_boundary(times)


def test_look_allows__early_look__needs_far_more_than_5_per_cent() -> None:
    # Lan-DeMets at 2 of 5: z = 3.357, so p = 0.00079.
    assert look_allows([0.0007, 0.0009, np.nan], 2, 5).tolist() == [True, False, False]


def test_look_allows__after_the_planned_days__takes_the_e_value_instead() -> None:
    p_values, log_e = [0.001, 0.001, 0.9], [np.log(19), np.log(21), np.nan]
    assert look_allows(p_values, 6, 5, log_e_value=log_e).tolist() == [False, True, False]


def test_look_allows__no_closed_day__is_refused() -> None:
    with pytest.raises(ValueError, match="day is 0 of 5"):
        look_allows([0.01], 0, 5)


def test_look_allows__planned_for_longer_than_60_days__takes_the_last_of_60_equal_looks() -> None:
    # 90 of 120 days are 45 of 60 looks, and 91 days no more than that.
    boundary = 2 * stats.norm.sf(lan_demets_boundary([(look + 1) / 60 for look in range(60)])[44])
    for day in (90, 91):
        assert look_allows([boundary * 0.999, boundary * 1.001], day, 120).tolist() == [True, False]
    assert not look_allows(1e-6, 1, 120)


def test_look_allows__p_value_or_day_that_cannot_be__is_refused() -> None:
    with pytest.raises(ValueError, match=r"two_sided_p\[1\] is 2\.0; it must be from 0 to 1"):
        look_allows([np.nan, 2.0], 1, 5)
    with pytest.raises(ValueError, match=r"day is 1\.5 of 5; both must be whole"):
        look_allows(0.01, 1.5, 5)  # type: ignore[arg-type]


def test_look_allows__p_value_that_is_not_known__is_no() -> None:
    assert not look_allows([np.nan], 5, 5).any()
    assert not look_allows([0.001], 6, 5).any()
