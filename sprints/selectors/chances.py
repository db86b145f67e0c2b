"""How likely each campaign is to meet its target, on the metric that is nearest to the business.

Money follows outcomes: a campaign is weighed on its hypothesis's outcome metric, which is the primary metric
where that is one. A target belongs to the primary metric, so a hypothesis with a vanity or proxy metric has
none on its outcome. Such a campaign may receive only if its outcome itself beats the control.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_noop

from experiments.choices import METRICS, Metric, MetricForm, VerdictCode
from experiments.models import Campaign
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.estimates import Estimates, Tenants, read_tenants
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import Amounts, Cells, followed, measures_of, read_measurements
from experiments.stats.arrays import float_or_none
from experiments.stats.budget import DONOR_BELOW, RECEIVER_ABOVE
from experiments.stats.grids import CONTRAST_SPREAD, DAY_SPREAD, SpreadPrior
from experiments.stats.threshold import threshold_evidence
from workspaces.models.kept import kept

# Of five hundred campaigns each takes a megabyte.
_MOST_KEPT = 32


class Band(StrEnum):
    """Where a campaign stands to the two limits; what is not known stands between them."""

    DONOR = gettext_noop("probably below target")
    BETWEEN = gettext_noop("neither probably below nor probably above target")
    RECEIVER = gettext_noop("probably above target")


def band(p_above_target: float | None, *, beats_control: bool = False) -> Band:
    if beats_control or (p_above_target is not None and p_above_target >= RECEIVER_ABOVE):
        return Band.RECEIVER
    if p_above_target is not None and p_above_target <= DONOR_BELOW:
        return Band.DONOR
    return Band.BETWEEN


@dataclass(frozen=True, slots=True, eq=False)
class CountedDays:
    """A campaign's counted days on its outcome metric; arrays of shape (days,), zeros where nothing counts.

    ``spend`` is mature: it counts by the share of its outcomes that is visible. ``outcome`` is events for a
    cost and money for a value, whose ``events`` are its orders. ``rate_mean`` and ``rate_variance`` are the
    posterior's of outcome per unit of spend against its own target, ``None`` where it has none.
    """

    first_day: date
    outcome: Amounts
    spend: Amounts
    events: Amounts
    counted: Cells
    rate_mean: float | None = None
    rate_variance: float | None = None
    day_spread: SpreadPrior = DAY_SPREAD
    contrast_spread: SpreadPrior = CONTRAST_SPREAD


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """What is known about one campaign's outcome; ``None`` is not known.

    ``p_above_target``: probability of meeting its own target (a cost below it, a value above it). ``target``
    is on the metric's own scale. ``beats_control``: without a target, whether the outcome's verdict is a win.
    ``value``, ``low``, ``high``: the metric as people read it and its 95 % credible interval.
    ``counted_days`` speak; of all that were reported ``settled_days`` no longer move, ``unsettled_days`` may.
    """

    metric: Metric | None = None
    target: float | None = None
    p_above_target: float | None = None
    beats_control: bool = False
    chance_to_beat_control: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    data_through: date | None = None
    counted_days: int = 0
    settled_days: int = 0
    unsettled_days: int = 0
    days: CountedDays | None = None

    @property
    def band(self) -> Band:
        return band(self.p_above_target, beats_control=self.beats_control)


def outcome_metric(campaign: Campaign) -> Metric | None:
    """The metric that money follows; ``None`` for a campaign without a hypothesis."""
    hypothesis = campaign.hypothesis
    if hypothesis is None:
        return None
    return METRICS[hypothesis.outcome_metric] if hypothesis.metric.needs_outcome else hypothesis.metric


def outcome_target(campaign: Campaign) -> float | None:
    """The hypothesis's target where it is one of the outcome metric."""
    hypothesis = campaign.hypothesis
    if hypothesis is None or hypothesis.target is None or hypothesis.metric.needs_outcome:
        return None
    return float(hypothesis.target)


def chances(campaigns: Iterable[Campaign], *, at: datetime) -> dict[int, Chance]:
    """What is known about these campaigns, by id. Those with the same outcome metric are judged together.

    Their days are those of their versions, so whoever asks has just read the campaigns.
    """
    groups: defaultdict[str, list[Campaign]] = defaultdict(list)
    known: dict[int, Chance] = {}
    for campaign in campaigns:
        metric = outcome_metric(campaign)
        if metric is None:
            known[campaign.pk] = Chance()
        else:
            groups[metric.key].append(campaign)
    together = [campaign for group in groups.values() for campaign in group]
    prefetch_related_objects(together, "workspace", "arms")
    tenants = read_tenants(campaign.workspace_id for campaign in together)
    for key, group in groups.items():
        found = _chances(METRICS[key], group, tenants, at=at)
        known |= zip((campaign.pk for campaign in group), found, strict=True)
    return known


