"""Is a campaign on the wrong side of its threshold? Evidence from days (R1), the number as it stands (R3).

Quickno's method, described in docs/statistics.md. Against a threshold all variation between days counts, so
the binomial or Poisson information is divided by the overdispersion that the days show (quasi-likelihood:
McCullagh & Nelder, *Generalized Linear Models*, 2nd ed., §4.5), averaged over what the spread of days may be.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import (
    Array,
    Mask,
    counted_cells,
    non_negative,
    one_positive,
    per_campaign,
    ratio,
    same_shape,
)
from experiments.stats.forms import ORDER_VALUE_KAPPA, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, DayGroups, SpreadPrior, effective_days, spread_weights
from experiments.stats.posterior import Family, Posterior

# Below this many orders the logarithm of a return on ad spend is not nearly normal.
FEWEST_ORDERS: Final = 5
OBSERVED_MARGIN: Final = 0.1
OBSERVED_MARGIN_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class ThresholdEvidence:
    """How sure the counted days make us; every array has the shape (campaigns,), NaN where nothing is known.

    ``p_below``, ``p_above``: probability that the metric, as people read it, truly lies below or above the
    threshold. For a cost metric ``p_above`` is P(cost per event > threshold). ``value``: the metric over the
    counted days; NaN for a cost without events. ``days``: counted days with exposure. ``effective_days``: the
    equal days they are worth. ``weights``: (campaigns, 12), what the days say about their spread.
    ``fell_back``: the usual form did not fit. A rate has more events than exposure and was judged as a
    Poisson rate (say so); a value has fewer than 5 orders and was judged as the cost of an order.
    ``posterior``: of the rate or value; for a cost metric of its events per unit of money.
    """

    form: MetricForm
    p_below: Array
    p_above: Array
    value: Array
    days: npt.NDArray[np.int64]
    effective_days: Array
    weights: Array
    fell_back: Mask
    posterior: Posterior

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return the ends of the credible interval of the metric as people read it, each (campaigns,)."""
        low, high = self.posterior.interval(level)
        return (1 / high, 1 / low) if self.form is MetricForm.COST else (low, high)


def tempered_posterior(
    counts: Array, sizes: Array, counted: Mask, reference: Array, is_share: Mask, prior: SpreadPrior
) -> tuple[Posterior, Array]:
    """Return the posterior of events per exposure, and the effective days.

    ``counts``, ``sizes``: (..., days), 0 where not ``counted``; ``reference``: (...), the prior's rate, which
    is worth one event; ``is_share``: (...), Beta or Gamma.
    """
    events, total = counts.sum(axis=-1), sizes.sum(axis=-1)
    days = effective_days(sizes)
    exposed = counted & (sizes > 0)
    expected = np.where(exposed, sizes, 1.0) * _first_guess(events, total, reference)[..., None]
    weights = spread_weights(counts / expected - 1, 1 / expected, exposed, prior)
    return _tempered(events, total, days, reference, is_share, weights, prior), days


def _first_guess(events: Array, total: Array, reference: Array) -> Array:
    """Return the rate after the prior's one event."""
    return np.asarray((events + 1) / (total + 1 / reference))


def _tempered(
    events: Array,
    total: Array,
    days: Array,
    reference: Array,
    is_share: Mask,
    weights: Array,
    prior: SpreadPrior,
) -> Posterior:
    known = total > 0
    spread = prior.points() ** 2
    guess = _first_guess(events, total, reference)
    inflation = 1 + spread * (total * guess / np.where(known, days, 1.0))[..., None]
    first = 1 + events[..., None] / inflation
    remaining = np.where(is_share, total - events, total)[..., None] / inflation
    second = np.where(is_share, 1 / reference - 1, 1 / reference)[..., None] + remaining
    family = np.where(known, np.where(is_share, Family.BETA, Family.GAMMA), Family.UNKNOWN).astype(np.int8)
    return Posterior(family, weights, first, second)


