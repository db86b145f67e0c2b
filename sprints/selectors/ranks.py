"""Which of the running campaigns is likely to bring the most for its money, whatever their targets (R7)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import MEASURES, Metric, MetricForm
from experiments.models import Campaign
from experiments.stats.arrays import float_or_none
from experiments.stats.best_campaign import FEWEST_CAMPAIGNS, best_campaign
from sprints.models import Reallocation, ReallocationLine, sentences
from sprints.selectors.candidates import Candidate, Rank
from sprints.selectors.chances import CountedDays, chances

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same candidates, each with its rank; those that nobody can compare say why."""
    groups: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.chance.metric is not None and one.chance.days is not None and not one.is_blind:
            groups[one.chance.metric.key].append(one)
    rivals = max(groups.values(), key=_weight, default=[])
    metric = rivals[0].chance.metric if rivals else None
    ranks = _compare(metric, rivals) if metric else {}
    return [replace(one, rank=ranks.get(one.campaign.pk) or _left_out(one, metric)) for one in candidates]


def compared_by(candidates: Sequence[Candidate]) -> Metric | None:
    """The outcome by which these ranked candidates are compared; ``None`` where none are."""
    return next((one.chance.metric for one in candidates if one.is_ranked), None)


def _weight(group: Sequence[Candidate]) -> tuple[int, Decimal, str]:
    """Money can follow one comparison only: that of most campaigns, of two as large that of most money."""
    key = group[0].chance.metric.key if group[0].chance.metric else ""
    return len(group), sum((one.account.budget for one in group), Decimal(0)), key


def _compare(metric: Metric, rivals: Sequence[Candidate]) -> dict[int, Rank]:
    if len(rivals) < FEWEST_CAMPAIGNS:
        return {
            one.campaign.pk: Rank(
                why_not=_lazily(sentences.NOTHING_BESIDE, campaign=one.campaign.name, metric=metric.label)
            )
            for one in rivals
        }
    found = _best_of(metric, {one.campaign.pk: one.chance.days for one in rivals if one.chance.days})
    nobody = _lazily(sentences.NOBODY_KNOWS, measure=MEASURES[metric.events].label)
    return {
        one.campaign.pk: replace(rank, why_not="" if rank.p_best is not None else nobody)
        for one in rivals
        for rank in [found[one.campaign.pk]]
    }


def _best_of(metric: Metric, days: dict[int, CountedDays]) -> dict[int, Rank]:
    """Ranks by campaign id, on each campaign's own days; those of one metric were read together."""
    several = list(days.values())
    is_value = metric.form == MetricForm.VALUE
    best = best_campaign(
        metric.form,
        np.array([each.outcome for each in several]),
        np.array([each.spend for each in several]),
        events=np.array([each.events for each in several]) if is_value else None,
        mask=np.array([each.counted for each in several]),
        # A plan is made for one workspace, and so are the ranks in it.
        prior=several[0].day_spread,
    )
    return {
        campaign_id: Rank(
            p_best=float_or_none(best.probability_best[row]),
            compared=len(days),
            rate_mean=float_or_none(best.rate_mean[row]),
            rate_variance=float_or_none(best.rate_variance[row]),
        )
        for row, campaign_id in enumerate(days)
    }


def _left_out(one: Candidate, metric: Metric | None) -> Rank:
    """Why a campaign is not among those that are compared by ``metric``."""
    name, outcome = one.campaign.name, one.chance.metric
    if outcome is None:
        return Rank(why_not=_lazily(sentences.UNPLANNED_BRINGS, campaign=name))
    if one.chance.days is None:
        return Rank(why_not=_lazily(sentences.NO_DAY_COUNTS, campaign=name, metric=outcome.label))
    if metric is None or metric == outcome:
        return Rank(why_not=_lazily(sentences.LEFT_OUT, campaign=name))
    words = _lazily(sentences.OTHER_METRIC, campaign=name, metric=outcome.label, others=metric.label)
    return Rank(why_not=words)


def _lazily(sentence: str, **facts: object) -> "StrPromise":
    """A refusal tells it in the reader's language, the evidence keeps it in English."""
    return format_lazy(gettext_lazy(sentence), **facts)


def overtaken(plan: Reallocation, lines: Sequence[ReallocationLine], *, at: datetime) -> list[str]:
    """Sentences for how the order of the best has changed since the plan was made.

    Another campaign leads, or two between which money would move have changed places. Compared are those that
    were compared then, less what has ended.
    """
    then = {row["campaign"]: row["p_best"] for row in plan.evidence.get("ranking", [])}
    if not then or all(line.target_campaign is None for line in lines):
        return []  # to the reserve, whoever is best
    found = Campaign.objects.of(plan.workspace).filter(key__in=then)
    campaigns = list(found.select_related("workspace", "hypothesis").order_by("id"))
    names = {campaign.key: campaign.name for campaign in campaigns}
    now = _p_best_now(campaigns, at=at)
    leader = next(iter(then))  # the best comes first
    name = names[leader]
    if leader not in now:
        return [_(sentences.LEADER_LEFT).format(campaign=name)]
    best = min(now, key=lambda key: (-now[key], key))
    if now[best] > now[leader]:
        return [_(sentences.NEW_LEADER).format(campaign=names[best], other=name)]
    pairs = [(line.source_key, line.target_key) for line in lines]
    return [
        _(sentences.CHANGED_PLACES).format(donor=names[donor], receiver=names[receiver])
        for donor, receiver in pairs
        if donor in now
        and receiver in now
        and (then[receiver] - then[donor]) * (now[receiver] - now[donor]) < 0
    ]


def _p_best_now(campaigns: Sequence[Campaign], *, at: datetime) -> dict[str, float]:
    """Of those that still run and count days of one and the same outcome, by key."""
    running = {campaign.pk: campaign for campaign in campaigns if not campaign.is_finished}
    known = chances(running.values(), at=at)
    days = {pk: chance.days for pk, chance in known.items() if chance.days is not None}
    metric = next((known[pk].metric for pk in days), None)
    if metric is None:
        return {}
    ranks = _best_of(metric, days)
    return {running[pk].key: rank.p_best for pk, rank in ranks.items() if rank.p_best is not None}
