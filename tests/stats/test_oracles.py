"""The methods once more, slowly: docs/statistics.md line by line, with scipy.stats and closed forms."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from experiments.stats.always_valid import always_valid_evidence
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.posterior import Family, Posterior
from experiments.stats.quadrature import beta_best, gamma_beats, gamma_best
from experiments.stats.threshold import cost_evidence, rate_evidence, value_evidence

# Each example is a world of its own with this many random cases.
CASES = 400
seeds = st.integers(0, 2**32 - 1)
WORLDS = settings(max_examples=10, deadline=None)
# Where the oracle is a loop over campaigns and days.
SLOWLY = settings(max_examples=5, deadline=None)
FEW_CASES = 40


def spread_points(median: float, log_sd: float) -> list[float]:
    return [median * math.exp(log_sd * stats.norm.ppf((k + 0.5) / 12)) for k in range(12)]


def weights(residuals: Sequence[float], variances: Sequence[float], spread: Sequence[float]) -> list[float]:
    """R1, step 3."""
    logs = []
    for sigma in spread:
        v = [variance + sigma**2 for variance in variances]
        precision = sum(1 / one for one in v)
        mean = sum(r / one for r, one in zip(residuals, v, strict=True)) / precision
        misfit = sum((r - mean) ** 2 / one for r, one in zip(residuals, v, strict=True))
        logs.append(-0.5 * (sum(map(math.log, v)) + math.log(precision) + misfit))
    whole = sum(math.exp(log - max(logs)) for log in logs)
    return [math.exp(log - max(logs)) / whole for log in logs]


def days(seed: int, *shape: int, rate: float = 0.005) -> tuple[np.ndarray, np.ndarray]:
    """Events and exposure of days that differ, some of them without exposure."""
    random = np.random.default_rng(seed)
    exposure = np.exp(random.uniform(np.log(100), np.log(200_000), shape)).round()
    exposure[random.random(shape) < 0.1] = 0
    swings = np.exp(random.normal(0, 0.4, shape) + random.normal(0, 0.4, (*shape[:-1], 1)))
    return random.poisson(exposure * rate * swings).astype(float), exposure


@given(seeds)
@settings(SLOWLY)
def test_rate_and_cost_evidence__random_days__are_r1_written_out(seed: int) -> None:
    events, exposure = days(seed, FEW_CASES, 6)
    rate, cost = rate_evidence(events, exposure, 0.005), cost_evidence(events, exposure, 200.0)
    for case in range(FEW_CASES):
        n = exposure[case][exposure[case] > 0]
        x = events[case][exposure[case] > 0]
        if not n.size:
            assert np.isnan(rate.p_below[case])
            continue
        p0, total, hits = 0.005, n.sum(), x.sum()
        guess = (hits + 1) / (total + 1 / p0)
        spread = spread_points(0.20, 0.8)
        w = weights((x / (n * guess) - 1).tolist(), (1 / (n * guess)).tolist(), spread)
        phi = [1 + s**2 * total * guess / (total**2 / (n**2).sum()) for s in spread]
        share = sum(
            part * stats.beta.cdf(p0, 1 + hits / f, 1 / p0 - 1 + (total - hits) / f)
            for part, f in zip(w, phi, strict=True)
        )
        dear = sum(
            part * stats.gamma.cdf(p0, 1 + hits / f, scale=1 / (1 / p0 + total / f))
            for part, f in zip(w, phi, strict=True)
        )
        assert rate.p_below[case] == pytest.approx(share, rel=1e-9)
        assert cost.p_above[case] == pytest.approx(dear, rel=1e-9)


@given(seeds)
@settings(SLOWLY)
def test_value_evidence__random_days__is_r1_written_out(seed: int) -> None:
    orders, spend = days(seed, FEW_CASES, 5, rate=0.01)
    revenue = orders * np.random.default_rng(seed).gamma(4, 20, orders.shape)
    evidence = value_evidence(revenue, spend, orders, 0.8)
    for case in range(FEW_CASES):
        ran = spend[case] > 0
        s, y, count = spend[case][ran], revenue[case][ran], orders[case].sum()
        if count < 5:
            assert np.isnan(evidence.p_below[case])
            continue
        value, spread = y.sum() / s.sum(), spread_points(0.20, 0.8)
        w = weights((y / (value * s) - 1).tolist(), (1.9 / (count * s / s.sum())).tolist(), spread)
        effective = s.sum() ** 2 / (s**2).sum()
        expected = sum(
            part * stats.norm.cdf(math.log(0.8 / value) / math.sqrt(1.9 / count + sigma**2 / effective))
            for part, sigma in zip(w, spread, strict=True)
        )
        assert evidence.p_below[case] == pytest.approx(expected, rel=1e-9)


def loss(theta: float, sd: float, sign: int) -> float:
    """E[|e^δ - 1|] over the δ whose sign is the other one, by Simpson's rule."""
    ends = max(0.0, 12 * sd - theta)
    delta = np.linspace(0, ends, 4001)
    return float(
        integrate.simpson(np.abs(np.expm1(-sign * delta)) * stats.norm.pdf(-delta, theta, sd), x=delta)
    )


