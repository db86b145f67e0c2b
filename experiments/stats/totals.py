"""Treatments against a control from totals alone, without days.

Plain binomial and Poisson methods. They take every exposure for an independent draw, which overstates what is
known: whoever shows these must say so (``health.health_warnings(totals_only=True)``).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, non_negative, one_positive, ratio, same_shape
from experiments.stats.comparison import control_index, is_control
from experiments.stats.forms import MetricForm, metric_form
from experiments.stats.lifts import LEVEL, Comparison, LogRatio, describe
from experiments.stats.posterior import Family
from experiments.stats.quadrature import SMALLEST_PARAMETER, best_of


def _exact(
    form: MetricForm, comparison: Comparison, events: tuple[Array, Array], sizes: tuple[Array, Array]
) -> Comparison:
    """Take chance and losses of counted events from exact posteriors, the prior one event at the pooled rate.

    Right with few events too, and with none in one arm.
    """
    count, size = np.stack(events, axis=-1), np.stack(sizes, axis=-1)
    ran = (size > 0).all(axis=-1) & (count.sum(axis=-1) > 0)
    if not ran.any():
        return comparison
    no_event = np.where(ran, size.sum(axis=-1) / np.where(ran, count.sum(axis=-1), 1.0), 1.0)[..., None]
    is_share = ran & (form is MetricForm.RATE) & (count <= size).all(axis=-1)
    failures = np.maximum(no_event - 1, SMALLEST_PARAMETER) + np.maximum(size - count, 0.0)
    chance, loss, loss_control = (
        values.copy()
        for values in (
            comparison.chance_to_beat_control,
            comparison.expected_loss,
            comparison.expected_loss_control,
        )
    )
    for family, cells, second in (
        (Family.BETA, is_share, failures),
        (Family.GAMMA, ran & ~is_share, no_event + size),
    ):
        if cells.any():
            result = best_of(
                family, 1 + count[cells], second[cells], np.ones_like(count[cells], dtype=np.bool_)
            )
            chance[cells] = result.probability_best[:, 1]
            loss_control[cells], loss[cells] = result.expected_loss.T
    return replace(
        comparison, chance_to_beat_control=chance, expected_loss=loss, expected_loss_control=loss_control
    )


def compare_totals(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = 1.0,
    control: npt.ArrayLike = 0,
) -> Comparison:
    """Compare every arm with the control from totals; arguments as for ``compare_days``, (campaigns, arms).

    Intervals of the lift by the delta method on the log ratio (Katz et al. 1978, *Biometrics* 34, 469), the
    p-value of a rate by the two-proportion z test, chance and losses by the plain Beta or Gamma posterior.

    >>> ctr = compare_totals("rate", [[400, 470]], [[50000, 50500]])
    >>> ctr.p_value.round(6), ctr.method
    (array([[     nan, 0.025338]]), 'totals')
    """
    kind = metric_form(form)
    if kind is MetricForm.VALUE and events is None:
        raise ValueError("events is missing; a value is judged by the number of its orders.")
    amounts, sizes = non_negative("outcome", outcome), non_negative("exposure", exposure)
    counts = amounts if events is None else non_negative("events", events)
    shape = same_shape(outcome=amounts, exposure=sizes, events=counts)
    if len(shape) != 2:  # noqa: PLR2004
        raise ValueError(f"outcome has the shape {shape}; it must have two axes: campaigns, arms.")
    index = control_index(control, shape[0], shape[1])

    def of_control(values: Array) -> Array:
        return np.broadcast_to(np.take_along_axis(values, index[:, None], axis=1), shape)

    amounts_a, sizes_a, counts_a = (of_control(values) for values in (amounts, sizes, counts))
    own = is_control(index, shape[1])
    known = (sizes > 0) & (sizes_a > 0) & (counts > 0) & (counts_a > 0) & (amounts > 0) & (amounts_a > 0)
    known &= ~own
    scale = one_positive("kappa", kappa)
    safe = [np.where(known, values, 1.0) for values in (counts_a, sizes_a, counts, sizes)]
    variance = scale / safe[0] + scale / safe[2]
    if kind is MetricForm.RATE:
        binomial = variance - 1 / safe[1] - 1 / safe[3]
        variance = np.where(binomial > 0, binomial, variance)
    theta = np.log(
        np.where(
            known, np.where(known, amounts, 1.0) / safe[3] / (np.where(known, amounts_a, 1.0) / safe[1]), 1.0
        )
    )
    error = np.sqrt(variance)
    z = theta / error
    if kind is MetricForm.RATE:
        pooled = (safe[0] + safe[2]) / (safe[1] + safe[3])
        spread = pooled * (1 - pooled) * (1 / safe[1] + 1 / safe[3])
        z = np.where(
            spread > 0,
            (safe[2] / safe[3] - safe[0] / safe[1]) / np.sqrt(np.where(spread > 0, spread, 1.0)),
            z,
        )
    summary = LogRatio(
        known=known,
        theta=theta,
        base_variance=variance,
        variance=variance[..., None],
        weights=np.ones((*shape, 1)),
        control_rate=ratio(amounts_a, sizes_a),
        effective_days=np.full(shape, np.nan),
        days=np.zeros(shape, dtype=np.int64),
        overdispersion=np.full(shape, np.nan),
    )
    result = describe(
        kind,
        summary,
        half_width=special.ndtri((1 + LEVEL) / 2) * error,
        p_value=2 * special.ndtr(-np.abs(z)),
        method="totals",
    )
    if kind is not MetricForm.VALUE:
        result = _exact(kind, result, (counts_a, counts), (sizes_a, np.where(own, 0.0, sizes)))
    return result
