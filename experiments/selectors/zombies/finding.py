"""All campaigns at once: a cheap test of every signal tells whom to look at closely."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from experiments.choices import METRICS, ZombieSignal
from experiments.models import Campaign
from experiments.selectors.columns import microseconds, moment
from experiments.selectors.estimates import Estimates
from experiments.selectors.flags import Flags
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import PLACES, Cells, Measurements, Phase, measures_of
from experiments.selectors.outlook import hopeless_outlooks
from experiments.selectors.rules import Rules
from experiments.selectors.zombies.facts import Facts, read_breaches, read_resumptions
from experiments.selectors.zombies.suspect import TESTS, Signal, Suspect, target_cost

_HOUR = 3_600_000_000  # in microseconds


def zombie_metrics(campaigns: Sequence[Campaign]) -> set[str]:
    """By which these campaigns are held against a target."""
    return {
        campaign.hypothesis.primary_metric
        for campaign in campaigns
        if campaign.hypothesis is not None and campaign.hypothesis.target is not None
    }


def zombie_measures(campaigns: Sequence[Campaign]) -> set[str]:
    """Every measure that the signals of these campaigns read."""
    return {"spend"}.union(*(measures_of(METRICS[key]) for key in zombie_metrics(campaigns)))


def find_zombies(
    measured: Measurements,
    days: Mapping[str, MatureDays],
    estimates: Estimates,
    rules: Rules,
    flags: Flags,
    *,
    has_breaches: bool,
    at: datetime,
) -> dict[int, list[Signal]]:
    """The signals at ``at`` of the campaigns that give any, by id.

    ``measured``: with baseline. ``days``: those that count, by each of the ``zombie_metrics``.
    ``has_breaches``: whether there may be open breaches to be read.
    """
    campaigns = measured.campaigns
    breaches = read_breaches(campaigns) if has_breaches else {}
    ahead = hopeless_outlooks(campaigns, days, estimates)
    spend = measured.values["spend"]
    daily = np.where(measured.reported("spend").any(axis=1), np.nansum(spend, axis=1), np.nan).round(PLACES)
    late = np.where(measured.phase["spend"] == Phase.STOPPED, spend, np.nan)
    after_stop = np.nansum(late, axis=1).round(PLACES)
    whole = measured.whole("spend", at=at)
    suspected = {
        ZombieSignal.UNDEAD: (after_stop > 0).any(axis=1),
        ZombieSignal.BREACHED: np.array([campaign.pk in breaches for campaign in campaigns]),
        ZombieSignal.OVERDUE: _may_be_overdue(campaigns, at=at),
        ZombieSignal.UNPLANNED: np.array([not rules.criteria[campaign.pk] for campaign in campaigns]),
        ZombieSignal.HOPELESS: np.isin(np.arange(len(campaigns)), list(ahead)),
        ZombieSignal.BARREN: _may_be_barren(campaigns, days),
        ZombieSignal.BLIND: _may_be_blind(measured, at=at),
        ZombieSignal.OVERSPENT: _may_be_overspent(measured),
    }
    launched = np.array([campaign.launched_at is not None for campaign in campaigns], dtype=np.bool_)
    suspects = np.flatnonzero(np.logical_or.reduce(list(suspected.values())) & launched)
    silent = np.flatnonzero(suspected[ZombieSignal.BLIND]).tolist()
    facts = Facts(
        breaches=breaches,
        with_criteria=frozenset(pk for pk, criteria in rules.criteria.items() if criteria),
        reported_at={
            campaigns[index].pk: moment(measured.reported_at[index])
            for index in silent
            if measured.reported_at[index]
        },
        resumed_at=read_resumptions(campaigns[index] for index in silent),
        put_to_rest_at=flags.put_to_rest_at,
    )
    found = {}
    for index in suspects.tolist():
        suspect = Suspect(
            campaign=campaigns[index],
            index=index,
            measured=measured,
            daily=daily[index],
            after_stop=after_stop[index],
            whole=whole[index],
            facts=facts,
            mature=days,
            outlook=ahead.get(index),
            at=at,
        )
        signals = [test(suspect) for kind, test in TESTS.items() if suspected[kind][index]]
        found[campaigns[index].pk] = [signal for signal in signals if signal is not None]
    return found


def _spending(campaigns: Sequence[Campaign]) -> Cells:
    return np.array([campaign.is_spending for campaign in campaigns], dtype=np.bool_)


def _may_be_overdue(campaigns: Sequence[Campaign], *, at: datetime) -> Cells:
    today = {home.pk: home.local_day(at) for home in {campaign.workspace for campaign in campaigns}}
    return np.array(
        [
            campaign.hypothesis is not None
            and campaign.hypothesis.decide_by is not None
            and campaign.hypothesis.decide_by < today[campaign.workspace_id]
            for campaign in campaigns
        ],
        dtype=np.bool_,
    )


def _may_be_barren(campaigns: Sequence[Campaign], days: Mapping[str, MatureDays]) -> Cells:
    """Spending, and without a conversion of the kind that has a target cost."""
    costs = [target_cost(campaign) for campaign in campaigns]
    without = np.zeros(len(campaigns), dtype=np.bool_)
    for key in set(filter(None, costs)):
        mature = days[key]
        events = mature.measured.values[METRICS[key].events]
        none_came = np.where(mature.countable, events, 0.0).sum(axis=(1, 2)) == 0
        without |= none_came & np.array([cost == key for cost in costs])
    return without & _spending(campaigns)


def _may_be_blind(measured: Measurements, *, at: datetime) -> Cells:
    """Meant to spend, and silent for long, unless it was resumed meanwhile."""
    campaigns = measured.campaigns
    launched = [microseconds(campaign.launched_at) if campaign.launched_at else 0 for campaign in campaigns]
    limits = np.array([campaign.workspace.blind_after_hours for campaign in campaigns], dtype=np.int64)
    heard = np.maximum(np.array(launched, dtype=np.int64), measured.reported_at)
    return np.asarray((microseconds(at) - heard >= limits * _HOUR) & _spending(campaigns))


def _may_be_overspent(measured: Measurements) -> Cells:
    """Meant to spend, and cut, or with about its budget reported; the last cent is looked at closely."""
    launched = measured.phase["spend"] != Phase.BASELINE
    total = np.nansum(np.where(launched, measured.values["spend"], np.nan), axis=(1, 2))
    budget = np.array([float(campaign.budget) for campaign in measured.campaigns])
    beyond = (total > budget * (1 - 1e-9) - 1e-3) & (total > 0)
    is_cut = np.array([campaign.cut_at is not None for campaign in measured.campaigns], dtype=np.bool_)
    return np.asarray((beyond | is_cut) & _spending(measured.campaigns))
