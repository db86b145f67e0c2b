"""Will a campaign still reach its target with the money and the days that it has left? (R8)"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.choices import Metric, MetricForm
from experiments.models import Campaign
from experiments.selectors.estimates import Estimates
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import Amounts, Cells
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.grids import SpreadPrior
from experiments.stats.outlook import HOPELESS, exposure_still_to_come, probability_of_miss
from experiments.stats.verdicts import FEWEST_CLOSED_DAYS


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is ahead of a hopeless campaign.

    ``since``: the last day with which it became hopeless and stayed so. ``money_left`` and ``days_left`` are
    counted from ``data_through``, the last day that speaks.
    """

    p_miss: float
    data_through: date
    money_left: float
    days_left: int
    since: date


def hopeless_outlooks(
    campaigns: Sequence[Campaign], days: Mapping[str, MatureDays], estimates: Estimates
) -> dict[int, Outlook]:
    """The outlook of each campaign that has a target, an end, something left and no hope, by its index.

    ``days``: by key of each hypothesis's primary metric, of the same campaigns.
    """
    groups: defaultdict[tuple[str, SpreadPrior], list[int]] = defaultdict(list)
    for index, campaign in enumerate(campaigns):
        hypothesis = campaign.hypothesis
        if not campaign.is_spending or campaign.runs_until is None or not campaign.budget:
            continue
        if hypothesis is not None and hypothesis.target is not None:
            prior = estimates.day_spread(campaign.workspace_id)
            groups[hypothesis.metric.key, prior].append(index)
    found: dict[int, Outlook] = {}
    for (key, prior), indices in groups.items():
        found |= _Group(days[key].metric, campaigns, days[key], indices, prior).hopeless()
    return found


class _Group:
    """Campaigns with one metric; arrays are (campaigns, days)."""

    def __init__(
        self,
        metric: Metric,
        campaigns: Sequence[Campaign],
        days: MatureDays,
        indices: Sequence[int],
        prior: SpreadPrior,
    ) -> None:
        self.metric = metric
        self.measured = days.measured
        self.prior = prior
        cells = days.whole_days()
        counted = np.asarray(np.any(cells, axis=1)[list(indices)])
        # Where too few days speak there is no outlook, and without a day nothing to compute with.
        rows = np.flatnonzero(counted.sum(axis=1) >= FEWEST_CLOSED_DAYS)
        self.indices = np.array(indices, dtype=np.intp)[rows]
        self.campaigns = [campaigns[index] for index in self.indices]
        self.counted = counted[rows]
        self.exposure = self._sums(metric.exposure, cells)
        self.mature = self._sums(metric.exposure, cells, weight=days.weight)
        self.outcome = self._sums(
            metric.denominator if metric.form == MetricForm.COST else metric.numerator, cells
        )
        self.events = self._sums(metric.events, cells)
        self.spend = np.nansum(self.measured.values["spend"], axis=1)[self.indices]

    def _sums(self, measure: str, cells: Cells, *, weight: Amounts | float = 1.0) -> Amounts:
        values = np.where(cells, self.measured.values[measure] * weight, 0.0)
        return np.asarray(values.sum(axis=1)[self.indices])

    def hopeless(self) -> dict[int, Outlook]:
        if not len(self.indices):
            return {}
        every = np.arange(len(self.indices))
        last = self.counted.shape[1] - 1 - self.counted[:, ::-1].argmax(axis=1)
        p_miss, left, days_left = self._at(every, last)
        rows = np.flatnonzero(p_miss > HOPELESS)
        since = self._since(rows) if len(rows) else rows
        return {
            int(self.indices[row]): Outlook(
                p_miss=float(p_miss[row]),
                data_through=self.measured.day(int(self.indices[row]), last[row]),
                money_left=float(left[row]),
                days_left=int(days_left[row]),
                since=self.measured.day(int(self.indices[row]), first),
            )
            for row, first in zip(rows.tolist(), since.tolist(), strict=True)
        }

    def _since(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Of each row the first counted day from which on every look would have called it hopeless."""
        counted = self.counted[rows]
        # Every look: a row and the last day that it saw, in order of time.
        looks, days = np.nonzero(counted & (counted.cumsum(axis=1) >= FEWEST_CLOSED_DAYS))
        p_miss, _, _ = self._at(rows[looks], days)
        hopeful = np.zeros(counted.shape, dtype=np.bool_)
        hopeful[looks, days] = ~(p_miss > HOPELESS)
        looked = np.zeros(counted.shape, dtype=np.bool_)
        looked[looks, days] = True
        any_after = hopeful[:, ::-1].cumsum(axis=1)[:, ::-1] > 0
        return np.asarray((looked & ~any_after).argmax(axis=1))

    def _at(self, rows: np.ndarray[Any, Any], last: np.ndarray[Any, Any]) -> tuple[Amounts, Amounts, Amounts]:
        """P(miss), the money and the days left after each of these days; NaN where nothing is left."""
        until = np.arange(self.counted.shape[1]) <= last[:, None]
        mask = self.counted[rows] & until
        spent = np.where(until, self.spend[rows], 0.0).sum(axis=1)
        budget = np.array([float(self.campaigns[row].budget) for row in rows])
        ends = np.array([self._end(self.campaigns[row]) for row in rows])
        left = np.maximum(budget - spent, 0.0)
        days_left = np.maximum(ends - self.measured.first_day[self.indices[rows]] - last, 0).astype(float)
        to_come = exposure_still_to_come(
            self.exposure[rows], np.where(mask, self.spend[rows], 0.0), left, days_left, mask=mask
        )
        going_on = (np.nan_to_num(to_come) > 0) & (days_left > 0)
        p_miss = probability_of_miss(
            self.metric.form,
            self.outcome[rows],
            self.mature[rows],
            np.array([self._target(self.campaigns[row]) for row in rows]),
            exposure_left=np.nan_to_num(to_come),
            days_left=days_left,
            events=self.events[rows] if self.metric.form == MetricForm.VALUE else None,
            kappa=ORDER_VALUE_KAPPA - (self.metric.denominator == self.metric.events),
            mask=mask,
            prior=self.prior,
        )
        return np.where(going_on, p_miss, np.nan), left, days_left

    def _end(self, campaign: Campaign) -> int:
        return campaign.runs_until.toordinal() if campaign.runs_until else 0

    def _target(self, campaign: Campaign) -> float:
        target = campaign.hypothesis.target if campaign.hypothesis else None
        return float(target or 1) / self.metric.per
