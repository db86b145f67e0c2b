"""Is a comparison in good health? Splits that went wrong, days that differ more than chance explains."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import (
    Array,
    counted_cells,
    non_negative,
    one_positive,
    positive,
    ratio,
    same_shape,
)
from experiments.stats.words import Figure, say_probability, say_share
from experiments.stats.words import said as _

# Spend this far from its plan is worth a sentence: platforms do not split evenly, so less is usual.
NOTABLE_IMBALANCE: Final = 0.10
# The usual alarm of sample-ratio tests (Fabijan et al. 2019, KDD), far beyond what looking often produces.
ALARMING_RATIO: Final = 0.001
NOTABLE_OVERDISPERSION: Final = 3.0


def _planned(planned_share: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
    shares = positive("planned_share", planned_share)
    if shares.ndim and shares.shape not in {shape, shape[-1:]}:
        raise ValueError(f"planned_share has the shape {shares.shape}; it must be one row of {shape[-1:]}.")
    whole = np.broadcast_to(shares, shape)
    return np.asarray(whole / whole.sum(axis=-1, keepdims=True))


def spend_imbalance(spend: npt.ArrayLike, planned_share: npt.ArrayLike) -> Array:
    """Return the largest gap between an arm's share of the spend and its plan, a fraction, (campaigns,).

    A description and no test (docs/statistics.md), for ad platforms, which do not randomise. ``spend``,
    ``planned_share``: (campaigns, arms) or one row of shares for all; shares are scaled to sum to 1. NaN
    without spend.

    >>> spend_imbalance([[1211.65, 1202.95, 1191.75]], [1, 1, 1]).round(4)
    array([0.0029])
    """
    money = non_negative("spend", spend)
    gaps = np.abs(ratio(money, money.sum(axis=-1, keepdims=True)) - _planned(planned_share, money.shape))
    largest: Array = gaps.max(axis=-1)
    return largest


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """``statistic``: chi-square with arms - 1 degrees of freedom; ``p_value``; both (campaigns,)."""

    statistic: Array
    p_value: Array


def sample_ratio_test(observed: npt.ArrayLike, planned_share: npt.ArrayLike) -> SampleRatio:
    """Test whether randomised arms (e-mail, landing pages) got their planned shares: Pearson's chi-square.

    Agresti, *Categorical Data Analysis*, 3rd ed., §1.5.2. ``observed``: counts, (campaigns, arms);
    ``planned_share``: the same shape or one row. NaN without counts or with one arm.

    >>> test = sample_ratio_test([50210, 49480, 51035], [1, 1, 1])
    >>> float(test.statistic.round(3)), float(test.p_value.round(8))
    (24.094, 5.86e-06)
    """
    counts = non_negative("observed", observed)
    expected = _planned(planned_share, counts.shape) * counts.sum(axis=-1, keepdims=True)
    some = expected > 0
    statistic = np.where(some, (counts - expected) ** 2 / np.where(some, expected, 1.0), np.nan).sum(axis=-1)
    return SampleRatio(
        statistic, np.asarray(special.chdtrc(counts.shape[-1] - 1, statistic), dtype=np.float64)
    )


def overdispersion(
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = 1.0,
    mask: npt.ArrayLike | None = None,
) -> Array:
    """Return how many times more each arm's days vary around its rate than chance explains, (campaigns,).

    Pearson's chi-square over its degrees of freedom, all arms together: McCullagh & Nelder, *Generalized
    Linear Models*, 2nd ed., eq. 4.23. About 1 when impressions were coin tosses. ``outcome``, ``exposure``,
    ``events``, ``mask``: (campaigns, arms, days), as for ``compare_days``. NaN without events or with one
    day.

    >>> overdispersion([[[90, 110, 100]]], [[[1000, 1000, 1000]]]).round(6)
    array([1.])
    """
    amounts, sizes = non_negative("outcome", outcome), non_negative("exposure", exposure)
    counts = amounts if events is None else non_negative("events", events)
    counted = counted_cells(mask, same_shape(outcome=amounts, exposure=sizes, events=counts)) & (sizes > 0)
    amounts, sizes, counts = (np.where(counted, values, 0.0) for values in (amounts, sizes, counts))
    total = sizes.sum(axis=-1, keepdims=True)
    rate = ratio(amounts.sum(axis=-1, keepdims=True), total)
    event_rate = ratio(counts.sum(axis=-1, keepdims=True), total)
    seen = counted & (rate > 0) & (event_rate > 0)
    expected = np.where(seen, sizes * rate, 1.0)
    variance = one_positive("kappa", kappa) / np.where(seen, sizes * event_rate, 1.0)
    squares = np.where(seen, (amounts / expected - 1) ** 2 / variance, 0.0).sum(axis=(-2, -1))
    freedom = np.maximum(seen.sum(axis=-1) - 1, 0).sum(axis=-1)
    return ratio(squares, freedom.astype(np.float64))


def health_warnings(
    *,
    spend_imbalance: float | None = None,
    srm_p_value: float | None = None,
    overdispersion: float | None = None,
    totals_only: bool = False,
    more_events_than_exposure: bool = False,
    days_left_out: int = 0,
) -> list[str]:
    """Return a plain sentence for each thing that a reader of the results should know, worst first.

    >>> health_warnings(spend_imbalance=0.03, days_left_out=1)
    ['1 day is left out, because not all arms ran on it. Arms that start and stop together lose none.']
    """
    for name, number in (("spend_imbalance", spend_imbalance), ("overdispersion", overdispersion)):
        if number is not None and not 0 <= number < math.inf:
            raise ValueError(f"{name} is {number}; it must be at least 0 and finite, or None.")
    warnings: list[str] = []
    if srm_p_value is not None and srm_p_value < ALARMING_RATIO:
        warnings.append(
            _(
                "The arms did not get their planned shares: by chance this happens {chance} of the time. "
                "Check how people are assigned before you trust the results.",
                chance=say_probability(srm_p_value),
            )
        )
    if spend_imbalance is not None and spend_imbalance > NOTABLE_IMBALANCE:
        warnings.append(
            _(
                "An arm's share of the spend is {share} of the total away from its plan, so the arms may "
                "have met different people. Even their budgets out on the platform before you trust a small "
                "difference.",
                share=say_share(spend_imbalance),
            )
        )
    if totals_only:
        warnings.append(
            _(
                "Only totals are known, not days. Day-to-day variation is unknown, so these statements are "
                "too sure. Report days to mend that."
            )
        )
    if more_events_than_exposure:
        warnings.append(
            _(
                "More events than exposures are reported, so the rate is judged as events per exposure. "
                "Check that the platform counts both in one way: view-through conversions have no click."
            )
        )
    if overdispersion is not None and overdispersion > NOTABLE_OVERDISPERSION:
        warnings.append(
            _(
                "Days vary {times} times as much as chance alone explains. The intervals allow for it; more "
                "days narrow them, more money a day hardly does.",
                times=Figure(f"{overdispersion:.1f}"),
            )
        )
    if days_left_out == 1:
        warnings.append(
            _(
                "1 day is left out, because not all arms ran on it. Arms that start and stop together lose "
                "none."
            )
        )
    elif days_left_out:
        warnings.append(
            _(
                "{days} days are left out, because not all arms ran on them. Arms that start and stop "
                "together lose none.",
                days=days_left_out,
            )
        )
    return warnings