def _judge(metric: Metric, campaigns: Sequence[Campaign], tenants: Tenants, *, at: datetime) -> list[Chance]:
    estimates = tenants.estimates
    measured = read_measurements(campaigns, measures_of(metric), sources=tenants.sources)
    days = mature_days(metric, measured, estimates, at=at)
    # A campaign's day counts once all that its arms reported of it counts: part of a day is another day.
    counted: Cells = np.any(days.whole_days(), axis=1)
    reported: Cells = np.any(days.countable, axis=1)
    moving: Cells = np.any(days.countable & ~days.settled, axis=1)
    counted_days = _count_days(days, estimates)
    found = []
    for index, campaign in enumerate(campaigns):
        speaking = np.flatnonzero(counted[index])
        found.append(
            Chance(
                metric=metric,
                target=outcome_target(campaign),
                data_through=days.measured.day(index, int(speaking[-1])) if len(speaking) else None,
                counted_days=len(speaking),
                settled_days=int((reported[index] & ~moving[index]).sum()),
                unsettled_days=int(moving[index].sum()),
                days=counted_days[index] if len(speaking) else None,
            )
        )
    with_target = {
        index: (chance, chance.days)
        for index, chance in enumerate(found)
        if chance.target is not None and chance.days is not None
    }
    if with_target:
        judged = _against_targets(metric, list(with_target.values()))
        for index, chance in zip(with_target, judged, strict=True):
            found[index] = chance
    return [
        chance if chance.target is not None else _against_control(campaign, chance, at=at)
        for campaign, chance in zip(campaigns, found, strict=True)
    ]


# The days by their version, and the time by what it closes and settles.
_chances = kept(
    _judge,
    by=lambda metric, campaigns, tenants, *, at: [
        metric.key,
        list(map(followed, campaigns)),
        tenants,
        tenants.clock(at),
    ],
    most=_MOST_KEPT,
)


def _count_days(days: MatureDays, estimates: Estimates) -> list[CountedDays]:
    """Of each campaign the sums over its arms."""
    metric, measured, cells = days.metric, days.measured, days.whole_days()

    def day_sums(measure: str) -> Amounts:
        values = np.nan_to_num(measured.values[measure])
        if measure == metric.exposure:
            values = values * days.weight
        sums: Amounts = np.where(cells, values, 0.0).sum(axis=1)
        return sums

    events, spend = day_sums(metric.events), day_sums(metric.exposure)
    outcome = events if metric.form == MetricForm.COST else day_sums(metric.numerator)
    counted: Cells = np.any(cells, axis=1)
    return [
        CountedDays(
            first_day=measured.day(index, 0),
            outcome=outcome[index],
            spend=spend[index],
            events=events[index],
            counted=counted[index],
            day_spread=estimates.day_spread(campaign.workspace_id),
            contrast_spread=estimates.contrast_spread(campaign.workspace_id),
        )
        for index, campaign in enumerate(measured.campaigns)
    ]


def _against_targets(metric: Metric, chances_and_days: Sequence[tuple[Chance, CountedDays]]) -> list[Chance]:
    """R1 against each campaign's own target, all campaigns of a workspace at once."""
    is_cost = metric.form == MetricForm.COST
    days = [each for _, each in chances_and_days]
    evidence = threshold_evidence(
        metric.form,
        np.array([each.outcome for each in days]),
        np.array([each.spend for each in days]),
        np.array([chance.target for chance, _ in chances_and_days], dtype=np.float64),
        events=None if is_cost else np.array([each.events for each in days]),
        mask=np.array([each.counted for each in days]),
        # A plan is made for one workspace, and so are the chances in it.
        prior=days[0].day_spread,
    )
    p_above = evidence.p_below if is_cost else evidence.p_above
    low, high = evidence.interval()
    mean, variance = evidence.posterior.mean(), evidence.posterior.variance()
    return [
        replace(
            chance,
            p_above_target=float_or_none(p_above[row]),
            value=float_or_none(evidence.value[row]),
            low=float_or_none(low[row]),
            high=float_or_none(high[row]),
            days=replace(
                each, rate_mean=float_or_none(mean[row]), rate_variance=float_or_none(variance[row])
            ),
        )
        for row, (chance, each) in enumerate(chances_and_days)
    ]


def _against_control(campaign: Campaign, chance: Chance, *, at: datetime) -> Chance:
    """Without a target: whether the outcome metric says *win* against the control."""
    if chance.metric is None or chance.data_through is None or campaign.is_finished:
        return chance
    analysis = analyse_campaign(campaign, metric=chance.metric.key, as_of=chance.data_through, at=at)
    winner = analysis.verdict.arm if analysis.verdict.code == VerdictCode.WIN else None
    chances_to_win = {one.key: one.chance_to_beat_control for one in analysis.comparisons}
    if winner not in chances_to_win:
        return chance
    return replace(chance, beats_control=True, chance_to_beat_control=chances_to_win[winner])
