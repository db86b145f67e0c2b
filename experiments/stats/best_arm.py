"""Which of several arms is best, and what choosing one of them costs on average (R5).

Quickno's method, described in docs/statistics.md: independent posteriors of the arms, tempered by how
differently the arms' days behave (a two-way layout of arms by days without replication: Scheffé, *The
Analysis of Variance*, §4.1), compared exactly by quadrature. Days that are good or bad for all arms alike
cancel.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.stats.arrays import (
    Array,
    Mask,
    counted_cells,
    log_sum,
    non_negative,
    one_positive,
    ratio,
    same_shape,
)
from experiments.stats.forms import MetricForm, metric_form
from experiments.stats.grids import GRID_POINTS, INTERACTION_SPREAD, SpreadPrior, effective_days
from experiments.stats.posterior import Family
from experiments.stats.quadrature import SMALLEST_PARAMETER, best_of

FEWEST_ARMS = 2


@dataclass(frozen=True, slots=True)
class BestArm:
    """``probability_best``, ``expected_loss``: (campaigns, arms), NaN for absent arms and where not known.

    The loss of an arm is what one gives up on average by choosing it, on the metric's own scale (for a cost:
    events per unit of money). ``weights``: (campaigns, 12), what the days say about the spread between arms.
    """

    probability_best: Array
    expected_loss: Array
    weights: Array


@dataclass(frozen=True, slots=True)
class _Arms:
    outcome: Array  # (campaigns, arms, days), 0 where a day does not count
    exposure: Array
    events: Array
    present: Mask  # (campaigns, arms)
    days: Mask  # (campaigns, days)


def _read(
    outcome: npt.ArrayLike, exposure: npt.ArrayLike, events: npt.ArrayLike | None, mask: npt.ArrayLike | None
) -> _Arms:
    amounts, sizes = non_negative("outcome", outcome), non_negative("exposure", exposure)
    counts = amounts if events is None else non_negative("events", events)
    shape = same_shape(outcome=amounts, exposure=sizes, events=counts)
    if len(shape) != 3:  # noqa: PLR2004
        raise ValueError(f"outcome has the shape {shape}; it must have three axes: campaigns, arms, days.")
    counted = counted_cells(mask, shape) & (sizes > 0)
    present: Mask = np.asarray(counted.any(axis=-1))
    # A day compares the arms only if all of them ran.
    days: Mask = np.asarray((counted | ~present[..., None]).all(axis=1)) & present.any(axis=1, keepdims=True)
    cells = days[:, None, :] & present[..., None]
    return _Arms(
        np.where(cells, amounts, 0.0),
        np.where(cells, sizes, 0.0),
        np.where(cells, counts, 0.0),
        present,
        days,
    )


def _interaction_weights(arms: _Arms, kappa: float, prior: SpreadPrior) -> Array:
    """Return the weights of the interaction's spread, (campaigns, 12).

    Arms without events show no days and are left out of the residuals.
    """
    total_outcome, total_exposure = arms.outcome.sum(axis=-1), arms.exposure.sum(axis=-1)
    seen = arms.present & (arms.events.sum(axis=-1) > 0) & (total_outcome > 0)
    cells = seen[..., None] & arms.days[:, None, :]
    rate = ratio(total_outcome, total_exposure)
    expected = np.where(cells, arms.exposure * np.where(seen, rate, 1.0)[..., None], 1.0)
    relative = np.where(cells, arms.outcome / expected, 0.0)
    number, length = seen.sum(axis=1), arms.days.sum(axis=-1)
    several, some = np.maximum(number, 1), np.maximum(length, 1)
    by_day = relative.sum(axis=1, keepdims=True) / several[:, None, None]
    by_arm = relative.sum(axis=2, keepdims=True) / some[:, None, None]
    overall = relative.sum(axis=(1, 2), keepdims=True) / (several * some)[:, None, None]
    squares = np.where(cells, relative - by_arm - by_day + overall, 0.0) ** 2
    freedom = np.maximum(number - 1, 0) * np.maximum(length - 1, 0)
    pooled = ratio(arms.events.sum(axis=(1, 2)), arms.exposure.sum(axis=(1, 2)))
    pooled_events = np.where(cells, arms.exposure * np.where(pooled > 0, pooled, 1.0)[:, None, None], 1.0)
    noise = np.where(cells, kappa / pooled_events, 0.0).sum(axis=(1, 2)) / (several * some)
    spread = np.where(freedom > 0, noise, 1.0)[:, None] + prior.points() ** 2
    logs = -0.5 * freedom[:, None] * np.log(spread) - squares.sum(axis=(1, 2))[:, None] / (2 * spread)
    return log_sum(np.where(freedom[:, None] > 0, logs, 0.0))[1]


def best_arm(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = 1.0,
    mask: npt.ArrayLike | None = None,
    spread: SpreadPrior = INTERACTION_SPREAD,
) -> BestArm:
    """Return each arm's probability of being best and the expected loss of choosing it (R5).

    Quickno's method, described in docs/statistics.md; the loss is that of Gelman et al., *Bayesian Data
    Analysis*, 3rd ed., §9.1.

    ``outcome``, ``exposure``, ``events``, ``mask``: (campaigns, arms, days); ``events`` (orders) and
    ``kappa`` only for a value. ``spread``: the prior on how differently an arm's days behave. Days count
    where all arms ran; an arm whose mask is False throughout is absent. Not known without an event in any
    arm; a value needs one in every arm.

    >>> clicks = [[[230, 210, 250], [260, 240, 275], [235, 220, 240]]]
    >>> arms = best_arm("rate", clicks, [[[30000] * 3] * 3])
    >>> arms.probability_best.round(2)
    array([[0.03, 0.93, 0.04]])
    """
    kind = metric_form(form)
    if kind is MetricForm.VALUE and events is None:
        raise ValueError("events is missing; a value is judged by the number of its orders.")
    scale = one_positive("kappa", kappa)
    arms = _read(outcome, exposure, events, mask)
    weights = _interaction_weights(arms, scale, spread)
    campaigns, number = arms.present.shape
    total, count = arms.exposure.sum(axis=-1), arms.events.sum(axis=-1)
    pooled = ratio(arms.events.sum(axis=(1, 2)), arms.exposure.sum(axis=(1, 2)))
    earned = arms.outcome.sum(axis=-1)
    known = (arms.present.sum(axis=1) >= FEWEST_ARMS) & arms.days.any(axis=-1) & (count.sum(axis=1) > 0)
    if kind is MetricForm.VALUE:
        known &= np.where(arms.present, (count > 0) & (earned > 0), True).all(axis=1)
    here = arms.present & known[:, None]
    size, days = np.where(here, total, 1.0), np.where(here, effective_days(arms.exposure), 1.0)
    number_of_events = np.where(here, count, 1.0)
    squares = spread.points() ** 2
    inflation = 1 + squares * (number_of_events / days)[..., None]  # (campaigns, arms, 12)
    rate = np.where(known, pooled, 1.0)
    fits_share = known & np.where(here, number_of_events <= size, True).all(axis=1)
    if kind is MetricForm.VALUE:
        centre = np.where(here, np.log(np.where(here, earned, 1.0) / size), 0.0)
        first = np.broadcast_to(centre[..., None], inflation.shape)
        second = np.sqrt((scale / number_of_events)[..., None] + squares / days[..., None])
        families = {Family.LOGNORMAL: known}
    else:
        is_beta = fits_share & (kind is MetricForm.RATE)
        failures = np.where(is_beta[:, None], size - number_of_events, size)
        prior = np.where(is_beta, np.maximum(1 / rate - 1, SMALLEST_PARAMETER), 1 / rate)
        first = 1 + number_of_events[..., None] / inflation
        second = prior[:, None, None] + failures[..., None] / inflation
        families = {Family.BETA: is_beta, Family.GAMMA: known & ~is_beta}
    best, loss = np.full((2, campaigns, number), np.nan)
    for family, cells in families.items():
        if not cells.any():
            continue
        rows = _rows(first[cells]), _rows(second[cells]), np.repeat(here[cells], GRID_POINTS, axis=0)
        result = best_of(family, *rows)
        mixed = weights[cells][..., None]
        best[cells] = (result.probability_best.reshape(-1, GRID_POINTS, number) * mixed).sum(axis=1)
        loss[cells] = (result.expected_loss.reshape(-1, GRID_POINTS, number) * mixed).sum(axis=1)
    return BestArm(np.where(here, best, np.nan), np.where(here, loss, np.nan), weights)


def _rows(values: Array) -> Array:
    """Turn (campaigns, arms, 12) into (campaigns by 12, arms)."""
    return np.moveaxis(values, 2, 1).reshape(-1, values.shape[1])
