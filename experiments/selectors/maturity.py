"""Which days of a metric count although conversions arrive late, and for how much of their exposure (R6).

A young day has all of its exposure and only a part of its conversions. So its exposure counts by the share of
the conversions that is usually visible at its age. Where the workspace wants settled days only, every other
day waits.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from experiments.choices import MEASURES, Metric
from experiments.selectors.estimates import Estimates
from experiments.selectors.measurements import Amounts, Cells, Measurements, late_measures
from experiments.stats.maturity import mature_exposure
from workspaces.models import Source


@dataclass(frozen=True, slots=True, eq=False)
class MatureDays:
    """Cells (campaigns, arms, days) of one metric.

    ``reported``: the day sums; ``measured``: the same as this metric takes them. ``countable``: everything
    it needs was reported while the arm ran. ``closed``: of these, those that are over. ``settled``: those
    that no longer move. ``counted``: those that take part in a judgement. ``visible``: the share of the
    conversions that is usually visible, 1 where all are. ``weight``: what the exposure is multiplied by: that
    share less a haircut.
    """

    metric: Metric
    reported: Measurements
    measured: Measurements
    countable: Cells
    closed: Cells
    settled: Cells
    counted: Cells
    visible: Amounts
    weight: Amounts

    def left_out(self, campaign: int) -> list[Source]:
        """Sources of a campaign that count what the metric does, and take no part in it."""
        return self.reported.left_out(campaign, self.metric)

    def whole_days(self) -> Cells:
        """Counted cells of days on which all arms count: part of a campaign's day is another day."""
        part: Cells = np.any(self.countable & ~self.counted, axis=1, keepdims=True)
        return np.asarray(self.counted & ~part, dtype=np.bool_)


def mature_days(metric: Metric, measured: Measurements, estimates: Estimates, *, at: datetime) -> MatureDays:
    """Which of these days count by this metric at ``at``, each by its source's curve and its last report."""
    reported, measured = measured, measured.of(metric)
    countable = measured.countable(metric)
    closed = measured.closed_days(metric, at=at)
    settled = measured.complete(metric, at=at)
    visible, weight = np.ones(closed.shape), np.ones(closed.shape)
    counted = closed
    for measure in sorted(late_measures(metric)):
        shares = _shares(measure, measured, estimates, at=at)
        visible, weight = np.minimum(visible, shares[0]), np.minimum(weight, shares[1])
        counted = counted & shares[2]
    if MEASURES[metric.exposure].late:
        # Both come late and belong together: the ratio is that of what is visible.
        weight = np.ones(closed.shape)
    patient = np.array([campaign.workspace.settled_days_only for campaign in measured.campaigns], dtype=bool)
    patient = patient[:, None, None]
    return MatureDays(
        metric=metric,
        reported=reported,
        measured=measured,
        countable=countable,
        closed=closed,
        settled=settled,
        counted=np.where(patient, settled, counted),
        visible=visible,
        weight=np.where(patient, 1.0, weight),
    )


def _shares(
    measure: str, measured: Measurements, estimates: Estimates, *, at: datetime
) -> tuple[Amounts, Amounts, Cells]:
    """The visible share of a late measure, the same less the haircut, and whether the day may count."""
    visible = np.ones(measured.source[measure].shape)
    weight, counted = visible.copy(), np.ones(visible.shape, dtype=np.bool_)
    age = measured.age(measure, at=at)
    for index, source in enumerate(measured.sources):
        cells = measured.source[measure] == index
        if not cells.any():
            continue
        curve = estimates.curve(source)
        mature = mature_exposure(np.ones(int(cells.sum())), age[cells], curve)
        visible[cells] = curve.at(age[cells])
        weight[cells], counted[cells] = mature.exposure, mature.counted
    return visible, weight, counted
