"""Which campaigns go on although their evidence or their plan says stop: each signal, since when, and what it
costs.

Reads only; ``services.judging`` turns signals into flags. Draft campaigns never give one.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Max

from experiments.choices import (
    METRICS,
    ArmStatus,
    MetricForm,
    ZombieResolution,
    ZombieSignal,
)
from experiments.models import Arm, Breach, Campaign, KillCriterion, Observation, ZombieFlag
from experiments.models.criterion import canonical_number
from experiments.selectors.estimates import Estimates
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import (
    PLACES,
    Amounts,
    Cells,
    Measurements,
    Phase,
    exact,
    measures_of,
)
from experiments.selectors.outlook import Outlook, outlooks
from workspaces.choices import EventKind
from workspaces.models import Event

# What a zombie costs a day is the mean over this many of its last days with spend.
DAYS_OF_PACE = 3


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to call a campaign a zombie.

    ``money_since``: spent since ``since``; ``money_per_day``: the pace of its last days; ``None`` where
    unknown. ``last_spend_on``: the last day of that spend, ``None`` where there is none.
    """

    kind: ZombieSignal
    since: datetime
    evidence: dict[str, Any]
    money_since: Decimal | None
    money_per_day: Decimal | None
    last_spend_on: date | None = None


@dataclass(slots=True)
class _Facts:
    """What is known of the campaigns beside their numbers, by campaign id."""

    breaches: dict[int, list[Breach]] = field(default_factory=dict)
    with_criteria: frozenset[int] = frozenset()
    reported_at: dict[int, datetime] = field(default_factory=dict)
    # Nobody reports a campaign while it is paused, so it is not blind before it had time to be reported
    # again.
    resumed_at: dict[tuple[int, str], datetime] = field(default_factory=dict)
    # A killed zombie that was stopped on the platform, too, walks again only with spend after that.
    put_to_rest_at: dict[int, datetime] = field(default_factory=dict)


def zombie_measures(campaigns: Sequence[Campaign]) -> set[str]:
    """Every measure that the signals of these campaigns read."""
    return {"spend"}.union(*(measures_of(METRICS[key]) for key in _metrics(campaigns)))


def _metrics(campaigns: Sequence[Campaign]) -> set[str]:
    """By which these campaigns are held against a target."""
    return {
        campaign.hypothesis.metric.key
        for campaign in campaigns
        if campaign.hypothesis is not None and campaign.hypothesis.target is not None
    }


def find_zombies(
    campaigns: Sequence[Campaign], measured: Measurements, estimates: Estimates, *, at: datetime
) -> list[list[Signal]]:
    """The signals of each campaign at ``at``. ``measured`` is of the same campaigns, with baseline."""
    facts = _read_facts(campaigns)
    mature = {
        key: mature_days(METRICS[key], measured, estimates, at=at) for key in sorted(_metrics(campaigns))
    }
    ahead = outlooks(campaigns, mature, estimates)
    spend = measured.values["spend"]
    daily = np.where(measured.reported("spend").any(axis=1), np.nansum(spend, axis=1), np.nan).round(PLACES)
    after_stop = np.nansum(np.where(measured.phase["spend"] == Phase.STOPPED, spend, np.nan), axis=1).round(
        PLACES
    )
    found = []
    for index, campaign in enumerate(campaigns):
        own = _Campaign(
            campaign=campaign,
            index=index,
            measured=measured,
            daily=daily[index],
            after_stop=after_stop[index],
            facts=facts,
            mature=mature,
            outlook=ahead.get(index),
            at=at,
        )
        found.append([] if campaign.launched_at is None else own.signals())
    return found


