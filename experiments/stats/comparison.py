"""Treatments against a control on the same days (R4).

Quickno's method, described in docs/statistics.md. Each day compares the arms among themselves, the days are
combined with Mantel-Haenszel weights (Mantel & Haenszel 1959; for rates Greenland & Robins 1985, *Biometrics*
41, 55), so what moves both arms alike on a day cancels; only the arms' different reactions to days count as
noise.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, Mask, counted_cells, non_negative, one_positive, ratio, same_shape
from experiments.stats.best_arm import best_arm
from experiments.stats.forms import MetricForm, metric_form
from experiments.stats.grids import CONTRAST_SPREAD, SpreadFit, SpreadPrior, fit_spread, spread_weights
from experiments.stats.lifts import LEVEL, Comparison, LogRatio, describe


@dataclass(frozen=True, slots=True)
class _Arms:
    """Day totals, (campaigns, arms, days), 0 where a day does not count."""

    outcome: Array
    exposure: Array
    events: Array
    counted: Mask

    def paired_with(self, control: npt.NDArray[np.intp]) -> tuple["_Arms", "_Arms"]:
        """Return the controls and the arms, each on the days that both ran."""
        campaigns = np.arange(len(control))

        def of_control(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return values[campaigns, control][:, None]

        both: Mask = self.counted & of_control(self.counted)

        def on_common_days(of: Callable[[Array], Array]) -> _Arms:
            outcome, exposure = (np.where(both, of(values), 0.0) for values in (self.outcome, self.exposure))
            is_counted = self.events is self.outcome
            events = outcome if is_counted else np.where(both, of(self.events), 0.0)
            return _Arms(outcome, exposure, events, both)

        return on_common_days(of_control), on_common_days(lambda values: values)


@dataclass(frozen=True, slots=True)
class _PairedDays:
    """What each common day says of a pair beyond its log ratio; (campaigns, arms, days)."""

    residual: Array
    variance: Array
    useful: Mask


def _log_ratio(
    a: _Arms, b: _Arms, own: Mask, kappa: float, prior: SpreadPrior = CONTRAST_SPREAD
) -> tuple[LogRatio, _PairedDays]:
    """Combine the days of controls ``a`` and arms ``b``; the letters are those of docs/statistics.md, R4.

    ``own``: (campaigns, arms), where the arm is the control itself, of which nothing is said.
    """
    both = a.counted
    n_a, n_b = np.where(both, a.exposure, 1.0), np.where(both, b.exposure, 1.0)
    weight = n_a * n_b / (n_a + n_b)
    part_a, part_b = weight * a.outcome / n_a, weight * b.outcome / n_b
    total_a, total_b = part_a.sum(axis=-1), part_b.sum(axis=-1)
    count_a, count_b = a.events.sum(axis=-1), b.events.sum(axis=-1)
    known = (total_a > 0) & (total_b > 0) & (count_a > 0) & (count_b > 0) & ~own
    total_a, total_b = np.where(known, total_a, 1.0), np.where(known, total_b, 1.0)
    share_a, share_b = part_a / total_a[..., None], part_b / total_b[..., None]
    middle = (share_a + share_b) / 2
    useful = both & known[..., None] & (middle > 0)
    expected_a = (
        n_a * np.where(known, count_a / np.where(known, a.exposure.sum(axis=-1), 1.0), 1.0)[..., None]
    )
    expected_b = (
        n_b * np.where(known, count_b / np.where(known, b.exposure.sum(axis=-1), 1.0), 1.0)[..., None]
    )
    # v0 = κ/(L·f) + κ/(L(1 - f)) with f = a/(a + b)
    variance = (
        kappa * (expected_a + expected_b) ** 2 / (expected_a * expected_b) / (a.events + b.events + 0.5)
    )
    residual = np.where(useful, (share_b - share_a) / np.where(useful, middle, 1.0), 0.0)
    squares = np.where(useful, middle, 0.0) ** 2
    days = useful.sum(axis=-1)
    excess = np.where(useful, residual**2 / variance, 0.0).sum(axis=-1)
    base = np.where(known, (squares * variance).sum(axis=-1), 1.0)
    effective = 1 / np.where(known, squares.sum(axis=-1), 1.0)
    summary = LogRatio(
        known=known,
        theta=np.log(total_b / total_a),
        base_variance=base,
        variance=base[..., None] + prior.points() ** 2 / effective[..., None],
        weights=spread_weights(residual, variance, useful, prior),
        control_rate=ratio(a.outcome.sum(axis=-1), a.exposure.sum(axis=-1)),
        effective_days=effective,
        days=days,
        overdispersion=np.where(days > 1, excess / np.maximum(days - 1, 1), np.nan),
    )
    return summary, _PairedDays(residual, variance, useful)


def is_control(control: npt.NDArray[np.intp], arms: int) -> Mask:
    """Return where an arm is its campaign's control, (campaigns, arms)."""
    return np.asarray(np.arange(arms) == control[:, None])


