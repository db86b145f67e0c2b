"""What the pages about campaigns show, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from django.db.models import CharField, IntegerField, QuerySet
from django.db.models.functions import Cast

from experiments.choices import METRICS, CriterionLevel, EvidenceKind, WatchState
from experiments.models import (
    Amendment,
    Arm,
    Breach,
    Campaign,
    CriterionWatch,
    Judgement,
    KillCriterion,
    ObservationBatch,
)
from experiments.models.campaign import CampaignQuerySet
from experiments.models.criterion import KillCriterionQuerySet
from experiments.selectors.ahead import Ahead, measures_ahead
from experiments.selectors.analysis import Known, measures_for
from experiments.selectors.campaign_numbers import main_metric
from experiments.selectors.criteria import is_overturned
from experiments.selectors.estimates import Tenants, read_tenants
from experiments.selectors.measurements import (
    exact,
    measures_of,
    read_measurements,
    read_spend,
)
from experiments.stats.always_valid import breach_log_e
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.models.prepared import Given, Prepared

# The state that a criterion shows where its arms stand in several.
_URGENCY = (
    WatchState.BREACHED,
    WatchState.JUDGING,
    WatchState.WAITING,
    WatchState.OVERRULED,
    WatchState.SETTLED,
)
# Events that are read for a page, before they are folded.
MOST_EVENTS = 120
# Days of evidence that a drawing has room for.
MOST_STEPS = 7


@dataclass(frozen=True, slots=True)
class GuardView:
    key: str
    have: Decimal | None
    need: Decimal
    # At the present pace; ``None`` where it is not reached in time, or the pace is not known.
    reached_on: date | None = None
    # The late measure that it waits for: recent days count in part, as far as that measure is visible.
    late: str = ""

    @property
    def is_met(self) -> bool:
        return self.have is not None and self.have >= self.need


@dataclass(frozen=True, slots=True)
class WatchView:
    """One criterion at one place, with how its evidence grew."""

    watch: CriterionWatch
    arm: Arm | None
    history: Sequence[Judgement]
    # Where its days would lead if they went on; ``None`` where it does not spend or nothing counts yet.
    ahead: Ahead | None = None

    @property
    def strengths(self) -> list[float]:
        """Chances, oldest first; empty where the kind of evidence has none or nothing was judged."""
        if self.watch.criterion.evidence != EvidenceKind.PROBABLE:
            return []
        return [item.strength for item in self.history if item.strength is not None][-MOST_STEPS:]

    @property
    def is_overturned(self) -> bool:
        return is_overturned(self.watch, self.history)

    @property
    def steps(self) -> list[tuple[date, float]]:
        return [(item.data_through, item.strength) for item in self.history if item.strength is not None][
            -MOST_STEPS:
        ]

    @property
    def e_value(self) -> float | None:
        return self.watch.strength if self.watch.criterion.evidence == EvidenceKind.ALWAYS_VALID else None

    @property
    def is_undecided(self) -> bool:
        """Whether its rule may still speak, so that it matters when."""
        return self.watch.state in {WatchState.WAITING, WatchState.JUDGING}

    @property
    def guards(self) -> list[GuardView]:
        progress = self.watch.guard_progress
        reached_on = self.ahead.guards if self.ahead else {}
        metric = METRICS[self.watch.criterion.metric]
        # The number as it stands makes no allowance for what is late.
        waits = metric.is_late and self.watch.criterion.evidence != EvidenceKind.OBSERVED
        outcome = metric.denominator if metric.exposure == metric.numerator else metric.numerator
        return [
            GuardView(
                key,
                _decimal(progress.get(key, {}).get("have")),
                Decimal(str(need)),
                reached_on=reached_on.get(key),
                late=outcome if waits and key == metric.exposure else "",
            )
            for key, need in self.watch.criterion.guards.items()
        ]


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@dataclass(frozen=True, slots=True)
class CriterionView:
    """A kill criterion as the page tells it."""

    criterion: KillCriterion
    watches: Sequence[WatchView]
    breaches: Sequence[Breach]
    # The last time that a manager let it rest.
    overrule: Breach | None = None

    @property
    def state(self) -> str:
        states = {item.watch.state for item in self.watches}
        return next((state.value for state in _URGENCY if state in states), "draft")

    @property
    def is_silent(self) -> bool:
        """Whether it has not spoken anywhere, as far as it was judged."""
        return all(item.is_undecided for item in self.watches)

    @property
    def strongest(self) -> WatchView | None:
        """The place where the evidence is strongest."""
        return max(self.watches, key=lambda item: item.watch.strength or 0, default=None)

    @property
    def is_by_arm(self) -> bool:
        return self.criterion.level == CriterionLevel.ARM

    @property
    def needed_e_value(self) -> float:
        return float(np.exp(breach_log_e(self.criterion.confidence)))

    @property
    def overruled_until(self) -> date | None:
        return max(
            (item.watch.overruled_until for item in self.watches if item.watch.overruled_until), default=None
        )


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """A row of the list."""

    campaign: Campaign
    spend: Decimal | None
    watch: CriterionWatch | None

    @property
    def strength(self) -> float | None:
        """The chance of the criterion that is nearest to its line."""
        return self.watch.strength if self.watch else None

    @property
    def strengths(self) -> list[float]:
        return [] if self.strength is None else [self.strength]


def campaign_cards(campaigns: Iterable[Campaign]) -> list[CampaignCard]:
    """Campaigns with what they have spent and the criterion that is nearest to its line."""
    rows = list(campaigns)
    spent = _spend(rows)
    nearest: dict[int, CriterionWatch] = {}
    watches = CriterionWatch.objects.filter(
        criterion__campaign__in=rows, criterion__retired_at__isnull=True
    ).select_related("criterion")
    for watch in watches:
        if watch.criterion.evidence == EvidenceKind.PROBABLE and watch.strength is not None:
            known = nearest.get(watch.criterion.campaign_id)
            if known is None or _distance(watch) < _distance(known):
                nearest[watch.criterion.campaign_id] = watch
    return [CampaignCard(campaign, spent.get(campaign.pk), nearest.get(campaign.pk)) for campaign in rows]


def _distance(watch: CriterionWatch) -> float:
    return watch.criterion.confidence - (watch.strength or 0)


def _spend(campaigns: Sequence[Campaign]) -> dict[int, Decimal]:
    """Spend since the launch by campaign id; whoever never reported any is missing."""
    launched = [campaign for campaign in campaigns if campaign.launched_at]
    if not launched:
        return {}
    measured = read_spend(launched)
    known = np.asarray(measured.reported("spend").any(axis=(1, 2)))
    totals = np.nansum(measured.values["spend"], axis=(1, 2))
    return {campaign.pk: exact(totals[index]) for index, campaign in enumerate(launched) if known[index]}


def _with_rules(criteria: KillCriterionQuerySet) -> CampaignQuerySet:
    return (
        Campaign.objects.select_related("workspace", "hypothesis__owner", "revives")
        .with_rows("arms", Arm.objects.order_by("position"))
        .with_rows("kill_criteria", criteria.order_by("position"))
    )


# Made once, because making a query of many parts takes longer than asking it.
# Everything that was agreed: hypothesis, owner, arms and the criteria in force.
WITH_PLAN = _with_rules(KillCriterion.objects.in_force())
# How the evidence of each criterion grew at each place.
WATCHES = CriterionWatch.objects.order_by("pk").with_rows(
    "judgements", Judgement.objects.only("data_through", "state", "strength").order_by("data_through")
)
# What was agreed, and what became of it: watches and their evidence, breaches, amendments and revivals.
WITH_STORY = (
    _with_rules(KillCriterion.objects.in_force().with_rows("watches", WATCHES))
    .with_rows(
        "breaches",
        Breach.objects.exclude(closed_as=WatchState.SETTLED).order_by("at"),
        joined=["watch", "closed_by"],
    )
    .with_rows("amendments", Amendment.objects.order_by("-at"), joined=["by"])
    .with_rows("revivals", Campaign.objects.order_by("pk"))
)


def by_key(campaigns: "QuerySet[Campaign]") -> Prepared[Campaign]:
    """The one of a ``workspace`` that has this ``key``."""
    return Prepared(
        lambda: campaigns.filter(workspace=Given("workspace", IntegerField()), key=Given("key", CharField()))
    )


PLANNED = by_key(WITH_PLAN)
STORY = by_key(WITH_STORY)


def read_known(campaign: Campaign, beside: Sequence[Campaign], *, tenants: Tenants | None = None) -> Known:
    """The days of a campaign ``WITH_PLAN`` and of those beside it, in all that its page tells of them."""
    tenants = tenants or read_tenants([campaign.workspace_id])
    measures = measures_for(main_metric(campaign)) | measures_ahead(list(campaign.kill_criteria.all()))
    for other in beside:
        if other.hypothesis is not None:
            measures |= measures_of(other.hypothesis.metric)
    return Known(read_measurements([campaign, *beside], measures, sources=tenants.sources), tenants)


def criteria_views(
    campaign: Campaign, *, ahead: Mapping[tuple[int, int | None], Ahead] | None = None
) -> list[CriterionView]:
    """The criteria in force with their watches, evidence and open breaches; needs ``WITH_STORY``."""
    going_on = ahead or {}
    criteria = list(campaign.kill_criteria.all())
    arms = {arm.pk: arm for arm in campaign.arms.all()}
    breaches: dict[int, list[Breach]] = defaultdict(list)
    overrules: dict[int, Breach] = {}
    for breach in campaign.breaches.all():
        if breach.closed_at is None:
            breaches[breach.watch.criterion_id].append(breach)
        else:
            overrules[breach.watch.criterion_id] = breach
    views = []
    for criterion in criteria:
        criterion.workspace = campaign.workspace
        views.append(
            CriterionView(
                criterion,
                [
                    WatchView(
                        watch,
                        arms.get(watch.arm_id or 0),
                        list(watch.judgements.all()),
                        going_on.get((criterion.pk, watch.arm_id)),
                    )
                    for watch in criterion.watches.all()
                ],
                breaches[criterion.pk],
                overrules.get(criterion.pk),
            )
        )
    return views


def campaign_events(campaign: Campaign) -> list[Event]:
    """What happened lately, newest first. Numbers are restated every night, and a run of nights is one.

    That a program posts numbers is routine; that somebody imports them is not.
    """
    events = Event.objects.of(campaign.workspace).order_by()
    imports = ObservationBatch.objects.of(campaign.workspace).imported().order_by()
    imported = events.posts_naming(campaign.key).filter(
        subject_id__in=imports.values(as_subject=Cast("pk", CharField()))
    )
    found = events.about("campaign", campaign.key).union(imported, all=True).order_by("-id")
    lines: list[Event] = []
    for event in found[:MOST_EVENTS]:
        last = lines[-1] if lines else None
        is_routine = event.kind == EventKind.METRICS_RESTATED
        if last and is_routine and event.kind == last.kind and event.actor_label == last.actor_label:
            last.times += 1
            last.first_at = event.at
        else:
            lines.append(event)
    return lines
