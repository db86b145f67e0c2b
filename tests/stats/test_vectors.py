"""Reference numbers, computed with mpmath to 20 digits and cross-checked as vectors.json says.

Tolerance: 1e-10 relative; expected losses 1e-6; group-sequential boundaries 1e-9, as well as they are known.
With `-rP` pytest shows how far from each vector we are.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.stats.always_valid import always_valid_evidence, beta_binomial_evidence
from experiments.stats.comparison import compare_days
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.health import sample_ratio_test
from experiments.stats.multiple import benjamini_hochberg, holm
from experiments.stats.one_arm import arm_confidence_interval, fieller_interval
from experiments.stats.planning import design_effect, sample_size
from experiments.stats.proportions import newcombe_interval, two_proportion_test, welch_test, wilson_interval
from experiments.stats.quadrature import beta_best, gamma_beats, gamma_best
from experiments.stats.sequential import lan_demets_boundary, obrien_fleming_boundary, pocock_boundary
from experiments.stats.threshold import cost_evidence, rate_evidence

VECTORS = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))["vectors"]
}
# No spread of days at all: the tempered posterior becomes the textbook one.
NO_SPREAD = SpreadPrior(1e-12, 1e-6)


def numbers(values: Any) -> Any:
    """The inputs and outputs are strings where a double would lose digits."""
    return [numbers(value) for value in values] if isinstance(values, list) else float(values)


@dataclass(frozen=True, eq=False)
class Near:
    """Equals whatever is within a relative error, and logs how large the error is."""

    expected: Any
    rel: float
    __array_ufunc__ = None  # numpy must ask this side

    def __eq__(self, ours: object) -> bool:
        expected = np.asarray(self.expected)
        # What is 0 has to be 0.
        errors = np.abs(np.asarray(ours, dtype=np.float64) - expected) / np.where(
            expected, np.abs(expected), 1
        )
        logging.getLogger(__name__).warning(
            "largest relative error %.1e, allowed %.0e", errors.max(), self.rel
        )
        return errors.shape == expected.shape and bool((errors <= self.rel).all())

    __hash__ = None  # type: ignore[assignment]


def near(expected: Any, rel: float = 1e-10) -> Near:
    return Near(numbers(expected), rel)


def given(case: int) -> tuple[dict[str, Any], dict[str, Any]]:
    vector = VECTORS[case]
    inputs = vector["inputs"]
    return (inputs if isinstance(inputs, dict) else {}), vector["outputs"]


def test_vectors__every_case_of_the_file__has_a_test_here() -> None:
    source = Path(__file__).read_text("utf-8")
    assert sorted(VECTORS) == list(range(1, 22))
    assert [case for case in VECTORS if f"given({case})" not in source and case not in {1, 2, 3, 4}] == []


@pytest.mark.parametrize("case", [1, 2, 3, 4])
def test_beta_best__two_arms__matches_the_integral(case: int) -> None:
    inputs, outputs = given(case)
    result = beta_best([inputs["alphaA"], inputs["alphaB"]], [inputs["betaA"], inputs["betaB"]])
    assert result.probability_best[1] == near(outputs["p_b_gt_a"])
    if "loss_choose_B" in outputs:
        expected = [outputs["loss_choose_A"], outputs["loss_choose_B"]]
        assert result.expected_loss == near(expected, rel=1e-6)


def test_beta_best__three_arms__matches_the_integral() -> None:
    inputs, outputs = given(5)
    result = beta_best(inputs["alpha"], inputs["beta"])
    assert result.probability_best == near(outputs["p_best"])
    assert result.expected_loss == near(outputs["loss"], rel=1e-6)


def test_beta_binomial_evidence__below_the_threshold__matches_the_mixture() -> None:
    inputs, outputs = given(6)
    evidence = beta_binomial_evidence(
        [inputs["x"]], [inputs["n"]], float(inputs["p0"]), mixture_size=inputs["mixture_m"]
    )
    assert evidence.log_e_below[0] == near(outputs["log_e_below"])
    assert evidence.low[0] == near(outputs["cs_lower"])
    assert evidence.high[0] == near(outputs["cs_upper"])
    assert evidence.p_value[0] == near(outputs["anytime_p"])


@pytest.mark.parametrize("kind", ["pooled", "unpooled"])
def test_two_proportion_test__no_continuity_correction__matches_z_and_p(kind: str) -> None:
    inputs, outputs = given(7)
    result = two_proportion_test(
        [inputs["x1"]], [inputs["n1"]], [inputs["x2"]], [inputs["n2"]], pooled=kind == "pooled"
    )
    assert result.difference[0] == near(outputs["diff"])
    assert result.statistic[0] == near(outputs[f"z_{kind}"])
    assert result.p_value[0] == near(outputs[f"p_{kind}"])


def test_wilson_and_newcombe__shares_of_two_arms__match() -> None:
    inputs, outputs = given(8)
    counts = [inputs["x1"]], [inputs["n1"]], [inputs["x2"]], [inputs["n2"]]
    difference = newcombe_interval(*counts)
    first = wilson_interval(counts[0], counts[1])
    second = wilson_interval(counts[2], counts[3])
    nobody = wilson_interval([0], [40])
    assert [first.low[0], first.high[0]] == near(outputs["wilson1"])
    assert [second.low[0], second.high[0]] == near(outputs["wilson2"])
    assert [difference.low[0], difference.high[0]] == near(outputs["newcombe"])
    assert [nobody.low[0], nobody.high[0]] == near(outputs["wilson_0_of_40"])


def test_welch_test__summary_statistics__matches() -> None:
    inputs, outputs = given(9)
    arms = [([float(inputs[f"mean{k}"])], [float(inputs[f"sd{k}"])], [inputs[f"n{k}"]]) for k in (1, 2)]
    result = welch_test(arms[0], arms[1])
    assert result.statistic[0] == near(outputs["t"])
    assert result.degrees[0] == near(outputs["df"])
    assert result.p_value[0] == near(outputs["p"])
    assert [result.low[0], result.high[0]] == near(outputs["ci"])


def test_arm_confidence_interval__cost_per_conversion__matches_the_delta_method() -> None:
    inputs, outputs = given(10)
    result = arm_confidence_interval("cost", inputs["conversions"], numbers(inputs["spend"]))
    assert float(result.value) == near(outputs["R"])
    assert float(result.standard_error) == near(outputs["se"])
    assert [float(result.raw_low), float(result.raw_high)] == near(outputs["ci_raw"])
    assert [float(result.low), float(result.high)] == near(outputs["ci_log"])


def test_fieller_interval__cost_per_conversion__matches_the_roots() -> None:
    inputs, _ = given(10)
    _, outputs = given(11)
    low, high = fieller_interval("cost", inputs["conversions"], numbers(inputs["spend"]))
    assert [float(low), float(high)] == near(outputs["ci"])


def test_sample_ratio_test__equal_and_unequal_shares__matches_chi_square() -> None:
    inputs, outputs = given(12)
    equal = sample_ratio_test(inputs["obs"], inputs["weights"])
    unequal = sample_ratio_test(inputs["obs2"], inputs["weights2"])
    assert float(equal.statistic) == near(outputs["chi2"])
    assert float(equal.p_value) == near(outputs["p"])
    assert float(unequal.statistic) == near(outputs["chi2_b"])
    assert float(unequal.p_value) == near(outputs["p_b"])


def test_adjusted_p_values__five_comparisons__match_in_input_order() -> None:
    inputs, outputs = given(13)
    assert holm(inputs["p"]) == near(outputs["holm"])
    assert benjamini_hochberg(inputs["p"]) == near(outputs["bh"])


@pytest.mark.parametrize("method", ["unpooled", "pooled_null", "arcsine"])
def test_sample_size__one_per_cent_plus_15__matches(method: Any) -> None:
    inputs, outputs = given(14)
    size = sample_size("rate", float(inputs["p"]), float(inputs["rel_mde"]), method=method)
    assert float(size) == near(outputs[f"n_{method}"])


def test_design_effect__300_events_a_day__matches() -> None:
    inputs, outputs = given(14)
    effect = design_effect(inputs["events_per_day"], float(inputs["interaction_sd"]))
    assert float(effect) == near(outputs["design_effect"])
    size = sample_size("rate", float(inputs["p"]), float(inputs["rel_mde"]))
    assert float(effect * size) == near(outputs["n_unpooled_x_deff"])


def test_gamma_rates__two_campaigns__match_the_closed_forms() -> None:
    inputs, outputs = given(15)
    target = inputs["target"]
    shapes = [inputs["conv1"] + 1, inputs["conv2"] + 1]
    rates = [float(inputs["spend1"]) + target, float(inputs["spend2"]) + target]
    assert float(gamma_beats(shapes[0], rates[0], shapes[1], rates[1])) == near(outputs["p_rate2_gt_rate1"])
    both = gamma_best(shapes, rates)
    assert both.probability_best[1] == near(outputs["p_rate2_gt_rate1"])
    assert both.expected_loss[1] == near(outputs["loss_choose_2"], rel=1e-6)


def test_cost_evidence__without_spread_of_days__is_the_textbook_gamma() -> None:
    inputs, outputs = given(15)
    spend = [[float(inputs["spend1"])], [120.0]]
    evidence = cost_evidence([[inputs["conv1"]], [0]], spend, inputs["target"], prior=NO_SPREAD)
    expected = [outputs["p_cpa1_below_target"], outputs["p_cpa_below_target_zero_conv"]]
    assert evidence.p_below == near(expected)
    assert 1 / evidence.posterior.quantile(0.5)[0] == near(outputs["cpa_median"])


def test_boundaries__five_equal_looks__match_to_1e_9() -> None:
    inputs, outputs = given(16)
    looks = inputs["looks"]
    times = [(look + 1) / looks for look in range(looks)]
    assert obrien_fleming_boundary(looks) == near(outputs["obf_z"], rel=1e-9)
    assert pocock_boundary(looks) == near([outputs["pocock_C"]] * looks, rel=1e-9)
    assert lan_demets_boundary(times) == near(outputs["lan_demets_obf_z"], rel=1e-9)


@pytest.mark.parametrize(
    ("spending", "name"),
    [("obrien_fleming", "ldobf_onesided_t2to7of7"), ("pocock", "ldpocock_onesided_t2to7of7")],
)
def test_lan_demets__one_sided_from_the_second_day__matches_to_1e_9(spending: Any, name: str) -> None:
    _, outputs = given(16)
    times = [day / 7 for day in range(2, 8)]
    assert lan_demets_boundary(times, sides=1, spending=spending) == near(outputs[name], rel=1e-9)


def test_rate_evidence__four_days__matches_the_tempered_posterior() -> None:
    inputs, outputs = given(17)
    evidence = rate_evidence([inputs["x"]], [inputs["n"]], float(inputs["threshold"]))
    total, rate = sum(inputs["n"]), float(inputs["threshold"])
    assert evidence.p_below[0] == near(outputs["p_below"])
    assert evidence.weights[0] == near(outputs["w"])
    spread = DAY_SPREAD.points()
    guess = (sum(inputs["x"]) + 1) / (total + 1 / rate)
    inflation = 1 + spread**2 * total * guess / evidence.effective_days[0]
    assert float(evidence.weights[0] @ inflation) == near(outputs["phi_mean"])


def test_compare_days__five_days__matches_the_interaction_mixture() -> None:
    inputs, outputs = given(18)
    result = compare_days("rate", [[inputs["xA"], inputs["xB"]]], [[inputs["nA"], inputs["nB"]]])
    assert result.log_ratio[0, 1] == near(outputs["log_ratio"])
    assert result.base_variance[0, 1] == near(outputs["V0"])
    assert result.effective_days[0, 1] == near(outputs["Deff"])
    assert result.chance_to_beat_control[0, 1] == near(outputs["p_b_gt_a"])
    ends = [np.log1p(result.credible_low[0, 1]), np.log1p(result.credible_high[0, 1])]
    assert ends == near(outputs["ci_mixture"])


def test_compare_days__same_days__matches_quasi_likelihood_and_losses() -> None:
    inputs, _ = given(18)
    _, outputs = given(19)
    result = compare_days("rate", [[inputs["xA"], inputs["xB"]]], [[inputs["nA"], inputs["nB"]]])
    assert result.overdispersion[0, 1] == near(outputs["phi"])
    assert result.p_value[0, 1] == near(outputs["p_value"])
    ends = [np.log1p(result.confidence_low[0, 1]), np.log1p(result.confidence_high[0, 1])]
    assert ends == near(outputs["ci"])
    assert result.chance_to_beat_control[0, 1] == near(outputs["chance_b_beats_a"])
    control_rate = sum(inputs["xA"]) / sum(inputs["nA"])
    assert result.expected_loss[0, 1] / control_rate == near(outputs["relative_loss_choose_B"], rel=1e-6)
    kept = result.expected_loss_control[0, 1] / control_rate
    assert kept == near(outputs["relative_loss_choose_A"], rel=1e-6)


def test_cost_evidence__five_days__matches_the_tempered_gamma() -> None:
    inputs, outputs = given(20)
    evidence = cost_evidence([inputs["conversions"]], [numbers(inputs["spend"])], inputs["threshold"])
    assert evidence.p_above[0] == near(outputs["p_cpa_above"])


def test_always_valid_evidence__five_days_below__matches() -> None:
    inputs, outputs = given(21)
    evidence = always_valid_evidence("rate", [inputs["x"]], [inputs["n"]], float(inputs["threshold"]))
    assert evidence.t_statistic[0] == near(outputs["t"])
    assert evidence.log_e_below[0] == near(outputs["log_e"])
