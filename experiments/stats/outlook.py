"""Will a campaign still reach its target with the money it has left? (R8)"""

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, counted_cells, non_negative, per_campaign, ratio, same_shape
from experiments.stats.forms import ORDER_VALUE_KAPPA, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.threshold import threshold_evidence

# From here on a campaign is hopeless.
HOPELESS = 0.95
PACE_DAYS = 3


def exposure_still_to_come(
    exposure: npt.ArrayLike,
    spend: npt.ArrayLike,
    budget_left: npt.ArrayLike,
    days_left: npt.ArrayLike,
    *,
    mask: npt.ArrayLike | None = None,
) -> Array:
    """Return the exposure that the rest of the budget buys at the pace and price of the last 3 counted days.

    Quickno's rule, described in docs/statistics.md, R8.

    ``exposure``, ``spend``, ``mask``: (campaigns, days), in order of time; ``budget_left``, ``days_left``:
    (campaigns,). No more is spent than the pace allows in the days left. NaN without spend on those days.

    >>> exposure_still_to_come([[900, 1000, 1100, 1000]], [[90.0, 100.0, 110.0, 90.0]], [150.0], [4])
    array([1550.])
    """
    sizes, money = non_negative("exposure", exposure), non_negative("spend", spend)
    counted = counted_cells(mask, same_shape(exposure=sizes, spend=money))
    left, days = non_negative("budget_left", budget_left), non_negative("days_left", days_left)
    same_shape(budget_left=left, days_left=days)
    from_last = np.cumsum(counted[..., ::-1], axis=-1)[..., ::-1]
    recent = counted & (from_last <= PACE_DAYS)
    spent = np.where(recent, money, 0.0).sum(axis=-1)
    bought = np.where(recent, sizes, 0.0).sum(axis=-1)
    pace = ratio(spent, recent.sum(axis=-1).astype(np.float64))
    return np.minimum(left, pace * days) * ratio(bought, spent)


def probability_of_miss(  # noqa: PLR0913 - what was, what is to come, and the target
    form: str,
    outcome: npt.ArrayLike,
    exposure: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    exposure_left: npt.ArrayLike,
    days_left: npt.ArrayLike,
    events: npt.ArrayLike | None = None,
    kappa: float = ORDER_VALUE_KAPPA,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> Array:
    """Return P(the metric over the whole campaign ends on the wrong side of its target), shape (campaigns,).

    Quickno's method, described in docs/statistics.md: the rest of the campaign would need a rate of r* to
    repair what was; the rest's rate is predicted from the posterior of R1, its days' spread and its own
    chance.

    ``outcome``, ``exposure``, ``events``, ``mask``: (campaigns, days), closed days; ``target``,
    ``exposure_left`` (money for a cost), ``days_left``: a number or (campaigns,). With no day or exposure
    left the answer is 0 or 1.

    >>> shown = [[20000.0] * 3]
    >>> probability_of_miss("rate", [[85, 90, 95]], shown, 0.005, exposure_left=40000, days_left=2).round(3)
    array([0.95])
    """
    kind = metric_form(form)
    evidence = threshold_evidence(
        kind, outcome, exposure, target, events=events, kappa=kappa, mask=mask, prior=prior
    )
    shape = evidence.p_below.shape
    counted = counted_cells(mask, np.shape(outcome))
    done = np.where(counted, non_negative("outcome", outcome), 0.0).sum(axis=-1)
    used = np.where(counted, non_negative("exposure", exposure), 0.0).sum(axis=-1)
    aim = per_campaign("target", target, shape)
    aim = 1 / aim if kind is MetricForm.COST else aim
    left = np.broadcast_to(non_negative("exposure_left", exposure_left), shape)
    days = np.broadcast_to(non_negative("days_left", days_left), shape)
    going_on = (left > 0) & (days > 0)
    rest = np.where(going_on, left, 1.0)[..., None]
    mean, variance = evidence.posterior.component_moments()
    if kind is MetricForm.VALUE:
        orders = np.where(counted, non_negative("events", () if events is None else events), 0.0).sum(axis=-1)
        chance = kappa * mean**2 / (rest * ratio(orders, used)[..., None])
    else:
        chance = mean / rest
    needed = (aim * (used + left) - done)[..., None] / rest
    between = prior.points() ** 2 * mean**2 / np.where(going_on, days, 1.0)[..., None]
    miss = special.ndtr((needed - mean) / np.sqrt(variance + between + chance))
    settled = np.where(used > 0, (done < aim * used).astype(np.float64), np.nan)
    return np.where(going_on, (evidence.weights * miss).sum(axis=-1), settled)
