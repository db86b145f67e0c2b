"""The far ends of what can arrive: no warning, no nonsense, and a refusal that names the cell."""

import re
from typing import Any

import numpy as np
import pytest

from experiments.stats.always_valid import always_valid_evidence
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.grids import SpreadPrior
from experiments.stats.health import overdispersion, sample_ratio_test, spend_imbalance
from experiments.stats.multiple import holm
from experiments.stats.one_arm import arm_confidence_interval, fieller_interval
from experiments.stats.proportions import beta_comparison
from experiments.stats.quadrature import beta_best, gamma_best
from experiments.stats.threshold import cost_evidence, observed, rate_evidence, value_evidence
from experiments.stats.totals import compare_totals

KAPPAS: Any = [1.0, 1.9]
# (events, exposure) of two arms on three days.
EXTREMES: dict[str, tuple[Any, Any]] = {
    "one event in 1e8": ([[1, 0, 0], [0, 1, 0]], [[1e8, 1, 1], [1e8, 1e8, 1e8]]),
    "1e8 events": ([[1e8, 1e8, 1e8], [1e8 + 1, 1e8, 1e8]], [[2e8] * 3, [2e8] * 3]),
    "no event in one arm": ([[0, 0, 0], [3, 4, 5]], [[1000] * 3, [1000] * 3]),
    "no event at all": ([[0, 0, 0], [0, 0, 0]], [[1000] * 3, [1000] * 3]),
    "no exposure at all": ([[0, 0, 0], [0, 0, 0]], [[0] * 3, [0] * 3]),
    "a day without exposure": ([[5, 0, 6], [7, 8, 0]], [[1000, 0, 1000], [1000, 1000, 0]]),
    "all days equal": ([[5, 5, 5], [6, 6, 6]], [[1000] * 3, [1000] * 3]),
    "only events": ([[9, 9, 9], [9, 9, 9]], [[9] * 3, [9] * 3]),
    "more events than exposure": ([[20, 30, 25], [9, 9, 9]], [[10] * 3, [10] * 3]),
    "a huge and a tiny arm": ([[1e6, 1e6, 1e6], [1, 0, 0]], [[1e8] * 3, [10] * 3]),
    "fractions of events": ([[0.2, 0.1, 0.3], [4838.8, 0.5, 1e-3]], [[1000] * 3, [1e6] * 3]),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("length", [1, 3])
def test_every_method__extreme_data__answers_within_its_range_or_says_unknown(name: str, length: int) -> None:
    events, exposure = (np.array([part], dtype=float)[:, :, :length] for part in EXTREMES[name])
    for form in ("rate", "cost", "value"):
        extra: dict[str, Any] = {"events": events, "kappa": 1.9} if form == "value" else {}
        for result in (
            compare_days(form, events, exposure, **extra),
            compare_days(form, events, exposure, lift_prior_sd=0.3, **extra),
            compare_totals(
                form,
                events.sum(axis=2),
                exposure.sum(axis=2),
                **(extra | {"events": events.sum(axis=2)} if extra else {}),
            ),
        ):
            for field in ("chance_to_beat_control", "p_value", "two_sided_p"):
                values = getattr(result, field)
                assert (np.isnan(values) | ((values >= 0) & (values <= 1))).all()
            low, high = result.credible_low[0, 1], result.credible_high[0, 1]
            assert np.isnan(low) == np.isnan(high)
            assert np.isnan(low) or -1 <= low <= result.lift_relative[0, 1] <= high
            assert not (result.expected_loss < 0).any()
        best = best_arm(form, events, exposure, **extra).probability_best
        assert np.isnan(best).all() or best.sum() == pytest.approx(1, abs=1e-9)
    for evidence in (
        rate_evidence(events[0], exposure[0], 0.005),
        cost_evidence(events[0], exposure[0], 200.0),
        value_evidence(events[0] * 50, exposure[0], events[0], 2.0, average_order_value=50.0),
    ):
        known = ~np.isnan(evidence.p_below)
        assert (known == (exposure[0].sum(axis=1) > 0)).all()
        assert (np.abs(evidence.p_below[known] + evidence.p_above[known] - 1) < 1e-9).all()
        low, high = evidence.interval()
        assert (low[known] <= high[known]).all()
    for metric in ("rate", "cost"):
        log_e = always_valid_evidence(metric, events[0], exposure[0], 0.005).log_e_below
        assert (np.isnan(log_e) == ((exposure[0] > 0).sum(axis=1) < 2)).all()
        arm_confidence_interval(metric, events[0], exposure[0])
        fieller_interval(metric, events[0], exposure[0])
        observed(metric, events[0], exposure[0], 0.005)
    overdispersion(events, exposure)
    spend_imbalance(exposure[0].sum(axis=1), [1, 1])
    sample_ratio_test(exposure[0].sum(axis=1), [0.5, 0.5])


def test_threshold_evidence__no_data__is_unknown_not_half() -> None:
    evidence = rate_evidence([[0, 0]], [[0, 0]], 0.005)
    assert np.isnan(evidence.p_below[0])
    assert np.isnan(evidence.p_above[0])
    assert np.isnan(evidence.value[0])
    assert np.isnan(evidence.interval()).all()


def test_cost_evidence__no_conversion_after_three_times_the_target__is_evidence() -> None:
    # Gamma(1, 50) prior, nothing seen after 150 of money: P(λ < 1/50) = 1 - e^-(50 + 150)/50.
    evidence = cost_evidence([[0.0]], [[150.0]], 50.0, prior=SpreadPrior(1e-12, 1e-6))
    assert evidence.p_above[0] == pytest.approx(1 - np.exp(-4), rel=1e-12)
    assert np.isnan(evidence.value[0])


def test_rate_evidence__more_events_than_exposure__takes_the_gamma_form_and_says_so() -> None:
    evidence = rate_evidence([[20.0], [5.0]], [[10.0], [10.0]], 0.5)
    assert evidence.fell_back.tolist() == [True, False]
    assert evidence.value[0] == 2.0
    assert evidence.p_above[0] > 0.95


def test_value_evidence__below_five_orders__is_judged_as_the_cost_of_an_order() -> None:
    # ROAS below 2 with orders worth 40 is the same as an order costing more than 20.
    orders, spend = [[1, 0, 1]], [[60.0, 50.0, 55.0]]
    value = value_evidence([[40.0, 0.0, 44.0]], spend, orders, 2.0, average_order_value=40.0)
    cost = cost_evidence(orders, spend, 20.0)
    assert value.fell_back.tolist() == [True]
    assert value.p_below == pytest.approx(cost.p_above, rel=1e-12)


def test_value_evidence__below_five_orders_of_unknown_worth__is_unknown() -> None:
    for worth in (None, [np.nan]):
        evidence = value_evidence([[40.0]], [[60.0]], [[1]], 2.0, average_order_value=worth)
        assert np.isnan(evidence.p_below[0])
        assert not evidence.fell_back[0]


def test_compare_days__no_event_in_one_arm__takes_the_chance_from_the_exact_comparison() -> None:
    events, exposure = [[[0, 0], [3, 4]]], [[[1000, 1000], [1000, 1000]]]
    result = compare_days("rate", events, exposure)
    best = best_arm("rate", events, exposure)
    assert result.chance_to_beat_control[0, 1] == pytest.approx(best.probability_best[0, 1], rel=1e-12)
    assert result.expected_loss[0, 1] == pytest.approx(best.expected_loss[0, 1], rel=1e-12)
    assert np.isnan(result.credible_low[0, 1])
    assert np.isnan(result.p_value[0, 1])


def test_beta_best__uniforms__have_the_hand_computed_answers() -> None:
    # Three independent uniforms: each best with 1/3, E[max] = 3/4, so every choice loses 1/4.
    result = beta_best([1, 1, 1], [1, 1, 1])
    assert result.probability_best == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert result.expected_loss == pytest.approx([0.25] * 3, rel=1e-12)


def test_gamma_best__two_exponentials__have_the_hand_computed_answers() -> None:
    # P(λ2 > λ1) = b1/(b1 + b2), and E[(λ2 - λ1)⁺] = P(λ2 > λ1)/b2 as the excess is memoryless.
    result = gamma_best([1, 1], [3, 2])
    assert result.probability_best[1] == pytest.approx(0.6, rel=1e-12)
    assert result.expected_loss[0] == pytest.approx(0.3, rel=1e-12)


def test_beta_best__arms_worlds_apart__is_sure_and_loses_nothing() -> None:
    result = beta_best([2, 1e7], [1e8, 1e7])
    assert result.probability_best == pytest.approx([0, 1], abs=1e-15)
    assert result.expected_loss == pytest.approx([0.5, 0], abs=1e-7)


@pytest.mark.parametrize(
    ("events", "exposure", "says"),
    [
        ([[1.0, np.nan]], [[10, 10]], r"events\[0, 1\] is nan; it must be a finite number"),
        ([[1.0, 2.0]], [[10, np.inf]], r"exposure\[0, 1\] is inf; it must be a finite number"),
        ([[1.0, -2.0]], [[10, 10]], r"events\[0, 1\] is -2.0; it must be at least 0"),
        ([[1.0, 2.0]], [[10, 10, 10]], r"exposure has the shape \(1, 3\), events has \(1, 2\)"),
        ([[]], [[]], "events is empty"),
        ([["a", "b"]], [[1, 2]], "events must be an array of numbers"),
        ([[1.0], [2.0, 3.0]], [[1, 2]], "events must be an array of numbers"),
    ],
)
def test_bad_arrays__any_method__are_refused_with_name_and_place(
    events: Any, exposure: Any, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        rate_evidence(events, exposure, 0.005)


@pytest.mark.parametrize(
    ("threshold", "mask", "says"),
    [
        (0.0, None, "threshold is 0.0; it must be above 0"),
        ([0.1, 0.2], None, r"threshold has the shape \(2,\)"),
        (0.1, [[1, 0]], "mask holds int64 values; it must hold booleans"),
        (0.1, [[True]], r"mask has the shape \(1, 1\)"),
    ],
)
def test_bad_threshold_or_mask__rate_evidence__is_refused(threshold: Any, mask: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rate_evidence([[1, 2]], [[10, 10]], threshold, mask=mask)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare_days("rate", [[1]], [[2]]), "three axes: campaigns, arms, days"),
        (
            lambda: compare_days("share", [[[1]]], [[[2]]]),
            "form is 'share'; it must be one of rate, cost, value",
        ),
        (lambda: compare_days("rate", [[[1]]], [[[2]]], control=1), "control is 1; it must be from 0 to 0"),
        (lambda: compare_days("rate", [[[1]]], [[[2]]], control=0.5), "control must be one index of an arm"),
        (lambda: compare_days("value", [[[1]]], [[[2]]]), "events is missing"),
        (lambda: compare_days("rate", [[[1]]], [[[2]]], lift_prior_sd=0), "lift_prior_sd is 0"),
        (lambda: compare_days("rate", [[[1]]], [[[2]]], kappa=0), "kappa is 0.0; it must be above 0"),
        (lambda: overdispersion([[[1, 2]]], [[[9, 9]]], kappa=KAPPAS), r"kappa has the shape \(2,\)"),
        (lambda: observed("rate", [[1]], [[2]], 0.1, margin=np.nan), "margin is nan; it must be at least 0"),
        (lambda: sample_ratio_test([1, 2], [1, 2, 3]), r"planned_share has the shape \(3,\)"),
        (lambda: holm([0.1, 1.2]), r"p_values\[1\] is 1.2; it must be from 0 to 1"),
        (lambda: beta_comparison([1, 2], [5, -1]), r"total\[1\] is -1.0; it must be at least 0"),
        (lambda: gamma_best([1, 0.01], [1, 1]), r"shape\[1\] is 0.01; it must be at least 0.1"),
        (lambda: always_valid_evidence("value", [[1]], [[2]], 1), "for rates and costs only"),
        (lambda: beta_best([1, 0.01], [1, 1]), r"alpha\[1\] is 0.01; it must be at least 0.1"),
    ],
)
def test_bad_arguments__are_refused_with_what_would_be_right(call: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_gamma_best__rates_far_below_one__are_as_good_as_any() -> None:
    # Per cent or per mille of a unit of money: only the unit changes.
    one, other = gamma_best([3, 5], [0.02, 0.03]), gamma_best([3, 5], [2000.0, 3000.0])
    assert one.probability_best == pytest.approx(other.probability_best, rel=1e-12)
    assert one.expected_loss == pytest.approx(other.expected_loss * 1e5, rel=1e-9)


def test_compare_days__only_events__never_says_more_than_certain() -> None:
    # Weights that add up to a little more than 1 must not make a p-value of more than 1.
    random = np.random.default_rng(0)
    exposure = random.integers(1, 50, (500, 1, 2)).repeat(2, axis=1).astype(float)
    result = compare_days("rate", exposure, exposure)
    assert (result.two_sided_p[:, 1] <= 1).all()
    assert (result.two_sided_p[:, 1] > 1 - 1e-12).all()


@pytest.mark.parametrize(("number", "right"), [(1e40, r"at most 1e\+30"), (1e-300, "0 or at least 1e-30")])
def test_number_beyond_reach__any_method__is_refused_with_name_and_place(number: float, right: str) -> None:
    days = np.full((1, 2, 3), 5.0)
    days[0, 1, 2] = number
    with pytest.raises(
        ValueError, match=rf"outcome\[0, 1, 2\] is {re.escape(str(number))}; it must be {right}"
    ):
        compare_days("rate", days, np.full(days.shape, 9.0))


# Of everything in reach the ends, and what lies between; a warning is an error here.
REACH = [0.0, 1e-30, 1e-12, 1.0, 1e6, 1e30]


@pytest.mark.parametrize("threshold", [1e-30, 0.01, 1.0, 1e30])
def test_threshold__ends_of_what_is_in_reach__warns_of_nothing(threshold: float) -> None:
    one, other = (part.ravel()[:, None] for part in np.meshgrid(REACH, REACH))
    counts, sizes = np.hstack([one, one, other]), np.hstack([other, other, other])
    for evidence in (rate_evidence(counts, sizes, threshold), cost_evidence(sizes, counts, threshold)):
        known = ~np.isnan(evidence.p_below)
        assert known.any()
        assert ((evidence.p_below[known] >= 0) & (evidence.p_below[known] <= 1)).all()
        evidence.interval()


def test_arms__ends_of_what_is_in_reach__warn_of_nothing() -> None:
    one, other, third = (part.ravel()[:, None] for part in np.meshgrid(REACH, REACH, REACH))
    outcome = np.stack([np.hstack([one, one, other]), np.hstack([third, one, one])], axis=1)
    exposure = np.stack([np.hstack([other, other, other]), np.hstack([other, third, other])], axis=1)
    for form in ("rate", "cost"):
        chance = compare_days(form, outcome, exposure).chance_to_beat_control[:, 1]
        known = ~np.isnan(chance)
        assert known.any()
        assert ((chance[known] >= 0) & (chance[known] <= 1)).all()
        best_arm(form, outcome, exposure)
    overdispersion(outcome, exposure)


@pytest.mark.parametrize("best_of", [beta_best, gamma_best])
def test_best__arms_worlds_apart__are_never_less_likely_than_impossible(best_of: Any) -> None:
    first = np.array([1942.0, 2565, 1799, 817, 2528, 1553, 1557, 2271])
    second = np.array([54183.0, 136536, 102741, 44713, 139769, 79916, 108389, 223747])
    result = best_of(first, second)
    assert ((result.probability_best >= 0) & (result.probability_best <= 1)).all()
    assert (result.expected_loss >= 0).all()
