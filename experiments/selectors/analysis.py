"""What campaigns' days say about their hypotheses, read from the database: their analyses by some metric."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext

from experiments.choices import METRICS, Metric
from experiments.exceptions import Invalid
from experiments.models import Campaign
from experiments.selectors.campaign_results import LOOKED_AT_BESIDES, CampaignResults, analysis_of
from experiments.selectors.estimates import Tenants, read_tenants
from experiments.selectors.maturity import mature_days
from experiments.selectors.measurements import Measurements, measures_of, read_measurements
from experiments.selectors.results import Analysis
from experiments.stats.analysis import ComparisonResult
from experiments.stats.arrays import float_or_none
from experiments.stats.multiple import adjust

# What a campaign without a hypothesis is looked at by: the first of which everything is reported.
UNPLANNED_METRICS = ("cpa", "ctr", "cpc", "cpm", "open_rate")


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a page has read of its campaigns already: their days, and what judging them goes by."""

    measured: Measurements
    tenants: Tenants


def measures_for(metric: Metric) -> frozenset[str]:
    """The measures that an analysis by this metric needs."""
    return measures_of(metric) | LOOKED_AT_BESIDES


def analyse_campaign(
    campaign: Campaign,
    *,
    metric: str | None = None,
    as_of: date | None = None,
    beside: Sequence[Campaign] = (),
    known: Known | None = None,
    at: datetime,
) -> Analysis:
    """One campaign by the metric of that key, by default its hypothesis's primary metric.

    ``as_of``: only days up to it, with today's values. ``beside``: campaigns of the same workspace whose
    comparisons the p-values are adjusted for, too. ``known``: where they have been read, the days of all of
    them, this one first, in ``measures_for`` of their metrics. Raises ``Invalid`` for a metric that there is
    not.
    """
    if metric is not None and metric not in METRICS:
        raise Invalid.field(
            "metric",
            "unknown_metric",
            gettext("“{metric}” is no metric. Use one of {names}.").format(
                metric=metric[:60], names=", ".join(METRICS)
            ),
        )
    chosen = METRICS[metric] if metric else None
    own = campaign.hypothesis.metric if campaign.hypothesis is not None else None
    together = [campaign, *beside] if own is not None and chosen in {None, own} else [campaign]
    tenants = known.tenants if known else read_tenants([campaign.workspace_id])
    [results, *others] = _results_of(
        together,
        metric=chosen if len(together) == 1 else None,
        measured=known.measured if known else None,
        as_of=as_of,
        tenants=tenants,
        at=at,
    )
    analysis = analysis_of(results)
    return adjusted_over(analysis, [one.comparisons() for one in others]) if others else analysis


def analyse_many(
    campaigns: Sequence[Campaign], *, known: Known | None = None, at: datetime
) -> dict[int, Analysis]:
    """Analyses by campaign id, each by its own default metric, in a constant number of queries.

    ``known``: where they have been read, these campaigns' ``measures_for`` of all their metrics.
    """
    tenants = known.tenants if known else read_tenants(campaign.workspace_id for campaign in campaigns)
    measured = known.measured if known else None
    results = _results_of(campaigns, metric=None, measured=measured, as_of=None, tenants=tenants, at=at)
    return {campaign.pk: analysis_of(one) for campaign, one in zip(campaigns, results, strict=True)}


def adjusted_over(analysis: Analysis, others: Sequence[Sequence[ComparisonResult]]) -> Analysis:
    """The same, its p-values adjusted over its own comparisons and those of other campaigns."""
    compared = [comparison for some in (analysis.comparisons, *others) for comparison in some]
    p_values = np.array([comparison.p_value for comparison in compared], dtype=np.float64)
    adjusted = adjust(p_values, analysis.adjusted.method)
    return replace(
        analysis,
        comparisons=tuple(
            replace(comparison, p_value_adjusted=float_or_none(value))
            for comparison, value in zip(analysis.comparisons, adjusted, strict=False)
        ),
        adjusted=replace(analysis.adjusted, comparisons=int((~np.isnan(p_values)).sum())),
    )


def _results_of(
    campaigns: Sequence[Campaign],
    *,
    metric: Metric | None,
    as_of: date | None,
    measured: Measurements | None,
    tenants: Tenants,
    at: datetime,
) -> list[CampaignResults]:
    prefetch_related_objects(list(campaigns), "hypothesis")
    measures = set(LOOKED_AT_BESIDES)
    for campaign in campaigns:
        if metric is not None:
            measures |= measures_of(metric)
        elif campaign.hypothesis is not None:
            measures |= measures_of(campaign.hypothesis.metric)
        else:
            measures |= {measure for key in UNPLANNED_METRICS for measure in measures_of(METRICS[key])}
    if measured is None:
        measured = read_measurements(campaigns, measures, as_of=as_of, sources=tenants.sources)
    estimates = tenants.estimates
    chosen = [
        metric or _default_metric(index, campaign, measured) for index, campaign in enumerate(campaigns)
    ]
    # Which days count depends on the metric and not on the campaign, so it is worked out once for each.
    days = {key: mature_days(METRICS[key], measured, estimates, at=at) for key in {one.key for one in chosen}}
    return [
        CampaignResults(campaign, index, one, days[one.key], estimates)
        for index, (campaign, one) in enumerate(zip(campaigns, chosen, strict=True))
    ]


def _default_metric(index: int, campaign: Campaign, measured: Measurements) -> Metric:
    if campaign.hypothesis is not None:
        return campaign.hypothesis.metric
    reported = (METRICS[key] for key in UNPLANNED_METRICS if measured.countable(METRICS[key])[index].any())
    return next(reported, METRICS[UNPLANNED_METRICS[0]])
