"""How a sprint stands: what each campaign measures, what is decided, what it costs to wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from experiments.choices import CampaignStatus, Metric, VerdictCode
from experiments.models import Breach, Campaign, CriterionWatch, Hypothesis
from experiments.selectors.arm_rows import ArmRow
from experiments.selectors.results import Analysis
from experiments.services.values import in_quotes, listed
from sprints.choices import CommitmentState
from sprints.models import Commitment, Decision, Sprint
from sprints.selectors.savings import NOTHING

# From here on a rule is near enough to its line to say that the campaign leans to a no.
LEANING = 0.8


@dataclass(frozen=True, slots=True)
class BoardDay:
    """One day of a campaign; ``None`` is not known."""

    on: date
    value: float | None
    spend: Decimal | None
    is_settled: bool


@dataclass(frozen=True, slots=True)
class BoardNumbers:
    """What a campaign's days say on a board, by the metric of its hypothesis."""

    metric: Metric
    value: float | None
    spend: Decimal | None
    # What a day costs.
    pace: Decimal | None
    conversions: Decimal | None
    # What was counted for the metric, by arm key.
    events: Mapping[str, Decimal]
    days: Sequence[BoardDay]
    # ``None`` where the arms are not compared.
    analysis: Analysis | None


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """How a campaign stands: its result so far and the rule that is nearest to its line."""

    campaign: Campaign
    numbers: BoardNumbers
    budget: Decimal
    planned_by_now: Decimal | None
    # Its budget when it was killed; what has moved on since is saved all the same. ``None`` if it was not.
    killed_with: Decimal | None
    watch: CriterionWatch | None
    strengths: Sequence[float]
    breaches: Sequence[Breach]
    # Whether it spends, be it meant to or not.
    goes_on_spending: bool
    arms: Sequence[ArmRow]

    @property
    def metric(self) -> Metric:
        return self.numbers.metric

    @property
    def value(self) -> float | None:
        return self.numbers.value

    @property
    def spend(self) -> Decimal | None:
        return self.numbers.spend

    @property
    def conversions(self) -> Decimal | None:
        return self.numbers.conversions

    @property
    def events(self) -> Mapping[str, Decimal]:
        return self.numbers.events

    @property
    def days(self) -> Sequence[BoardDay]:
        return self.numbers.days

    @property
    def analysis(self) -> Analysis | None:
        return self.numbers.analysis

    @property
    def counted(self) -> Decimal | None:
        """What was counted for the metric, over all arms."""
        return sum(self.events.values(), NOTHING) if self.events else None

    @property
    def has_numbers(self) -> bool:
        """Whether anything was reported of it at all."""
        return bool(self.days)

    @property
    def waits_for_numbers(self) -> bool:
        """Whether it is meant to spend and nothing tells whether it does."""
        return self.campaign.is_spending and not self.has_numbers

    @property
    def has_open_days(self) -> bool:
        """Whether late conversions may still change a day that is shown."""
        return any(item.value is not None and not item.is_settled for item in self.days)

    @property
    def has_values(self) -> bool:
        """Whether there is a day to draw."""
        return any(item.value is not None for item in self.days)

    def spent_after(self, day: date) -> Decimal:
        return sum((item.spend or NOTHING for item in self.days if item.on > day), NOTHING)

    @property
    def best_arm(self) -> ArmRow | None:
        """The treatment most likely to beat the control; ``None`` where nothing is compared yet."""
        compared = [row for row in self.arms if row.comparison and row.interval]
        return max(
            compared,
            key=lambda row: (row.comparison or {}).get("chance_to_beat_control") or 0.0,
            default=None,
        )

    @property
    def control(self) -> ArmRow | None:
        return next((row for row in self.arms if row.is_control), None)

    @property
    def trend(self) -> str:
        """How the evidence moved with the last day."""
        if len(self.strengths) < 2:  # noqa: PLR2004 - two days make a movement
            return ""
        before, now = self.strengths[-2:]
        return _("rising") if now > before else _("falling") if now < before else _("as before")

    @property
    def ended_on_day(self) -> int | None:
        """The day of its life on which it stopped, 1 for the first."""
        if self.campaign.ended_at is None or self.campaign.starts_on is None:
            return None
        return (self.campaign.workspace.local_day(self.campaign.ended_at) - self.campaign.starts_on).days + 1

    @property
    def killed_on(self) -> str:
        if not self.ended_on_day:
            return _("Killed")
        return _("Killed on day {day}").format(day=self.ended_on_day)

    @property
    def is_killed(self) -> bool:
        return self.campaign.status == CampaignStatus.KILLED

    @property
    def is_winning(self) -> bool:
        verdict = self.analysis.verdict.code if self.analysis else None
        return verdict == VerdictCode.WIN

    @property
    def is_leaning_no(self) -> bool:
        return bool(self.breaches) or bool(self.strengths and self.strengths[-1] >= LEANING)

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

    @property
    def is_over(self) -> bool:
        """Whether a rule or a person has said no already, so that only the learning is missing."""
        return any(item.breaches or item.is_killed for item in self.campaigns)

    @property
    def money_per_day(self) -> Decimal:
        """What goes on being spent while nobody decides."""
        return sum(
            (item.numbers.pace or NOTHING for item in self.campaigns if item.goes_on_spending), NOTHING
        )

    @property
    def saved(self) -> Decimal:
        return sum((item.saved or NOTHING for item in self.campaigns), NOTHING)

    @property
    def first(self) -> RunningCampaign | None:
        return next(iter(self.campaigns), None)

    @property
    def has_values(self) -> bool:
        return any(item.has_values for item in self.campaigns)

    @property
    def has_rules(self) -> bool:
        return any(item.watch for item in self.campaigns)


@dataclass(frozen=True, slots=True)
class Board:
    """A sprint that has started."""

    sprint: Sprint
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
        """Campaigns that are meant to spend and of which something is reported."""
        return sum(item.campaign.is_spending and item.has_numbers for item in self.campaigns)

    @property
    def waiting_for_numbers(self) -> int:
        return sum(item.waits_for_numbers for item in self.campaigns)

    @property
    def saved(self) -> Decimal:
        return sum((item.saved or NOTHING for item in self.campaigns), NOTHING)

    @property
    def undecided(self) -> list[RunningHypothesis]:
        return [row for row in self.hypotheses if row.is_open]

    @property
    def undecided_titles(self) -> str:
        return listed([in_quotes(row.hypothesis.title) for row in self.undecided])

    @property
    def decided(self) -> list[RunningHypothesis]:
        return [row for row in self.hypotheses if not row.is_open]

    @property
    def moved(self) -> int:
        """How many of the decided moved the business forward."""
        return sum(bool(row.decision and row.decision.moved_the_business) for row in self.decided)

    @property
    def money_per_day(self) -> Decimal:
        """What the undecided go on spending."""
        return sum((row.money_per_day for row in self.undecided), NOTHING)

    @property
    def killed(self) -> list[RunningCampaign]:
        return [item for item in self.campaigns if item.is_killed]

    @property
    def conversions(self) -> Decimal | None:
        known = [item.conversions for item in self.campaigns if item.conversions is not None]
        return sum(known, NOTHING) if known else None