def _where_an_arm_has_no_event(
    form: MetricForm,
    comparison: Comparison,
    a: _Arms,
    b: _Arms,
    own: Mask,
    kappa: float,
    spread: SpreadPrior,
) -> Comparison:
    """Take chance and losses from the exact comparison of two arms where the log ratio is not known.

    A value with no order in one arm is judged by its orders: nothing is known of what they would have been
    worth.
    """
    silent = np.isnan(comparison.log_ratio) & a.counted.any(axis=-1) & ~own
    if not silent.any():
        return comparison
    counted = np.stack([a.counted, b.counted], axis=2)[silent]
    events, exposure = (
        np.stack(pair, axis=2)[silent] for pair in ((a.events, b.events), (a.exposure, b.exposure))
    )
    judged = MetricForm.COST if form is MetricForm.VALUE else form
    pair = best_arm(judged, events, exposure, kappa=kappa, mask=counted, spread=spread.of_one_arm())
    chance, loss, loss_control = (
        values.copy()
        for values in (
            comparison.chance_to_beat_control,
            comparison.expected_loss,
            comparison.expected_loss_control,
        )
    )
    chance[silent] = pair.probability_best[:, 1]
    if form is not MetricForm.VALUE:
        loss_control[silent], loss[silent] = pair.expected_loss.T
    return replace(
        comparison, chance_to_beat_control=chance, expected_loss=loss, expected_loss_control=loss_control
    )


def control_index(control: npt.ArrayLike, campaigns: int, arms: int) -> npt.NDArray[np.intp]:
    """Return the control's position in each campaign, (campaigns,)."""
    index = np.asarray(control)
    if index.dtype.kind not in "iu" or index.shape not in {(), (campaigns,)}:
        raise ValueError(
            f"control must be one index of an arm, or one for each of the {campaigns} campaigns."
        )
    if (index < 0).any() or (index >= arms).any():
        raise ValueError(f"control is {index}; it must be from 0 to {arms - 1}.")
    return np.broadcast_to(index, (campaigns,)).astype(np.intp)