def tempered_by_groups(
    days: DayGroups, reference: float, is_share: Mask, prior: SpreadPrior, *, weights: Array | None = None
) -> Posterior:
    """Return the posterior of ``tempered_posterior`` from groups of days; ``is_share``: (campaigns,).

    ``weights``: of the spreads, (campaigns, 12), by default those that the days show.
    """
    events = days.total.sum(axis=1)
    total = np.full(events.shape, float(days.number @ days.size))
    limit = np.full(events.shape, reference)
    if weights is None:
        guess = _first_guess(events, total, limit)
        weights = days.weights(guess, 1 / guess, prior)
    return _tempered(events, total, total**2 / (days.number @ days.size**2), limit, is_share, weights, prior)


def _read(
    mask: npt.ArrayLike | None, outcome_name: str, outcome: npt.ArrayLike, name: str, exposure: npt.ArrayLike
) -> tuple[Array, Array, Mask]:
    counts, sizes = non_negative(outcome_name, outcome), non_negative(name, exposure)
    shape = same_shape(**{outcome_name: counts, name: sizes})
    if not shape:
        raise ValueError(f"{outcome_name} is one number; its last axis must be days.")
    counted = counted_cells(mask, shape)
    return np.where(counted, counts, 0.0), np.where(counted, sizes, 0.0), counted


