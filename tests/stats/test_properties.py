"""What must hold for any data: mirrors, scales, masks, and many at once being the same as one by one."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.stats.always_valid import always_valid_evidence, always_valid_path, breach_log_e
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.lifts import Comparison
from experiments.stats.one_arm import arm_confidence_interval
from experiments.stats.quadrature import beta_best, gamma_best
from experiments.stats.threshold import (
    ThresholdEvidence,
    cost_evidence,
    rate_evidence,
    threshold_evidence,
    value_evidence,
)
from experiments.stats.totals import compare_totals

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


def many_campaigns(seed: int, arms: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """2,000 campaigns at 0.5 % of very different sizes, whose days and arms differ by tens of per cent."""
    random = np.random.default_rng(seed)
    shape = (2000, arms, days)
    exposure = np.exp(random.uniform(np.log(1000), np.log(200_000), shape))
    swings = random.normal(0, 0.3, (2000, arms, 1)) + random.normal(0, 0.3, shape)
    return random.poisson(exposure * 0.005 * np.exp(swings)).astype(float), exposure


def twice(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values], axis=-1)


MANY = settings(max_examples=5, deadline=None)
SURE = 0.95


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(MANY)
def test_threshold_evidence__the_same_days_again__is_no_less_sure(seed: int, days: int) -> None:
    events, exposure = (part[:, 0] for part in many_campaigns(seed, 1, days))
    for form, threshold in (("rate", 0.005), ("cost", 200.0), ("value", 0.25)):
        once, again = (
            threshold_evidence(
                form,
                many(events) * (50.0 if form == "value" else 1.0),
                many(exposure),
                threshold,
                events=many(events),
            )
            for many in (np.asarray, twice)
        )
        for side in ("p_below", "p_above"):
            before, after = getattr(once, side), getattr(again, side)
            sure = before >= SURE
            assert sure.any()
            assert (after[sure] >= before[sure] - 1e-12).all()


@given(st.integers(0, 2**32 - 1), st.integers(3, 6))
@settings(MANY)
def test_always_valid__the_same_days_again__keeps_every_breach(seed: int, days: int) -> None:
    events, exposure = (part[:, 0] for part in many_campaigns(seed, 1, days))
    for form, threshold in (("rate", 0.005), ("cost", 200.0)):
        once = always_valid_evidence(form, events, exposure, threshold)
        again = always_valid_evidence(form, twice(events), twice(exposure), threshold)
        for side in ("log_e_below", "log_e_above"):
            before, after = getattr(once, side), getattr(again, side)
            breached = before >= breach_log_e(SURE)
            assert breached.any()
            assert (after[breached] >= before[breached]).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from(["rate", "cost", "value"]))
@settings(MANY)
def test_compare_days__the_same_days_again__reverses_nothing_and_is_no_less_sure(
    seed: int, days: int, form: str
) -> None:
    events, exposure = many_campaigns(seed, 2, days)
    orders: dict[str, Any] = {"kappa": 1.9} if form == "value" else {}
    once, again = (
        compare_days(form, many(events), many(exposure), events=many(events), **orders)
        for many in (np.asarray, twice)
    )
    known = ~np.isnan(once.log_ratio[:, 1])
    before, after = (result.chance_to_beat_control[known, 1] - 0.5 for result in (once, again))
    assert (before * after >= 0).all()
    sure = np.abs(before) >= SURE - 0.5
    assert (np.abs(after[sure]) >= np.abs(before[sure]) - 1e-12).all()
    excluded, still_excluded = (
        (result.credible_low[known, 1] > 0) | (result.credible_high[known, 1] < 0) for result in (once, again)
    )
    assert excluded.any()
    assert still_excluded[excluded].all()
    assert (again.log_e_value[known, 1][excluded] >= once.log_e_value[known, 1][excluded]).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(MANY)
def test_value__earnings_in_another_currency__changes_only_what_is_earnings(seed: int, scale: float) -> None:
    orders, spend = (part[:200] for part in many_campaigns(seed, 3, 4))
    revenue = orders * np.random.default_rng(seed).gamma(4, 20, orders.shape)
    one, other = (
        compare_days("value", earned, spend, events=orders, kappa=1.9)
        for earned in (revenue, revenue * scale)
    )
    for name in FLOAT_FIELDS:
        is_money = name in {"lift_absolute", "expected_loss", "expected_loss_control"}
        assert_same(getattr(one, name) * (scale if is_money else 1.0), getattr(other, name), rel=1e-7)
    best, other_best = (
        best_arm("value", earned, spend, events=orders, kappa=1.9) for earned in (revenue, revenue * scale)
    )
    assert_same(best.probability_best, other_best.probability_best, rel=1e-7)
    assert_same(best.expected_loss * scale, other_best.expected_loss, rel=1e-6)
    sure, still_sure = (
        value_evidence(revenue[:, 0] * money, spend[:, 0], orders[:, 0], 2.0 * money)
        for money in (1.0, scale)
    )
    assert_same(sure.p_below, still_sure.p_below, rel=1e-7)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.sampled_from(["cost", "value"]))
@settings(MANY)
def test_best_arm__spend_in_another_currency__moves_no_probability(
    seed: int, scale: float, form: str
) -> None:
    events, spend = (part[:200] for part in many_campaigns(seed, 3, 4))
    orders: dict[str, Any] = {"events": events, "kappa": 1.9} if form == "value" else {}
    one, other = (best_arm(form, events, money, **orders) for money in (spend, spend * scale))
    known = ~np.isnan(one.probability_best)
    assert (known == ~np.isnan(other.probability_best)).all()
    assert_same(one.probability_best[known], other.probability_best[known], rel=1e-6)
    assert_same(one.probability_best[known.all(axis=1)].sum(axis=1), 1.0, rel=1e-9)
    assert_same(one.expected_loss[known], other.expected_loss[known] * scale, rel=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(MANY)
def test_compare_totals__arms_swapped__mirrors_every_statement(seed: int) -> None:
    events, exposure = (part.sum(axis=2) for part in many_campaigns(seed, 2, 1))
    for form in ("rate", "cost"):
        one, other = (
            compare_totals(form, events[:, order], exposure[:, order]) for order in ([0, 1], [1, 0])
        )
        assert_same(one.log_ratio[:, 1], -other.log_ratio[:, 1])
        assert_same(one.chance_to_beat_control[:, 1], 1 - other.chance_to_beat_control[:, 1])
        assert_same(1 + one.credible_low[:, 1], 1 / (1 + other.credible_high[:, 1]))
        assert_same(one.p_value[:, 1], other.p_value[:, 1])
        assert_same(one.expected_loss[:, 1], other.expected_loss_control[:, 1], rel=1e-6)
