"""What must hold for any data: mirrors, scales, masks, and many at once being the same as one by one."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.stats.always_valid import always_valid_evidence, always_valid_path
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.lifts import Comparison
from experiments.stats.one_arm import arm_confidence_interval
from experiments.stats.quadrature import beta_best, gamma_best
from experiments.stats.threshold import ThresholdEvidence, cost_evidence, rate_evidence, value_evidence

FLOAT_FIELDS = [field.name for field in fields(Comparison) if field.name not in {"days", "method"}]

# A busy machine is no failure, and each example computes for milliseconds.
FEW = settings(max_examples=30, deadline=None)

exposures = st.integers(1_000, 200_000)
counts = st.integers(0, 400)


@st.composite
def campaigns(
    draw: st.DrawFn, arms: int = 2, least: int = 1, length: int | None = None, number: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Events and exposure, (number, arms, days); every arm has an event if ``least`` is 1."""
    shape = (number, arms, length or draw(st.integers(1, 6)))
    events = draw(arrays(np.float64, shape, elements=counts.map(float)))
    events[:, :, 0] += least
    return events, draw(arrays(np.float64, shape, elements=exposures.map(float)))


def assert_same(left: Any, right: Any, rel: float = 1e-9) -> None:
    np.testing.assert_allclose(left, right, rtol=rel, atol=1e-12)


@given(campaigns())
@settings(FEW)
def test_compare_days__arms_swapped__mirrors_every_statement(data: tuple[np.ndarray, np.ndarray]) -> None:
    events, exposure = data
    one = compare_days("rate", events, exposure)
    other = compare_days("rate", events[:, ::-1], exposure[:, ::-1])
    assert_same(one.log_ratio[0, 1], -other.log_ratio[0, 1])
    assert_same(one.chance_to_beat_control[0, 1], 1 - other.chance_to_beat_control[0, 1])
    # The low end as the inverse of the high one: near -100 % the digits are with the high one.
    assert_same(1 + one.credible_low[0, 1], 1 / (1 + other.credible_high[0, 1]))
    assert_same(1 + one.confidence_low[0, 1], 1 / (1 + other.confidence_high[0, 1]))
    assert_same(1 + one.always_valid_low[0, 1], 1 / (1 + other.always_valid_high[0, 1]))
    assert_same(one.p_value[0, 1], other.p_value[0, 1])
    assert_same(one.two_sided_p[0, 1], other.two_sided_p[0, 1])


