"""What a reallocation may win: does the receiver beat the donor, and by how much (R7)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, finite, non_negative, open_fraction, positive, same_shape
from experiments.stats.comparison import compare_days
from experiments.stats.forms import MetricForm, metric_form
from experiments.stats.grids import CONTRAST_SPREAD, SpreadPrior

DONOR, RECEIVER = 0, 1


def probability_receiver_beats_donor(
    form: str,
    outcome: npt.ArrayLike,
    spend: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = 1.0,
    mask: npt.ArrayLike | None = None,
    spread: SpreadPrior = CONTRAST_SPREAD,
) -> Array:
    """Return P(value per unit of money, relative to the own target, is higher for the receiver), (pairs,).

    Quickno's method, described in docs/statistics.md, R7; the comparison is that of ``compare_days``.

    ``outcome``, ``spend``, ``events``, ``mask``: (pairs, 2, days), donor first; ``target``: (pairs, 2), a
    cost per event, or money per unit of money for a value. The two are compared on the days both ran, as two
    arms are, with the spend counted in units of the target; NaN without a common day.

    >>> trials, spend = [[[9, 11, 10], [15, 14, 16]]], [[[200.0, 200.0, 200.0]] * 2]
    >>> probability_receiver_beats_donor("cost", trials, spend, [[18.0, 18.0]]).round(2)
    array([0.95])
    """
    money, aim = non_negative("spend", spend), positive("target", target)
    if money.ndim != 3 or money.shape[1] != 2:  # noqa: PLR2004
        raise ValueError(f"spend has the shape {money.shape}; it must be (pairs, 2, days), the donor first.")
    if aim.shape != money.shape[:2]:
        raise ValueError(f"target has the shape {aim.shape}; it must be {money.shape[:2]}.")
    kind = metric_form(form)
    if kind is MetricForm.RATE:
        raise ValueError("form is 'rate'; campaigns are compared by what money brings: 'cost' or 'value'.")
    # Events per (money ÷ target cost), or value per (money x target return): both are 1 at the target.
    scaled = money / aim[..., None] if kind is MetricForm.COST else money * aim[..., None]
    pairs = compare_days(
        kind, outcome, scaled, events=events, kappa=kappa, control=DONOR, mask=mask, spread=spread
    )
    chance: Array = pairs.chance_to_beat_control[:, RECEIVER]
    return chance


@dataclass(frozen=True, slots=True)
class Gain:
    """Additional events (or value) expected from a plan, with its interval."""

    expected: float
    low: float
    high: float


def expected_gain(
    change: npt.ArrayLike, rate_mean: npt.ArrayLike, rate_variance: npt.ArrayLike, *, level: float = 0.95
) -> Gain:
    """Return what a plan is expected to bring, at what events have cost so far (docs/statistics.md, R7).

    ``change``: (campaigns,), money added (or taken, negative) where it would be spent; leave out finished
    campaigns and the reserve, whose money brings nothing. ``rate_mean``, ``rate_variance``: posterior mean
    and variance of events (or value) per unit of money, from ``ThresholdEvidence.posterior``. Rates are
    independent; the interval is normal.

    >>> gain = expected_gain([450.0, -450.0], [0.066, 0.046], [0.00004, 0.00003])
    >>> round(gain.expected, 2), round(gain.low, 2), round(gain.high, 2)
    (9.0, 1.62, 16.38)
    """
    money, mean = finite("change", change), non_negative("rate_mean", rate_mean)
    variance = non_negative("rate_variance", rate_variance)
    same_shape(change=money, rate_mean=mean, rate_variance=variance)
    expected = float(money @ mean)
    half = float(
        special.ndtri((1 + open_fraction("level", level)) / 2) * np.sqrt(np.square(money) @ variance)
    )
    return Gain(expected, expected - half, expected + half)