def compare_days(  # noqa: PLR0913 - what was, what is assumed, and which arms
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = 1.0,
    control: npt.ArrayLike = 0,
    mask: npt.ArrayLike | None = None,
    lift_prior_sd: float | None = None,
    spread: SpreadPrior = CONTRAST_SPREAD,
) -> Comparison:
    """Compare every arm with the control on the days that both ran (R4).

    Quickno's method, described in docs/statistics.md: Mantel-Haenszel weights, a normal mixture over how
    differently the arms react to days, and quasi-likelihood with Student's t (McCullagh & Nelder, §4.5).

    ``outcome``: (campaigns, arms, days), events for a rate or a cost, money for a value; ``exposure``: the
    same, the money of a cost; ``events`` (orders) and ``kappa`` (1 + cv² of an order's value) for a value;
    ``control``: index of an arm, or one for each campaign. ``lift_prior_sd``: standard deviation of a normal
    prior on the log lift, to temper claims from few events (0.3 is a good one); ``None`` is flat.
    ``spread``: the prior on how differently two arms react to days.

    Where an arm has no event the intervals are not known, and chance and losses come from ``best_arm``.

    >>> shown = [[[30210, 28890, 31020, 27650, 30100], [29800, 30110, 30350, 28990, 29400]]]
    >>> clicks = [[[243, 219, 262, 205, 240], [271, 262, 281, 248, 259]]]
    >>> ctr = compare_days("rate", clicks, shown)
    >>> [float(cells[0, 1].round(4)) for cells in (ctr.chance_to_beat_control, ctr.log_ratio, ctr.p_value)]
    [0.9899, 0.118, 0.0424]
    """
    kind = metric_form(form)
    if kind is MetricForm.VALUE and events is None:
        raise ValueError("events is missing; a value is judged by the number of its orders.")
    amounts, sizes = non_negative("outcome", outcome), non_negative("exposure", exposure)
    counts = amounts if events is None else non_negative("events", events)
    shape = same_shape(outcome=amounts, exposure=sizes, events=counts)
    if len(shape) != 3:  # noqa: PLR2004
        raise ValueError(f"outcome has the shape {shape}; it must have three axes: campaigns, arms, days.")
    scale = one_positive("kappa", kappa)
    index = control_index(control, shape[0], shape[1])
    arms = _Arms(amounts, sizes, counts, counted_cells(mask, shape) & (sizes > 0))
    a, b = arms.paired_with(index)
    own = is_control(index, shape[1])
    summary, _ = _log_ratio(a, b, own, scale, spread)
    freedom = np.where(summary.days > 1, summary.days - 1.0, np.nan)
    # At most the binomial noise is forgiven: days that agree by luck make no interval narrower.
    error = np.sqrt(summary.base_variance * np.fmax(summary.overdispersion, 1.0))
    reach = np.asarray(special.stdtrit(freedom, (1 + LEVEL) / 2) * error, dtype=np.float64)
    result = describe(
        kind,
        summary,
        half_width=reach,
        p_value=2 * special.stdtr(freedom, -np.abs(summary.theta) / error),
        method="paired_days",
        prior_sd=lift_prior_sd,
    )
    return _where_an_arm_has_no_event(kind, result, a, b, own, scale, spread)


def fit_contrast_spread(
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    control: npt.ArrayLike = 0,
    mask: npt.ArrayLike | None = None,
) -> SpreadFit:
    """Return how differently two arms react to days, from a workspace's own ended campaigns.

    Every treatment is paired with its control; a campaign teaches something where one of its pairs has two
    common days and an event in both arms. ``events``, ``exposure``, ``mask``: (campaigns, arms, days);
    ``control``: as in ``compare_days``. See ``grids.fit_spread``.

    >>> fit_contrast_spread([[[5, 6], [4, 9]]], [[[1000, 1000], [1000, 1000]]])
    SpreadFit(prior=None, campaigns=1)
    """
    counts, sizes = non_negative("events", events), non_negative("exposure", exposure)
    shape = same_shape(events=counts, exposure=sizes)
    if len(shape) != 3:  # noqa: PLR2004
        raise ValueError(f"events has the shape {shape}; it must have three axes: campaigns, arms, days.")
    index = control_index(control, shape[0], shape[1])
    arms = _Arms(counts, sizes, counts, counted_cells(mask, shape) & (sizes > 0))
    summary, days = _log_ratio(*arms.paired_with(index), is_control(index, shape[1]), 1.0)
    pairs = summary.known & (days.useful.sum(axis=-1) >= 2)  # noqa: PLR2004
    return fit_spread(
        days.residual[pairs],
        days.variance[pairs],
        days.useful[pairs],
        campaigns=int(np.count_nonzero(pairs.any(axis=1))),
        start=CONTRAST_SPREAD,
    )
