"""Which of several campaigns brings the most for its money (R7, capped Thompson).

Quickno's method, described in docs/statistics.md: campaigns run on different days, so their posteriors of R1
are compared as independent ones, each taken for one Gamma (a value: one lognormal) with its moments.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.stats.arrays import Array, counted_cells, non_negative, same_shape
from experiments.stats.forms import ORDER_VALUE_KAPPA, MetricForm, metric_form
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.posterior import Family
from experiments.stats.quadrature import SMALLEST_PARAMETER, best_of
from experiments.stats.threshold import threshold_evidence

FEWEST_CAMPAIGNS: Final = 2


@dataclass(frozen=True, slots=True)
class BestCampaign:
    """(campaigns,) each, NaN where not known.

    ``probability_best``: that it brings the most events (or value) per unit of money. ``rate_mean``,
    ``rate_variance``: posterior mean and variance of what it brings.
    """

    probability_best: Array
    rate_mean: Array
    rate_variance: Array


def best_campaign(
    form: str,
    outcome: npt.ArrayLike,
    spend: npt.ArrayLike,
    *,
    events: npt.ArrayLike | None = None,
    kappa: float = ORDER_VALUE_KAPPA,
    mask: npt.ArrayLike | None = None,
    prior: SpreadPrior = DAY_SPREAD,
) -> BestCampaign:
    """Return each campaign's probability of being the best of all of them, without any target.

    ``outcome``, ``spend``, ``events``, ``mask``: (campaigns, days), events for a cost, money and its orders
    for a value; the spend is mature. All have one prior, worth one event at the rate of all together. A
    campaign without a counted day takes no part; not known without an event in any, or with only one that
    takes part.

    >>> found = best_campaign("cost", [[14, 13, 15], [8, 9, 7]], [[200.0] * 3] * 2)
    >>> found.probability_best.round(2)
    array([0.96, 0.04])
    """
    kind = metric_form(form)
    if kind is MetricForm.RATE:
        raise ValueError("form is 'rate'; campaigns are compared by what money brings: 'cost' or 'value'.")
    amounts, money = non_negative("outcome", outcome), non_negative("spend", spend)
    counts = amounts if events is None else non_negative("events", events)
    shape = same_shape(outcome=amounts, spend=money, events=counts)
    if len(shape) != 2:  # noqa: PLR2004
        raise ValueError(f"outcome has the shape {shape}; it must have two axes: campaigns, days.")
    counted = counted_cells(mask, shape) & (money > 0)
    present = counted.any(axis=-1)
    brought, number = (float(values[counted].sum()) for values in (amounts, counts))
    unknown = np.full(shape[0], np.nan)
    if present.sum() < FEWEST_CAMPAIGNS or not brought or not number:
        return BestCampaign(unknown, unknown, unknown)
    is_value = kind is MetricForm.VALUE
    rate = brought / float(money[counted].sum())
    posterior = threshold_evidence(
        kind,
        amounts,
        money,
        rate if is_value else 1 / rate,
        events=counts if is_value else None,
        kappa=kappa,
        average_order_value=brought / number if is_value else None,
        mask=counted,
        prior=prior,
    ).posterior
    mean, variance = posterior.moments()
    here = present & (mean > 0)
    middle, width = np.where(here, mean, 1.0), np.where(here, variance, 1.0)
    if is_value:
        family, squares = Family.LOGNORMAL, np.log1p(width / middle**2)
        first, second = np.log(middle) - squares / 2, np.sqrt(squares)
    else:
        family = Family.GAMMA
        first = np.maximum(middle**2 / width, SMALLEST_PARAMETER)
        second = first / middle
    best = best_of(family, first[None], second[None], here[None]).probability_best[0]
    return BestCampaign(np.clip(best, 0.0, 1.0), *(np.where(here, one, np.nan) for one in (mean, variance)))