def _read_facts(campaigns: Sequence[Campaign]) -> _Facts:
    ids = [campaign.pk for campaign in campaigns]
    facts = _Facts()
    breaches: defaultdict[int, list[Breach]] = defaultdict(list)
    for breach in Breach.objects.open().filter(campaign__in=ids).select_related("watch__arm").order_by("at"):
        breaches[breach.campaign_id].append(breach)
    facts.breaches = dict(breaches)
    in_force = KillCriterion.objects.in_force().filter(campaign__in=ids).order_by()
    facts.with_criteria = frozenset(in_force.values_list("campaign", flat=True).distinct())
    facts.put_to_rest_at = dict(
        ZombieFlag.objects.filter(
            campaign__in=ids, signal=ZombieSignal.UNDEAD, resolution=ZombieResolution.KILLED
        )
        .order_by()
        .values_list("campaign")
        .annotate(Max("resolved_at"))
    )
    spending = [campaign.pk for campaign in campaigns if campaign.is_spending]
    facts.reported_at = dict(
        Observation.objects.of_campaigns(spending).values_list("arm__campaign").annotate(Max("reported_at"))
    )
    facts.resumed_at = {
        (workspace, key): at
        for workspace, key, at in Event.objects.filter(
            workspace__in={campaign.workspace_id for campaign in campaigns},
            kind=EventKind.CAMPAIGN_RESUMED,
            subject_type="campaign",
            subject_id__in=[campaign.key for campaign in campaigns if campaign.is_spending],
        )
        .order_by()
        .values_list("workspace", "subject_id")
        .annotate(Max("at"))
    }
    return facts


def _target_cost(campaign: Campaign) -> str | None:
    """The metric whose target says what a conversion may cost, where the hypothesis has one."""
    hypothesis = campaign.hypothesis
    if hypothesis is None or hypothesis.target is None:
        return None
    metric = hypothesis.metric
    return metric.key if metric.form == MetricForm.COST and metric.is_late else None