@given(seeds, st.sampled_from([1.0, 1.9]))
@settings(SLOWLY)
def test_compare_days__random_days__is_r4_written_out(seed: int, kappa: float) -> None:
    events, exposure = days(seed, FEW_CASES, 2, 6)
    result = compare_days("value", events, exposure, events=events, kappa=kappa)
    for case in range(FEW_CASES):
        both = (exposure[case] > 0).all(axis=0)
        (x_a, x_b), (n_a, n_b) = events[case][:, both], exposure[case][:, both]
        if not (x_a.sum() and x_b.sum()):
            assert np.isnan(result.log_ratio[case, 1])
            continue
        h = n_a * n_b / (n_a + n_b)
        a, b = h * x_a / n_a, h * x_b / n_b
        theta = math.log(b.sum() / a.sum())
        g = (b / b.sum() + a / a.sum()) / 2
        used = g > 0
        z = (b / b.sum() - a / a.sum())[used]
        g, expected_a, expected_b = (
            g[used],
            (n_a * x_a.sum() / n_a.sum())[used],
            (n_b * x_b.sum() / n_b.sum())[used],
        )
        f = expected_a / (expected_a + expected_b)
        both_events = (x_a + x_b + 0.5)[used]
        v0 = kappa * (1 / (both_events * f) + 1 / (both_events * (1 - f)))
        base, effective = (g**2 * v0).sum(), 1 / (g**2).sum()
        tau = spread_points(0.10, 1.0)
        w = weights((z / g).tolist(), v0.tolist(), tau)
        sd = [math.sqrt(base + t**2 / effective) for t in tau]
        chance = sum(part * stats.norm.cdf(theta / s) for part, s in zip(w, sd, strict=True))
        any_look = sum(
            part * math.sqrt(s**2 / (s**2 + 0.09)) * math.exp(theta**2 * 0.09 / (2 * s**2 * (s**2 + 0.09)))
            for part, s in zip(w, sd, strict=True)
        )
        assert result.log_ratio[case, 1] == pytest.approx(theta, rel=1e-9, abs=1e-14)
        assert result.chance_to_beat_control[case, 1] == pytest.approx(chance, rel=1e-9)
        assert result.log_e_value[case, 1] == pytest.approx(math.log(any_look), rel=1e-8, abs=1e-11)
        reach = math.log1p(result.credible_high[case, 1]) - theta
        inside = sum(part * stats.norm.cdf(reach / s) for part, s in zip(w, sd, strict=True))
        assert inside == pytest.approx(0.975, rel=1e-9)
        rate = x_a.sum() / n_a.sum()
        choosing, keeping = (
            rate * sum(part * loss(sign * theta, s, sign) for part, s in zip(w, sd, strict=True))
            for sign in (1, -1)
        )
        assert result.expected_loss[case, 1] == pytest.approx(choosing, rel=1e-6, abs=1e-12)
        assert result.expected_loss_control[case, 1] == pytest.approx(keeping, rel=1e-6, abs=1e-12)
        if used.sum() > 1:
            phi = ((z / g) ** 2 / v0).sum() / (used.sum() - 1)
            error = math.sqrt(base * max(phi, 1.0))
            p_value = 2 * stats.t.sf(abs(theta) / error, used.sum() - 1)
            assert result.p_value[case, 1] == pytest.approx(p_value, rel=1e-9)


