"""A sprint as its pages show it: what is still missing before it, how it stands while it runs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from django.db.models import Prefetch, Q

from experiments.choices import CampaignStatus, EvidenceKind, Metric
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.selectors.analysis import analyse_many, measures_for
from experiments.selectors.arm_rows import arm_rows
from experiments.selectors.campaign_pages import with_plan
from experiments.selectors.measurements import Measurements, exact, read_measurements
from experiments.selectors.results import Analysis
from sprints.choices import SprintStatus
from sprints.models import Commitment, Decision, Sprint
from sprints.selectors.savings import budgets_at, budgets_when_ended
from sprints.selectors.standing import Board, BoardDay, RunningCampaign, RunningHypothesis
from workspaces.models import Workspace

STEPS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class SprintRow:
    """A line of the list of sprints."""

    sprint: Sprint
    # Each with what was decided about it there; "" while nothing is.
    hypotheses: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Money:
    """What the ledger says of one campaign, and the plan."""

    budget: Decimal
    killed_with: Decimal | None
    planned_by_now: Decimal | None


def sprint_rows(sprints: Sequence[Sprint]) -> list[SprintRow]:
    """Sprints with what they took on and what was decided, in two queries."""
    decided = {
        (decision.sprint_id, decision.hypothesis_id): decision.decision
        for decision in Decision.objects.filter(sprint__in=sprints)
    }
    rows: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    taken = Commitment.objects.kept().filter(sprint__in=sprints).order_by("position")
    for sprint_id, hypothesis_id, title in taken.values_list("sprint", "hypothesis", "hypothesis__title"):
        rows[sprint_id].append((title, decided.get((sprint_id, hypothesis_id), "")))
    return [SprintRow(sprint, rows[sprint.pk]) for sprint in sprints]


def sprints_at_hand(workspace: Workspace, *, number: int) -> list[Sprint]:
    """What is planned, runs or is in review, and the sprint of that number, in the order of their days."""
    at_hand = Q(status__in=[SprintStatus.PLANNING, SprintStatus.RUNNING, SprintStatus.IN_REVIEW])
    sprints = list(
        Sprint.objects.of(workspace).filter(at_hand | Q(number=number)).order_by("starts_on", "number")
    )
    for sprint in sprints:
        sprint.workspace = workspace
    return sprints


def read_board(sprint: Sprint, *, at: datetime) -> Board:
    """How the sprint stands at ``at``; a closed one as it stood at its end, whatever ran on or moved."""
    if sprint.status == SprintStatus.CLOSED and sprint.closed_at is not None:
        [board] = _boards(
            [sprint], closed_at=sprint.closed_at, as_of=sprint.ends_on, with_analyses=True, at=at
        )
    else:
        [board] = read_boards([sprint], at=at)
    return board


def read_boards(sprints: Sequence[Sprint], *, with_analyses: bool = True, at: datetime) -> list[Board]:
    """How sprints that are not closed stand, in as many queries for several as for one.

    ``with_analyses``: whether their arms are compared, too.
    """
    return _boards(sprints, closed_at=None, as_of=None, with_analyses=with_analyses, at=at)


def _boards(
    sprints: Sequence[Sprint],
    *,
    closed_at: datetime | None,
    as_of: date | None,
    with_analyses: bool,
    at: datetime,
) -> list[Board]:
    if not sprints:
        return []
    commitments = _kept_commitments(sprints)
    campaigns = campaigns_of(commitments, with_criteria=False)
    rows = [campaign for row in campaigns.values() for campaign in row if not campaign.is_draft]
    measured = read_measurements(rows, {"spend", "conversions", *_measures(rows)}, as_of=as_of)
    analyses = analyse_many(rows, measured=measured, at=at) if rows and with_analyses else {}
    budgets = (
        {campaign.pk: campaign.budget for campaign in rows}
        if closed_at is None
        else budgets_at({campaign.pk: closed_at for campaign in rows})
    )
    watches = _nearest_watches(rows)
    breaches: defaultdict[int, list[Breach]] = defaultdict(list)
    for breach in Breach.objects.open().filter(campaign__in=rows).order_by("at"):
        breaches[breach.campaign_id].append(breach)
    decisions = {
        (decision.sprint_id, decision.hypothesis_id): decision
        for decision in Decision.objects.filter(sprint__in=sprints).select_related(
            "decided_by", "child", "carry_to"
        )
    }
    killed = [campaign for campaign in rows if campaign.status == CampaignStatus.KILLED]
    killed_with = budgets_when_ended(killed) if killed else {}
    places = {campaign.pk: index for index, campaign in enumerate(rows)}

    def running(campaign: Campaign, sprint: Sprint) -> RunningCampaign:
        budget, today = budgets[campaign.pk], sprint.workspace.local_day(at)
        return _running(
            campaign,
            places[campaign.pk],
            measured,
            watches.get(campaign.pk),
            breaches[campaign.pk],
            analyses.get(campaign.pk),
            _Money(
                budget,
                killed_with=killed_with.get(campaign.pk),
                planned_by_now=_planned_by_now(campaign, budget, sprint, today),
            ),
            at=at,
        )

    return [
        Board(
            [
                RunningHypothesis(
                    commitment,
                    commitment.hypothesis,
                    [
                        running(campaign, sprint)
                        for campaign in campaigns[commitment.hypothesis_id]
                        if campaign.pk in places
                    ],
                    decisions.get((sprint.pk, commitment.hypothesis_id)),
                )
                for commitment in commitments
                if commitment.sprint_id == sprint.pk
            ]
        )
        for sprint in sprints
    ]


def kept_commitments(sprint: Sprint) -> list[Commitment]:
    return _kept_commitments([sprint])


def _kept_commitments(sprints: Sequence[Sprint]) -> list[Commitment]:
    return list(
        Commitment.objects.kept()
        .filter(sprint__in=sprints)
        .select_related("hypothesis__owner")
        .order_by("position")
    )


def campaigns_of(
    commitments: Sequence[Commitment], *, with_criteria: bool = True
) -> dict[int, list[Campaign]]:
    """The campaigns of each hypothesis, by its id, with their arms and, where asked, the rules in force."""
    by_hypothesis: dict[int, list[Campaign]] = {item.hypothesis_id: [] for item in commitments}
    mine = Campaign.objects.filter(hypothesis__in=list(by_hypothesis)).order_by("pk")
    found = (
        with_plan(mine)
        if with_criteria
        else mine.select_related("workspace", "hypothesis__owner").prefetch_related("arms")
    )
    for campaign in found.exclude(status="discarded"):
        if campaign.hypothesis_id is not None:
            by_hypothesis[campaign.hypothesis_id].append(campaign)
    return by_hypothesis


def _measures(campaigns: Sequence[Campaign]) -> set[str]:
    metrics = [campaign.hypothesis.metric for campaign in campaigns if campaign.hypothesis]
    return {measure for metric in metrics for measure in measures_for(metric)}


def _nearest_watches(campaigns: Sequence[Campaign]) -> dict[int, CriterionWatch]:
    """For each campaign the rule in force whose evidence is nearest to its line."""
    in_force = KillCriterion.objects.filter(campaign__in=campaigns).in_force()
    watches = (
        CriterionWatch.objects.filter(criterion__in=in_force, criterion__evidence=EvidenceKind.PROBABLE)
        .select_related("criterion", "arm")
        .prefetch_related(Prefetch("judgements", queryset=Judgement.objects.order_by("data_through")))
        .order_by("pk")
    )
    nearest: dict[int, CriterionWatch] = {}
    for watch in watches:
        known = nearest.get(watch.criterion.campaign_id)
        if known is None or _distance(watch) < _distance(known):
            nearest[watch.criterion.campaign_id] = watch
    return nearest


def _distance(watch: CriterionWatch) -> float:
    return watch.criterion.confidence - (watch.strength or 0.0)


def _running(
    campaign: Campaign,
    index: int,
    measured: Measurements,
    watch: CriterionWatch | None,
    breaches: Sequence[Breach],
    analysis: Analysis | None,
    money: _Money,
    *,
    at: datetime,
) -> RunningCampaign:
    if campaign.hypothesis is None:
        raise ValueError(f"Campaign {campaign.key} is on a board without a hypothesis.")
    metric = campaign.hypothesis.metric
    spend = measured.values["spend"][index]
    counted = measured.countable(metric)[index]
    top, bottom = (
        np.where(counted, measured.values[key][index], 0.0).sum()
        for key in (metric.numerator, metric.denominator)
    )
    strengths = (
        [item.strength for item in watch.judgements.all() if item.strength is not None] if watch else []
    )
    return RunningCampaign(
        campaign=campaign,
        metric=metric,
        value=metric.value(float(top), float(bottom)) if counted.any() else None,
        spend=exact(float(np.nansum(spend))) if measured.reported("spend")[index].any() else None,
        budget=money.budget,
        planned_by_now=money.planned_by_now,
        killed_with=money.killed_with,
        watch=watch,
        strengths=strengths[-STEPS_SHOWN:],
        breaches=breaches,
        days=_days(index, metric, measured, at=at),
        arms=arm_rows(list(campaign.arms.all()), analysis.as_dict(), metric, events={}) if analysis else [],
        analysis=analysis,
        conversions=_total(measured, "conversions", index),
    )


def _total(measured: Measurements, measure: str, index: int) -> Decimal | None:
    if not measured.reported(measure)[index].any():
        return None
    return exact(float(np.nansum(measured.values[measure][index])))


def _days(index: int, metric: Metric, measured: Measurements, *, at: datetime) -> list[BoardDay]:
    """Every reported day: the campaign's metric over its arms, and what it spent."""
    spend, known = measured.values["spend"][index], measured.reported("spend")[index].any(axis=0)
    counted = measured.countable(metric)[index]
    settled = (measured.complete(metric, at=at)[index] | ~counted).all(axis=0)
    top, bottom = (
        np.where(counted, measured.values[key][index], 0.0).sum(axis=0)
        for key in (metric.numerator, metric.denominator)
    )
    return [
        BoardDay(
            measured.day(index, int(day)),
            metric.value(float(top[day]), float(bottom[day])) if counted[:, day].any() else None,
            exact(float(np.nansum(spend[:, day]))) if known[day] else None,
            is_settled=bool(settled[day]),
        )
        for day in np.flatnonzero(known | counted.any(axis=0))
    ]


def _planned_by_now(campaign: Campaign, budget: Decimal, sprint: Sprint, today: date) -> Decimal | None:
    """The budget's share for the days that are over, were it spent evenly."""
    if campaign.starts_on is None:
        return None
    last = campaign.runs_until or sprint.ends_on
    length = (last - campaign.starts_on).days + 1
    over = min(max((today - campaign.starts_on).days, 0), length)
    return (budget * over / length).quantize(Decimal("0.01")) if length > 0 else None