@dataclass(frozen=True, slots=True, eq=False)
class _Campaign:
    """One campaign's spend by day, (days,), NaN where nothing was reported."""

    campaign: Campaign
    index: int
    measured: Measurements
    daily: Amounts
    after_stop: Amounts
    facts: _Facts
    mature: Mapping[str, MatureDays]
    outlook: Outlook | None
    at: datetime

    def signals(self) -> list[Signal]:
        tests: Sequence[Callable[[], Signal | None]] = (
            self.undead,
            self.breached,
            self.overdue,
            self.unplanned,
            self.hopeless,
            self.barren,
            self.blind,
            self.overspent,
        )
        return [signal for test in tests if (signal := test()) is not None]

    @property
    def days(self) -> npt.NDArray[np.int64]:
        return np.asarray(self.measured.first_day[self.index] + np.arange(len(self.daily)))

    def _after(self, day: date) -> Cells:
        return self.days > day.toordinal()

    def _signal(
        self,
        kind: ZombieSignal,
        *,
        since: datetime,
        counted: Cells,
        evidence: dict[str, Any],
        spend: Amounts | None = None,
    ) -> Signal:
        """A signal with the spend of the counted days."""
        amounts = np.where(counted, self.daily if spend is None else spend, np.nan)
        spent = np.flatnonzero(amounts > 0)
        if not len(spent):
            return Signal(kind, since, evidence, Decimal(0), Decimal(0))
        return Signal(
            kind,
            since,
            evidence,
            money_since=exact(np.nansum(amounts)),
            money_per_day=exact(amounts[spent[-DAYS_OF_PACE:]].mean()),
            last_spend_on=self.measured.day(self.index, spent[-1]),
        )

    def undead(self) -> Signal | None:
        """Stopped, and more than the policy's minimum is reported for later days of the source."""
        stopped_at = self.campaign.stopped_at
        if stopped_at is None:
            return None
        counted, since = self.after_stop > 0, stopped_at
        rested_at = self.facts.put_to_rest_at.get(self.campaign.pk)
        if rested_at is not None and rested_at > stopped_at:
            counted, since = counted & self._after(self._local_day(rested_at)), rested_at
        spent = exact(self.after_stop[counted].sum())
        if spent <= self.campaign.workspace.undead_minimum_spend:
            return None
        evidence = {
            "status": self.campaign.status,
            "stopped_at": stopped_at,
            "reason": self.campaign.stop_reason,
            "spend": self._money(spent),
            "last_day": self._last(counted),
        }
        return self._signal(
            ZombieSignal.UNDEAD, since=since, counted=counted, evidence=evidence, spend=self.after_stop
        )

    def breached(self) -> Signal | None:
        """A breach that is open beyond the grace while what it is about spends on."""
        grace = timedelta(hours=self.campaign.workspace.grace_hours)
        for breach in self.facts.breaches.get(self.campaign.pk, []):
            if self.at - breach.at < grace:
                continue
            after = self._after(self._local_day(breach.at))
            arm = breach.watch.arm
            if not self._goes_on(after, arm=arm):
                continue
            spend = self.daily if arm is None else self._of_arm(arm, self.measured.values["spend"])
            evidence = {
                "rule": breach.rule,
                "arm": arm.key if arm else None,
                "breached_at": breach.at,
                "hours": self._hours_since(breach.at),
                "value": breach.value,
                "data_through": breach.data_through,
            }
            return self._signal(
                ZombieSignal.BREACHED, since=breach.at, counted=after, evidence=evidence, spend=spend
            )
        return None

    def overdue(self) -> Signal | None:
        """The sprint is over by a working day, the hypothesis is undecided, and the money goes on."""
        hypothesis, today = self.campaign.hypothesis, self._local_day(self.at)
        if hypothesis is None or hypothesis.decide_by is None or not hypothesis.is_overdue_on(today):
            return None
        after = self._after(hypothesis.decide_by)
        if not self._goes_on(after):
            return None
        evidence = {
            "hypothesis": hypothesis.pk,
            "title": hypothesis.title,
            "decide_by": hypothesis.decide_by,
            "days": (today - hypothesis.decide_by).days,
        }
        return self._signal(
            ZombieSignal.OVERDUE, since=self._end_of(hypothesis.decide_by), counted=after, evidence=evidence
        )

    def unplanned(self) -> Signal | None:
        """Meant to spend, and nothing says when to stop: since the first day that is known of it."""
        campaign = self.campaign
        if (
            not campaign.is_spending
            or campaign.pk in self.facts.with_criteria
            or campaign.launched_at is None
        ):
            return None
        spent = np.flatnonzero(self.daily > 0)
        since = campaign.launched_at
        if len(spent):
            since = min(since, self._start_of(self.measured.day(self.index, spent[0])))
        evidence = {
            "status": campaign.status,
            "first_day": self._local_day(since),
            "has_hypothesis": not campaign.is_unplanned,
        }
        return self._signal(
            ZombieSignal.UNPLANNED,
            since=since,
            counted=np.ones(len(self.daily), dtype=np.bool_),
            evidence=evidence,
        )

    def hopeless(self) -> Signal | None:
        """Less than 5 % likely to reach its target with the money and the days that are left."""
        hypothesis, outlook = self.campaign.hypothesis, self.outlook
        if hypothesis is None or hypothesis.target is None or outlook is None or outlook.since is None:
            return None
        is_money = hypothesis.metric.is_money
        evidence = {
            "metric": hypothesis.metric.key,
            "target": self._money(hypothesis.target) if is_money else canonical_number(hypothesis.target),
            "p_miss": round(outlook.p_miss, 3),
            "data_through": outlook.data_through,
            "money_left": self._money(exact(outlook.money_left)),
            "days_left": outlook.days_left,
        }
        return self._signal(
            ZombieSignal.HOPELESS,
            since=self._end_of(outlook.since),
            counted=self._after(outlook.since),
            evidence=evidence,
        )

    def barren(self) -> Signal | None:
        """Mature spend is a multiple of the target, and no day, however young, brought a conversion."""
        key, hypothesis = _target_cost(self.campaign), self.campaign.hypothesis
        if key is None or hypothesis is None or hypothesis.target is None or not self.campaign.is_spending:
            return None
        metric, days = METRICS[key], self.mature[key]
        countable = days.countable[self.index]
        events = days.measured.values[metric.events][self.index][countable]
        if not len(events) or events.sum() > 0:
            return None
        counted = days.counted[self.index]
        spend = self.measured.values["spend"][self.index] * days.weight[self.index]
        mature = np.where(counted, spend, 0.0).sum(axis=0)
        limit = hypothesis.target * self.campaign.workspace.barren_target_multiple
        reached = np.flatnonzero(mature.cumsum().round(PLACES) >= float(limit))
        if not len(reached):
            return None
        day = self.measured.day(self.index, reached[0])
        evidence = {
            "metric": key,
            "events": metric.events,
            "target": self._money(hypothesis.target),
            "multiple": str(self.campaign.workspace.barren_target_multiple.normalize()),
            "limit": self._money(limit),
            "spend": self._money(
                exact(mature.sum()).quantize(self.campaign.workspace.money_unit, ROUND_DOWN)
            ),
        }
        return self._signal(
            ZombieSignal.BARREN, since=self._end_of(day), counted=self._after(day), evidence=evidence
        )

    def blind(self) -> Signal | None:
        """Meant to spend, and no report for as many hours as the policy allows."""
        campaign = self.campaign
        if not campaign.is_spending or campaign.launched_at is None:
            return None
        limit = timedelta(hours=campaign.workspace.blind_after_hours)
        reported_at = self.facts.reported_at.get(campaign.pk)
        resumed_at = self.facts.resumed_at.get((campaign.workspace_id, campaign.key))
        since = max(filter(None, (campaign.launched_at, reported_at, resumed_at)))
        if self.at - since < limit:
            return None
        evidence = {"last_reported_at": reported_at, "hours": self._hours_since(since)}
        return Signal(ZombieSignal.BLIND, since, evidence, money_since=None, money_per_day=None)

    def overspent(self) -> Signal | None:
        """Planned, meant to spend, and more is reported than the ledger gave."""
        campaign = self.campaign
        if not campaign.is_spending or (campaign.is_unplanned and not campaign.budget):
            return None
        launched = self.measured.phase["spend"][self.index] != Phase.BASELINE
        amounts = np.where(launched, np.nan_to_num(self.measured.values["spend"][self.index]), 0.0).sum(
            axis=0
        )
        total = exact(amounts.sum())
        if total <= campaign.budget:
            return None
        crossed = int(np.flatnonzero(amounts.cumsum().round(PLACES) > float(campaign.budget))[0])
        day = self.measured.day(self.index, crossed)
        evidence = {
            "budget": self._money(campaign.budget),
            "spend": self._money(total),
            "over": self._money(total - campaign.budget),
        }
        counted = self.days >= day.toordinal()
        signal = self._signal(
            ZombieSignal.OVERSPENT,
            since=self._start_of(day),
            counted=counted,
            evidence=evidence,
            spend=amounts,
        )
        # Of the day on which the budget ran out only what lies beyond it counts.
        return replace(signal, money_since=total - campaign.budget)

    def _goes_on(self, counted: Cells, *, arm: Arm | None = None) -> bool:
        """Meant to spend; or stopped, and spend of the counted days comes after the stop."""
        if self.campaign.is_spending and (arm is None or arm.status == ArmStatus.RUNNING):
            return True
        spend, phase = self.measured.values["spend"], self.measured.phase["spend"]
        late = np.where(phase >= Phase.ARM_STOPPED, spend, 0.0)
        days = np.nansum(late[self.index], axis=0) if arm is None else self._of_arm(arm, late)
        return bool((days[counted] > 0).any())

    def _of_arm(self, arm: Arm, cells: Amounts) -> Amounts:
        position = [other.pk for other in self.measured.arms[self.index]].index(arm.pk)
        return np.asarray(cells[self.index, position])

    def _last(self, counted: Cells) -> date:
        return self.measured.day(self.index, np.flatnonzero(counted)[-1])

    def _local_day(self, at: datetime) -> date:
        return self.campaign.workspace.local_day(at)

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.campaign.workspace.tz)

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day, time(23, 59, 59), tzinfo=self.campaign.workspace.tz)

    def _hours_since(self, since: datetime) -> int:
        return int((self.at - since) / timedelta(hours=1))

    def _money(self, amount: Decimal) -> str:
        unit = self.campaign.workspace.money_unit
        rounded = amount.quantize(unit)
        return f"{rounded if rounded == amount else amount.normalize():f}"