@given(campaigns())
@settings(FEW)
def test_compare_days__control_named_instead_of_swapped__says_the_same(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    events, exposure = data
    named = compare_days("rate", events, exposure, control=[1])
    swapped = compare_days("rate", events[:, ::-1], exposure[:, ::-1])
    for name in FLOAT_FIELDS:
        assert_same(getattr(named, name)[0], getattr(swapped, name)[0, ::-1])


@given(campaigns(), st.floats(0.01, 1000))
@settings(FEW)
def test_compare_days__another_currency__changes_only_what_is_money(
    data: tuple[np.ndarray, np.ndarray], scale: float
) -> None:
    conversions, spend = data
    one = compare_days("cost", conversions, spend)
    other = compare_days("cost", conversions, spend * scale)
    for name in ("lift_relative", "chance_to_beat_control", "credible_low", "p_value", "always_valid_high"):
        assert_same(getattr(one, name), getattr(other, name), rel=1e-7)
    assert_same(one.lift_absolute * scale, other.lift_absolute, rel=1e-7)
    assert_same(one.expected_loss / scale, other.expected_loss, rel=1e-6)


@given(campaigns())
@settings(FEW)
def test_compare_days__cost__is_the_inverse_of_the_rate_of_events(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    conversions, spend = data
    cost, rate = compare_days("cost", conversions, spend), compare_days("rate", conversions, spend)
    assert_same(1 + cost.lift_relative, 1 / (1 + rate.lift_relative))
    assert_same(1 + cost.credible_low, 1 / (1 + rate.credible_high))
    assert_same(1 + rate.confidence_low, 1 / (1 + cost.confidence_high))
    assert_same(cost.chance_to_beat_control, rate.chance_to_beat_control)


@given(campaigns(least=0), counts, exposures)
@settings(FEW)
def test_compare_days__masked_day__is_as_if_absent(
    data: tuple[np.ndarray, np.ndarray], count: int, size: int
) -> None:
    events, exposure = data
    extra = np.array([[[count], [count]]], dtype=float), np.array([[[size], [size * 2]]], dtype=float)
    mask = np.ones((1, 2, events.shape[2] + 1), dtype=bool)
    # Masked in one arm is enough: a day counts only while both ran.
    mask[0, 1, -1] = False
    longer = compare_days(
        "rate",
        np.concatenate([events, extra[0]], axis=2),
        np.concatenate([exposure, extra[1]], axis=2),
        mask=mask,
    )
    shorter = compare_days("rate", events, exposure)
    for name in FLOAT_FIELDS:
        assert_same(getattr(longer, name), getattr(shorter, name))


@given(campaigns(arms=3, least=0, length=3, number=3))
@settings(FEW, max_examples=15)
def test_comparisons__many_campaigns_at_once__are_the_same_as_one_by_one(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    events, exposure = data
    together, best = compare_days("rate", events, exposure), best_arm("rate", events, exposure)
    for index in range(events.shape[0]):
        one = slice(index, index + 1)
        alone = compare_days("rate", events[one], exposure[one])
        for name in FLOAT_FIELDS:
            assert_same(getattr(together, name)[one], getattr(alone, name))
        assert_same(best.probability_best[one], best_arm("rate", events[one], exposure[one]).probability_best)


@given(campaigns(arms=4, least=0))
@settings(FEW)
def test_best_arm__any_counts__probabilities_sum_to_one(data: tuple[np.ndarray, np.ndarray]) -> None:
    events, exposure = data
    result = best_arm("rate", events, exposure)
    if not events.any():
        assert np.isnan(result.probability_best).all()
        return
    assert result.probability_best.sum() == pytest.approx(1, abs=1e-9)
    assert (result.expected_loss >= 0).all()
    assert result.weights.sum() == pytest.approx(1, abs=1e-12)


@given(campaigns(arms=3), st.permutations([0, 1, 2]))
@settings(FEW)
def test_best_arm__arms_in_another_order__moves_with_them(
    data: tuple[np.ndarray, np.ndarray], order: list[int]
) -> None:
    events, exposure = data
    one, other = best_arm("cost", events, exposure), best_arm("cost", events[:, order], exposure[:, order])
    assert_same(one.probability_best[:, order], other.probability_best, rel=1e-8)
    assert_same(one.expected_loss[:, order], other.expected_loss, rel=1e-6)


@given(campaigns(arms=3), st.sampled_from(["rate", "cost"]))
@settings(FEW)
def test_best_arm__absent_arm__leaves_the_others_as_if_it_were_not_there(
    data: tuple[np.ndarray, np.ndarray], form: str
) -> None:
    events, exposure = data
    mask = np.ones(events.shape, dtype=bool)
    mask[0, 1] = False
    with_absent, without = (
        best_arm(form, events, exposure, mask=mask),
        best_arm(form, events[:, [0, 2]], exposure[:, [0, 2]]),
    )
    assert np.isnan(with_absent.probability_best[0, 1])
    assert_same(with_absent.probability_best[0, [0, 2]], without.probability_best[0], rel=1e-8)


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1, 1e6))
@settings(FEW)
def test_best_of_two__choosing_a_for_b__costs_the_difference_of_the_means(
    a1: float, b1: float, a2: float, b2: float
) -> None:
    # E[(B - A)⁺] - E[(A - B)⁺] = E[B] - E[A], whatever the distributions.
    beta, gamma = beta_best([a1, a2], [b1, b2]), gamma_best([a1, a2], [b1, b2])
    shares, rates = (a1 / (a1 + b1), a2 / (a2 + b2)), (a1 / b1, a2 / b2)
    for result, (first, second) in ((beta, shares), (gamma, rates)):
        difference = result.expected_loss[0] - result.expected_loss[1]
        assert difference == pytest.approx(second - first, rel=1e-9, abs=1e-11 * max(first, second))


def test_threshold_evidence__any_days__is_the_same_masked_scaled_and_one_by_one() -> None:
    @given(st.lists(st.tuples(counts, exposures), min_size=1, max_size=7), counts, exposures)
    @settings(FEW)
    def holds(rows: list[tuple[int, int]], count: int, size: int) -> None:
        events, exposure = np.array(rows, dtype=float).T[:, None, :]
        longer = np.append(events, [[count]], axis=1), np.append(exposure, [[size]], axis=1)
        mask = np.append(np.ones(events.shape, dtype=bool), [[False]], axis=1)
        for evidence in (rate_evidence, cost_evidence):
            plain = evidence(events, exposure, 0.005)
            masked = evidence(*longer, 0.005, mask=mask)
            two = evidence(np.repeat(events, 2, axis=0), np.repeat(exposure, 2, axis=0), [0.005, 0.01])
            assert_same(plain.p_below, masked.p_below)
            assert_same(plain.weights, masked.weights)
            assert_same(two.p_below[0], plain.p_below[0])
            assert plain.p_below + plain.p_above == pytest.approx(1, abs=1e-12)
        in_cents = cost_evidence(events, exposure * 100, 5000.0)
        assert_same(in_cents.p_below, cost_evidence(events, exposure, 50.0).p_below)

    holds()


@given(campaigns(arms=1))
@settings(FEW)
def test_threshold_evidence__interval_ends__are_where_the_tails_are_two_and_a_half_per_cent(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    events, exposure = data[0][0], data[1][0]
    rate: ThresholdEvidence = rate_evidence(events, exposure, 0.005)
    low, high = rate.interval()
    assert rate.posterior.sides(low)[0] == pytest.approx(0.025, abs=1e-9)
    assert rate.posterior.sides(high)[1] == pytest.approx(0.025, abs=1e-9)
    cost = cost_evidence(events, exposure, 200.0)
    cheap, dear = cost.interval()
    assert cost.posterior.sides(1 / dear)[0] == pytest.approx(0.025, abs=1e-9)
    assert cost.posterior.sides(1 / cheap)[1] == pytest.approx(0.025, abs=1e-9)


@given(st.lists(st.tuples(counts, exposures), min_size=2, max_size=6))
@settings(FEW)
def test_always_valid__path__ends_where_the_evidence_stands(rows: list[tuple[int, int]]) -> None:
    events, exposure = np.array(rows, dtype=float).T[:, None, :]
    path = always_valid_path("rate", events, exposure, 0.005)
    for day in range(1, len(rows) + 1):
        today = always_valid_evidence("rate", events[:, :day], exposure[:, :day], 0.005)
        assert_same(path.log_e_below[:, day - 1], today.log_e_below)
        assert_same(path.log_e_above[:, day - 1], today.log_e_above)


@given(st.lists(st.tuples(counts, exposures), min_size=2, max_size=6))
@settings(FEW)
def test_always_valid__cost__is_the_rate_of_events_the_other_way_round(rows: list[tuple[int, int]]) -> None:
    conversions, spend = np.array(rows, dtype=float).T[:, None, :]
    cost = always_valid_evidence("cost", conversions, spend, 50.0)
    rate = always_valid_evidence("rate", conversions, spend, 1 / 50.0)
    assert_same(cost.log_e_above, rate.log_e_below)
    assert_same(cost.log_e_below, rate.log_e_above)


@given(campaigns(arms=1))
@settings(FEW)
def test_arm_interval__money_scaled__scales_the_interval(data: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = (arm_confidence_interval("cost", data[0], data[1] * scale) for scale in (1, 100))
    assert_same(one.low * 100, other.low)
    assert_same(one.high * 100, other.high)


def test_value_evidence__revenue_and_threshold_in_another_currency__says_the_same() -> None:
    revenue, spend, orders = [[900.0, 700.0, 1100.0]], [[300.0, 320.0, 310.0]], [[12, 9, 14]]
    one = value_evidence(revenue, spend, orders, 2.5)
    other = value_evidence(np.array(revenue) * 40, spend, orders, 100.0)
    assert_same(one.p_below, other.p_below)
