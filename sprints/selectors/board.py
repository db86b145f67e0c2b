"""A sprint as its pages show it: what is still missing before it, how it stands while it runs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from django.db.models import Prefetch

from experiments.choices import CampaignStatus, EvidenceKind, Metric
from experiments.models import Breach, Campaign, CriterionWatch, Hypothesis, Judgement, KillCriterion
from experiments.selectors.campaign_pages import with_plan
from experiments.selectors.measurements import Measurements, exact, measures_of, read_measurements
from sprints.choices import CommitmentState, SprintStatus
from sprints.models import Commitment, Decision, Sprint
from sprints.selectors.savings import NOTHING, budgets_at, budgets_when_ended

STEPS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class SprintRow:
    """A line of the list of sprints."""

    sprint: Sprint
    # Each with what was decided about it there; "" while nothing is.
    hypotheses: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """How a campaign stands: its result so far and the rule that is nearest to its line."""

    campaign: Campaign
    metric: Metric
    value: float | None
    spend: Decimal | None
    budget: Decimal
    planned_by_now: Decimal | None
    # Its budget when it was killed; what has moved on since is saved all the same. ``None`` if it was not.
    killed_with: Decimal | None
    watch: CriterionWatch | None
    strengths: Sequence[float]
    breaches: Sequence[Breach]

    @property
    def limit(self) -> float | None:
        return self.watch.criterion.confidence if self.watch else None

    @property
    def saved(self) -> Decimal | None:
        """What a killed campaign had left of its budget."""
        if self.killed_with is None:
            return None
        return max(self.killed_with - (self.spend or NOTHING), NOTHING)


@dataclass(frozen=True, slots=True)
class RunningHypothesis:
    commitment: Commitment
    hypothesis: Hypothesis
    campaigns: Sequence[RunningCampaign]
    decision: Decision | None

    @property
    def is_open(self) -> bool:
        return self.commitment.state == CommitmentState.ACTIVE


@dataclass(frozen=True, slots=True)
class Board:
    """A sprint that has started."""

    hypotheses: Sequence[RunningHypothesis]

    @property
    def campaigns(self) -> list[RunningCampaign]:
        return [campaign for row in self.hypotheses for campaign in row.campaigns]

    @property
    def spend(self) -> Decimal:
        return sum((item.spend or NOTHING for item in self.campaigns), NOTHING)

    @property
    def budget(self) -> Decimal:
        return sum((item.budget for item in self.campaigns), NOTHING)

    @property
    def planned_by_now(self) -> Decimal:
        return sum((item.planned_by_now or NOTHING for item in self.campaigns), NOTHING)

    @property
    def spending(self) -> int:
        return sum(item.campaign.is_spending for item in self.campaigns)

    @property
    def saved(self) -> Decimal:
        return sum((item.saved or NOTHING for item in self.campaigns), NOTHING)

    @property
    def undecided(self) -> list[RunningHypothesis]:
        return [row for row in self.hypotheses if row.is_open]


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


def read_board(sprint: Sprint, *, at: datetime) -> Board:
    """How the sprint stands at ``at``; a closed one as it stood at its end, whatever ran on or moved."""
    if sprint.status == SprintStatus.CLOSED and sprint.closed_at is not None:
        [board] = _boards([sprint], closed_at=sprint.closed_at, as_of=sprint.ends_on, at=at)
    else:
        [board] = read_boards([sprint], at=at)
    return board


def read_boards(sprints: Sequence[Sprint], *, at: datetime) -> list[Board]:
    """How sprints that are not closed stand, in as many queries for several as for one."""
    return _boards(sprints, closed_at=None, as_of=None, at=at)


def _boards(
    sprints: Sequence[Sprint], *, closed_at: datetime | None, as_of: date | None, at: datetime
) -> list[Board]:
    commitments = _kept_commitments(sprints)
    campaigns = campaigns_of(commitments)
    rows = [campaign for row in campaigns.values() for campaign in row if not campaign.is_draft]
    measured = read_measurements(rows, {"spend", *_measures(rows)}, as_of=as_of)
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
            budget=budget,
            killed_with=killed_with.get(campaign.pk),
            planned_by_now=_planned_by_now(campaign, budget, sprint, today),
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


def campaigns_of(commitments: Sequence[Commitment]) -> dict[int, list[Campaign]]:
    by_hypothesis: dict[int, list[Campaign]] = {item.hypothesis_id: [] for item in commitments}
    found = with_plan(Campaign.objects.filter(hypothesis__in=list(by_hypothesis)).order_by("pk"))
    for campaign in found.exclude(status="discarded"):
        if campaign.hypothesis_id is not None:
            by_hypothesis[campaign.hypothesis_id].append(campaign)
    return by_hypothesis


def _measures(campaigns: Sequence[Campaign]) -> set[str]:
    metrics = [campaign.hypothesis.metric for campaign in campaigns if campaign.hypothesis]
    return {measure for metric in metrics for measure in measures_of(metric)}


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
    *,
    budget: Decimal,
    killed_with: Decimal | None,
    planned_by_now: Decimal | None,
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
        budget=budget,
        planned_by_now=planned_by_now,
        killed_with=killed_with,
        watch=watch,
        strengths=strengths[-STEPS_SHOWN:],
        breaches=breaches,
    )


def _planned_by_now(campaign: Campaign, budget: Decimal, sprint: Sprint, today: date) -> Decimal | None:
    """The budget's share for the days that are over, were it spent evenly."""
    if campaign.starts_on is None:
        return None
    last = campaign.runs_until or sprint.ends_on
    length = (last - campaign.starts_on).days + 1
    over = min(max((today - campaign.starts_on).days, 0), length)
    return (budget * over / length).quantize(Decimal("0.01")) if length > 0 else None