@pytest.mark.parametrize(
    "logs", [[-0.3, -0.2, -0.4, -0.1], [0.2, 0.25], [-0.05, 0.1, -0.1, 0.02, 0.07], [0.5, -0.4, 0.9]]
)
def test_always_valid__log_ratios__is_the_bayes_factor_by_double_integration(logs: list[float]) -> None:
    exposure, threshold, number = 1e7, 0.005, len(logs)
    events = threshold * np.exp(logs) * (exposure + 0.5 / threshold) - 0.5
    found = always_valid_evidence("rate", [events], [[exposure] * number], threshold)

    # The days are normal with mean δσ and standard deviation σ = 1/u, which has the density 1/σ.
    def given_effect(effect: float) -> float:
        def likelihood(u: float) -> float:
            return float(u ** (number - 1) * np.exp(-np.square(u * np.array(logs) - effect).sum() / 2))

        return float(integrate.quad(likelihood, 0, 60 / np.abs(logs).max(), limit=400)[0])

    # δ is half normal with variance 4.
    def mixed(effect: float, sign: int) -> float:
        return 2 * float(stats.norm.pdf(effect, scale=2)) * given_effect(sign * effect)

    for sign, log_e in ((-1, found.log_e_below[0]), (1, found.log_e_above[0])):
        mixture = integrate.quad(mixed, 0, 16, args=(sign,), limit=100)[0]
        assert log_e == pytest.approx(math.log(mixture / given_effect(0.0)), abs=1e-6)


@given(seeds)
@settings(WORLDS)
def test_beta_best__whole_numbers__is_the_finite_sum(seed: int) -> None:
    random = np.random.default_rng(seed)
    a1, b1, b2 = np.exp(random.uniform(0, 9, (3, CASES)))
    a2 = random.integers(1, 40, CASES)
    result = beta_best(np.stack([a1, a2], axis=1), np.stack([b1, b2], axis=1))
    # P(p₂ > p₁) for a whole α₂: Cook 2005, "Exact calculation of beta inequalities".
    steps = np.arange(a2.max())[:, None]
    terms = np.exp(
        _log_beta(a1 + steps, b1 + b2) - np.log(b2 + steps) - _log_beta(1.0 + steps, b2) - _log_beta(a1, b1)
    )
    expected = np.where(steps < a2, terms, 0.0).sum(axis=0)
    np.testing.assert_allclose(result.probability_best[:, 1], expected, rtol=1e-8, atol=1e-12)


def _log_beta(a: Any, b: Any) -> Any:
    lgamma = np.vectorize(math.lgamma)
    return lgamma(a) + lgamma(b) - lgamma(a + b)


@given(seeds)
@settings(WORLDS)
def test_gamma_best__exponentials__is_inclusion_and_exclusion(seed: int) -> None:
    b = np.exp(np.random.default_rng(seed).uniform(-3, 3, (CASES, 3)))
    result = gamma_best(np.ones_like(b), b)
    first, second, third = b.T
    best = 1 - first / (first + second) - first / (first + third) + first / b.sum(axis=1)
    highest = (
        (1 / b).sum(axis=1)
        - 1 / (first + second)
        - 1 / (first + third)
        - 1 / (second + third)
        + 1 / b.sum(axis=1)
    )
    np.testing.assert_allclose(result.probability_best[:, 0], best, rtol=1e-10)
    np.testing.assert_allclose(result.expected_loss, highest[:, None] - 1 / b, rtol=1e-9)


