"""What is learnt from days: planted curves and spreads are found again, within their Monte Carlo error."""

import math

import numpy as np
import pytest

from experiments.stats.arrays import Array
from experiments.stats.comparison import compare_days, fit_contrast_spread
from experiments.stats.grids import CONTRAST_SPREAD, SpreadPrior, fit_day_spread
from experiments.stats.maturity import DEFAULT_SHARE, fit_maturity

SHARE = np.array([0.35, 0.6, 0.75, 0.84, 0.9, 0.95, 0.98, 1.0])


def reported(generator: np.random.Generator, *, days: int, eventual: float) -> Array:
    """Conversions of days as reported at age 0 … 7, each becoming visible by itself."""
    whole = generator.poisson(eventual, days)
    rows, shown, before = [], np.zeros(days, dtype=np.int64), 0.0
    for share in SHARE:
        shown = shown + generator.binomial(whole - shown, (share - before) / (1 - before))
        rows.append(shown)
        before = share
    return np.array(rows, dtype=np.float64).T


def test_fit_maturity__planted_curve__is_found_with_the_uncertainty_it_states() -> None:
    generator = np.random.default_rng(20)
    runs = 400
    curves = [fit_maturity(reported(generator, days=30, eventual=40)) for _ in range(runs)]
    shares = np.array([curve.share for curve in curves])
    assert curves[0].days_known == (30,) * 7

    error = shares.std(axis=0) / math.sqrt(runs)
    # A ratio of sums is biased by less than its relative variance, which is below half a percent here.
    assert (np.abs(shares.mean(axis=0) - SHARE) <= 4 * error + 0.005 * SHARE).all()
    inside = np.array([(curve.low <= SHARE) & (curve.high >= SHARE) for curve in curves])[:, :-1]
    coverage = inside.mean(axis=0)
    assert (coverage >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs) - 0.01).all(), coverage


def test_fit_maturity__few_days__says_so_in_a_wider_interval() -> None:
    generator = np.random.default_rng(21)
    table = reported(generator, days=40, eventual=60)

    few, many = fit_maturity(table[:4]), fit_maturity(table)

    width = [curve.high[0] - curve.low[0] for curve in (few, many)]
    assert width[0] > 1.5 * width[1]
    assert few.low[0] <= DEFAULT_SHARE[0] <= few.high[0]
    assert (few.low[-1], few.share[-1], few.high[-1]) == (1, 1, 1)


def test_fit_maturity__day_in_several_rows__is_one_day() -> None:
    generator = np.random.default_rng(22)
    table = reported(generator, days=12, eventual=50)
    halves = np.concatenate([np.floor(table / 2), np.ceil(table / 2)])

    whole, parts = fit_maturity(table), fit_maturity(halves, day=np.tile(np.arange(12), 2))

    assert parts.days_known == whole.days_known == (12,) * 7
    assert parts.share == pytest.approx(whole.share)
    assert parts.low == pytest.approx(whole.low)


def test_fit_maturity__days_named_for_other_rows__is_refused() -> None:
    with pytest.raises(ValueError, match="must name a day for each of the rows"):
        fit_maturity([[1.0] * 8] * 3, day=[1, 2])


def campaigns(
    generator: np.random.Generator, prior: SpreadPrior, *, number: int, contrast: float = 0.0
) -> tuple[Array, Array]:
    """Two arms and six days with a spread of days common to both arms, and one of their difference."""
    day_sd = prior.median * np.exp(prior.log_sd * generator.standard_normal((number, 1, 1)))
    common = day_sd * generator.standard_normal((number, 1, 6))
    each = contrast / math.sqrt(2) * generator.standard_normal((number, 2, 6))
    exposure = np.full((number, 2, 6), 20_000.0)
    return generator.poisson(exposure * 0.02 * np.exp(common + each)).astype(float), exposure


@pytest.mark.parametrize("median", [0.08, 0.17, 0.35])
def test_fit_day_spread__planted_prior__is_found(median: float) -> None:
    generator = np.random.default_rng(30)
    fits = []
    for _ in range(6):
        events, exposure = campaigns(generator, SpreadPrior(median, 0.3), number=120)
        fits.append(fit_day_spread(events.sum(axis=1), exposure.sum(axis=1)))
    assert {fit.campaigns for fit in fits} == {120}
    medians = np.array([fit.prior.median for fit in fits if fit.prior])
    assert len(medians) == 6
    error = medians.std(ddof=1) / math.sqrt(6)
    assert abs(medians.mean() - median) <= 4 * error + 0.05 * median


@pytest.mark.parametrize("tau", [0.06, 0.2])
def test_fit_contrast_spread__planted_spread__is_found_whatever_the_days_do(tau: float) -> None:
    generator = np.random.default_rng(31)
    fits = []
    for _ in range(6):
        events, exposure = campaigns(generator, SpreadPrior(0.25, 0.3), number=150, contrast=tau)
        fits.append(fit_contrast_spread(events, exposure))
    medians = np.array([fit.prior.median for fit in fits if fit.prior])
    assert len(medians) == 6
    error = medians.std(ddof=1) / math.sqrt(6)
    # The spread is one and the same, the prior's is at least 0.1 wide: the middle may move that much.
    assert abs(medians.mean() - tau) <= 4 * error + 0.1 * tau


def test_fit_contrast_spread__below_twenty_campaigns__teaches_nothing() -> None:
    events, exposure = campaigns(np.random.default_rng(32), CONTRAST_SPREAD, number=19)
    fit = fit_contrast_spread(events, exposure)
    assert (fit.prior, fit.campaigns) == (None, 19)


def test_fit_contrast_spread__arm_without_an_event_or_a_common_day__does_not_count() -> None:
    events, exposure = campaigns(np.random.default_rng(33), CONTRAST_SPREAD, number=22)
    events[0, 1] = 0
    mask = np.ones(events.shape, dtype=bool)
    mask[1, 0, :3], mask[1, 1, 3:] = False, False
    assert fit_contrast_spread(events, exposure, mask=mask).campaigns == 20


def test_compare_days__wider_spread_learnt__claims_less() -> None:
    shown = [[[30210, 28890, 31020, 27650, 30100], [29800, 30110, 30350, 28990, 29400]]]
    clicks = [[[243, 219, 262, 205, 240], [271, 262, 281, 248, 259]]]
    usual = compare_days("rate", clicks, shown)
    wide = compare_days("rate", clicks, shown, spread=SpreadPrior(0.3, 0.3))
    assert wide.credible_low[0, 1] < usual.credible_low[0, 1]
    assert wide.chance_to_beat_control[0, 1] < usual.chance_to_beat_control[0, 1]
    again = compare_days("rate", clicks, shown, spread=CONTRAST_SPREAD)
    assert again.chance_to_beat_control[0, 1] == usual.chance_to_beat_control[0, 1]