def rate_evidence(
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> ThresholdEvidence:
    """Return the evidence of a rate (events per exposure) against its threshold (R1).

    A Beta posterior (Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.4) with the overdispersion of days.

    ``events``, ``exposure``, ``mask``: (campaigns, days); ``threshold``: a number or (campaigns,), above 0.
    The prior is worth one event at the threshold's rate. Events of a counted day without exposure belong to
    the total, and say nothing of how days differ. Where events exceed exposure (view-through
    conversions per click) or the threshold is 1 or more, the rate is no share and takes the Gamma form
    (``fell_back``).

    >>> clicks, shown = [[236, 201, 252, 188]], [[50210, 48890, 51020, 47650]]
    >>> rate_evidence(clicks, shown, 0.005).p_below.round(4)
    array([0.9444])
    """
    counts, sizes, counted = _read(mask, "events", events, "exposure", exposure)
    limit = per_campaign("threshold", threshold, counts.shape[:-1])
    totals, shown = counts.sum(axis=-1), sizes.sum(axis=-1)
    is_share = (totals <= shown) & (limit < 1)
    posterior, days = tempered_posterior(counts, sizes, counted, limit, is_share, prior)
    below, above = posterior.sides(limit)
    return ThresholdEvidence(
        form=MetricForm.RATE,
        p_below=below,
        p_above=above,
        value=ratio(totals, shown),
        days=(sizes > 0).sum(axis=-1),
        effective_days=days,
        weights=posterior.weights,
        fell_back=~is_share,
        posterior=posterior,
    )


def cost_evidence(
    events: npt.ArrayLike,
    spend: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> ThresholdEvidence:
    """Return the evidence of a cost per event against its threshold, in money per event (R1).

    A Gamma posterior (Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.6) with the overdispersion of
    days.

    ``events``, ``spend``, ``mask``: (campaigns, days), the spend being mature (see ``maturity``) where events
    come late; ``threshold``: a number or (campaigns,). Judged as events per unit of money, so that no event
    after much money is evidence and not an error.

    >>> spend = [[610.5, 598.2, 605.0, 590.4, 615.9]]
    >>> cost_evidence([[9, 7, 12, 6, 10]], spend, 50).p_above.round(4)
    array([0.9724])
    >>> cost_evidence([[0, 0]], [[60, 60]], 40).p_above.round(2)
    array([0.98])
    """
    counts, sizes, counted = _read(mask, "events", events, "spend", spend)
    limit = per_campaign("threshold", threshold, counts.shape[:-1])
    no_share = np.zeros(limit.shape, dtype=np.bool_)
    posterior, days = tempered_posterior(counts, sizes, counted, 1 / limit, no_share, prior)
    slower, faster = posterior.sides(1 / limit)
    return ThresholdEvidence(
        form=MetricForm.COST,
        p_below=faster,
        p_above=slower,
        value=ratio(sizes.sum(axis=-1), counts.sum(axis=-1)),
        days=(sizes > 0).sum(axis=-1),
        effective_days=days,
        weights=posterior.weights,
        fell_back=no_share,
        posterior=posterior,
    )


def value_evidence(
    value: npt.ArrayLike,
    exposure: npt.ArrayLike,
    events: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    kappa: float = ORDER_VALUE_KAPPA,
    average_order_value: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> ThresholdEvidence:
    """Return the evidence of money earned per unit of exposure (return on ad spend) against its threshold.

    Quickno's method, described in docs/statistics.md, R1: a normal posterior of the logarithm, its variance
    that of a compound Poisson sum (κ per order) plus that of the days.

    ``value``, ``exposure``, ``events`` (orders), ``mask``: (campaigns, days); ``kappa``: 1 + cv² of an
    order's value, cv² where the exposure is the orders themselves (average order value).
    ``average_order_value``: a number or (campaigns,), NaN where unknown; with it fewer than 5 orders are
    judged by the cost of an order against it ÷ threshold, without it they are not known.

    >>> revenue, spend, orders = [[900.0, 700.0, 1100.0]], [[300.0, 300.0, 300.0]], [[12, 9, 14]]
    >>> value_evidence(revenue, spend, orders, 2.0).p_below.round(3)
    array([0.067])
    """
    amounts, sizes, counted = _read(mask, "value", value, "exposure", exposure)
    orders = np.where(counted, non_negative("events", events), 0.0)
    shape = same_shape(value=amounts, events=orders)[:-1]
    limit = per_campaign("threshold", threshold, shape)
    earned, total, count = amounts.sum(axis=-1), sizes.sum(axis=-1), orders.sum(axis=-1)
    usual = (total > 0) & (earned > 0) & (count >= FEWEST_ORDERS)
    mean = np.where(usual, ratio(earned, total), 1.0)
    exposed = counted & (sizes > 0)
    share = np.where(exposed, sizes, 1.0) / np.where(total > 0, total, 1.0)[..., None]
    base = one_positive("kappa", kappa) / (np.where(usual, count, 1.0)[..., None] * share)
    residual = amounts / (mean * np.where(total > 0, total, 1.0))[..., None] / share - 1
    weights = spread_weights(residual, base, exposed & usual[..., None], prior)
    days = effective_days(sizes)
    variance = (kappa / np.where(usual, count, 1.0))[..., None] + prior.points() ** 2 / np.where(
        total > 0, days, 1.0
    )[..., None]
    family = np.where(usual, Family.LOGNORMAL, Family.UNKNOWN).astype(np.int8)
    first, second = np.broadcast_to(np.log(mean)[..., None], variance.shape).copy(), np.sqrt(variance)
    few = np.zeros(shape, dtype=np.bool_)
    if average_order_value is not None:
        given = np.asarray(average_order_value, dtype=np.float64)
        known = np.broadcast_to(~np.isnan(given), shape)
        typical = per_campaign("average_order_value", np.where(np.isnan(given), 1.0, given), shape)
        few = known & (total > 0) & (count < FEWEST_ORDERS)
        cost = tempered_posterior(orders, sizes, counted, limit / typical, np.zeros_like(few), prior)[0]
        family = np.where(few, Family.GAMMA, family).astype(np.int8)
        weights = np.where(few[..., None], cost.weights, weights)
        first = np.where(few[..., None], cost.first, first)
        # A return is orders per unit of money times the value of an order.
        second = np.where(few[..., None], cost.second / typical[..., None], second)
    posterior = Posterior(family, weights, first, second)
    below, above = posterior.sides(limit)
    return ThresholdEvidence(
        form=MetricForm.VALUE,
        p_below=below,
        p_above=above,
        value=ratio(earned, total),
        days=(sizes > 0).sum(axis=-1),
        effective_days=days,
        weights=weights,
        fell_back=few,
        posterior=posterior,
    )


def threshold_evidence(  # noqa: PLR0913 - the three forms' arguments together
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = ORDER_VALUE_KAPPA,
    average_order_value: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> ThresholdEvidence:
    """Return the evidence by the method of the metric's form.

    ``outcome``: (campaigns, days), the events of a rate or a cost, the money of a value; ``exposure``: the
    money of a cost. ``events``, ``kappa`` and ``average_order_value`` belong to a value only.

    >>> threshold_evidence("cost", [[9, 7, 12]], [[610.5, 598.2, 605.0]], 50).p_above.round(3)
    array([0.892])
    """
    match metric_form(form):
        case MetricForm.RATE:
            return rate_evidence(outcome, exposure, threshold, mask=mask, prior=prior)
        case MetricForm.COST:
            return cost_evidence(outcome, exposure, threshold, mask=mask, prior=prior)
        case MetricForm.VALUE:
            if events is None:
                raise ValueError("events is missing; a value is judged by the number of its orders.")
            return value_evidence(
                outcome,
                exposure,
                events,
                threshold,
                kappa=kappa,
                average_order_value=average_order_value,
                mask=mask,
                prior=prior,
            )


def value_off_by_groups(
    earned: DayGroups, orders: Array, threshold: float, kappa: float, prior: SpreadPrior, *, confidence: float
) -> tuple[Mask, Mask]:
    """Return where a value is below its threshold, and where above, with this confidence above one half.

    As ``value_evidence``, from groups of days. ``earned``: the money of the days; ``orders``: (campaigns,).
    Both must be above 0.
    """
    total, per_order = earned.number @ earned.size, kappa / orders
    rate = earned.total.sum(axis=1) / total
    days = total**2 / (earned.number @ earned.size**2)
    deviation = np.sqrt(per_order[:, None] + prior.points() ** 2 / days)
    distance = np.log(threshold / rate)
    # The mixture is nowhere surer than its narrowest component.
    near = np.abs(distance) < special.ndtri(confidence) * deviation[:, 0]
    sure = np.zeros(near.shape, dtype=np.bool_)
    if not near.all():
        far = earned.take(~near)
        weights = far.weights(rate[~near], per_order[~near] * total, prior)
        z = np.abs(distance[~near])[:, None] / deviation[~near]
        sure[~near] = (weights * special.ndtr(z)).sum(axis=1) >= confidence
    return sure & (distance > 0), sure & (distance < 0)


@dataclass(frozen=True, slots=True)
class ObservedEvidence:
    """The number as it stands; every array has the shape (campaigns,).

    ``value``: the metric, NaN where unknown (no exposure, or a cost without events). ``is_below``,
    ``is_above``: it lies beyond the threshold and the margin on that side. ``days``: counted days with
    exposure.
    """

    value: Array
    is_below: Mask
    is_above: Mask
    days: npt.NDArray[np.int64]


def observed(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    margin: float = 0.0,
    minimum_days: int = 1,
    mask: npt.ArrayLike | None = None,
) -> ObservedEvidence:
    """Return on which side of its threshold the metric stands, without a word about chance (R3).

    ``outcome``, ``exposure``, ``mask``: (campaigns, days), the open day included if it is to count. Money
    spent without an event is a cost above any threshold, although its value is not known. No data is on no
    side.

    >>> float(observed("rate", [[10, 12]], [[5000, 5000]], 0.005).value[0])
    0.0022
    >>> bool(observed("cost", [[0]], [[90.0]], 30).is_above[0])
    True
    """
    if not 0 <= margin < 1:
        raise ValueError(f"margin is {margin}; it must be at least 0 and below 1.")
    counts, sizes, _ = _read(mask, "outcome", outcome, "exposure", exposure)
    limit = per_campaign("threshold", threshold, counts.shape[:-1])
    totals, shown = counts.sum(axis=-1), sizes.sum(axis=-1)
    top, bottom = (shown, totals) if metric_form(form) is MetricForm.COST else (totals, shown)
    days = (sizes > 0).sum(axis=-1)
    known = (shown > 0) & (days >= minimum_days)
    return ObservedEvidence(
        value=ratio(top, bottom),
        is_below=known & (top < (1 - margin) * limit * bottom),
        is_above=known & (top > (1 + margin) * limit * bottom),
        days=days,
    )


def observed_margin(
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
) -> ObservedEvidence:
    """Return whether the metric stands 10 % beyond its threshold on at least 3 closed days (R3).

    >>> observed_margin("rate", [[22, 22, 22]], [[5000, 5000, 5000]], 0.005).is_below
    array([ True])
    """
    return observed(
        form,
        outcome,
        exposure,
        threshold,
        margin=OBSERVED_MARGIN,
        minimum_days=OBSERVED_MARGIN_DAYS,
        mask=mask,
    )