@given(seeds)
@settings(WORLDS)
def test_gamma_best__two_rates__is_the_closed_form_and_f_of_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = np.exp(random.uniform(0, 12, (CASES, 2)))
    rates = shapes * np.exp(random.normal(0, 0.2, (CASES, 2)))
    closed = gamma_beats(shapes[:, 0], rates[:, 0], shapes[:, 1], rates[:, 1])
    f = stats.f.sf(
        shapes[:, 0] * rates[:, 1] / (shapes[:, 1] * rates[:, 0]), 2 * shapes[:, 1], 2 * shapes[:, 0]
    )
    found = gamma_best(shapes, rates).probability_best[:, 1]
    np.testing.assert_allclose(closed, f, rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(found, closed, rtol=1e-8, atol=1e-14)


@given(seeds, st.sampled_from([0.001, 0.025, 0.5, 0.975, 0.999]))
@settings(WORLDS)
def test_quantile__one_component__is_that_of_scipy(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    first, second = np.exp(random.uniform(0, 15, (2, CASES, 1)))
    mean, sd = random.normal(0, 3, (CASES, 1)), np.exp(random.normal(-2, 1, (CASES, 1)))
    for family, parameters, expected in (
        (Family.BETA, (first, second), stats.beta.ppf(share, first, second)),
        (Family.GAMMA, (first, second), stats.gamma.ppf(share, first, scale=1 / second)),
        (Family.NORMAL, (mean, sd), stats.norm.ppf(share, mean, sd)),
        (Family.LOGNORMAL, (mean, sd), stats.lognorm.ppf(share, sd, scale=np.exp(mean))),
    ):
        mixture = Posterior(np.full(CASES, family, dtype=np.int8), np.ones((CASES, 1)), *parameters)
        np.testing.assert_allclose(mixture.quantile(share), np.ravel(expected), rtol=1e-9, atol=1e-12)


@given(seeds)
@settings(WORLDS)
def test_quantile__mixtures__leave_their_share_below(seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = random.dirichlet(np.full(12, 0.5), CASES)
    spread = np.linspace(1, random.uniform(1, 300), 12)
    events, exposure = np.exp(random.uniform(0, 12, (CASES, 1))), np.exp(random.uniform(5, 15, (CASES, 1)))
    for family in (Family.BETA, Family.GAMMA):
        mixture = Posterior(
            np.full(CASES, family, dtype=np.int8), parts, 1 + events / spread, 200 + exposure / spread
        )
        for share in (0.025, 0.975):
            below, above = mixture.sides(mixture.quantile(share))
            np.testing.assert_allclose(below, share, rtol=1e-8)
            np.testing.assert_allclose(above, 1 - share, rtol=1e-7)


@pytest.mark.parametrize("share", [0.3, 0.975])
@pytest.mark.parametrize("gap", [20.0, 100.0, 1000.0])
def test_quantile__between_clusters_of_components__leaves_its_share_below(share: float, gap: float) -> None:
    """There the density is nearly none, and a step of Newton's method leads anywhere."""
    beyond = share * (1 + np.array([0, 1e-11, -1e-11, 1e-9, -1e-9, 1e-7, -1e-7, 1e-5, 1e-3]))
    rows = (len(beyond), 1)
    mixture = Posterior(
        np.full(len(beyond), Family.NORMAL, dtype=np.int8),
        np.stack([beyond, 1 - beyond], axis=1),
        np.tile([0.0, gap], rows),
        np.tile([0.5, 1.0], rows),
    )
    below, above = mixture.sides(mixture.quantile(share))
    np.testing.assert_allclose(below, share, rtol=1e-8)
    np.testing.assert_allclose(above, 1 - share, rtol=1e-7)


def test_best_arm__three_arms__is_r5_written_out() -> None:
    events = np.array([[[23.0, 21, 25, 20], [26, 24, 27, 29], [22, 25, 21, 24]]])
    exposure = np.array([[[3000.0, 2900, 3100, 2800], [3000] * 4, [2950, 3050, 3000, 3100]]])
    result = best_arm("rate", events, exposure)
    x, n = events[0], exposure[0]
    pooled = x.sum() / n.sum()
    rho = (x / n) / (x.sum(axis=1) / n.sum(axis=1))[:, None]
    left = rho - rho.mean(axis=1)[:, None] - rho.mean(axis=0) + rho.mean()
    squares, freedom, noise = (left**2).sum(), 2 * 3, (1 / (n * pooled)).mean()
    spread = np.square(spread_points(0.07, 1.0))
    logs = -freedom / 2 * np.log(noise + spread) - squares / (2 * (noise + spread))
    w = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    np.testing.assert_allclose(result.weights[0], w, rtol=1e-10)
    effective = n.sum(axis=1) ** 2 / (n**2).sum(axis=1)
    share, expected = np.linspace(0, 0.04, 40_001), np.zeros(3)
    for part, t2 in zip(w, spread, strict=True):
        phi = 1 + t2 * x.sum(axis=1) / effective
        a, b = 1 + x.sum(axis=1) / phi, 1 / pooled - 1 + (n - x).sum(axis=1) / phi
        for arm in range(3):
            density = stats.beta.pdf(share, a[arm], b[arm])
            for other in {0, 1, 2} - {arm}:
                density *= stats.beta.cdf(share, a[other], b[other])
            expected[arm] += part * integrate.simpson(density, x=share)
    assert result.probability_best[0] == pytest.approx(expected, abs=1e-6)
