"""Each signal of one campaign: whether it is there, since when, and what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.choices import METRICS, ArmStatus, MetricForm, ZombieSignal
from experiments.models import Arm, Campaign
from experiments.models.criterion import canonical_number
from experiments.selectors.cuts import FEWEST_DAYS, has_followed
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import (
    DAYS_OF_PACE,
    PLACES,
    Amounts,
    Cells,
    Measurements,
    Phase,
    exact,
)
from experiments.selectors.outlook import Outlook
from experiments.selectors.zombies.facts import Facts


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


def target_cost(campaign: Campaign) -> str | None:
    """The metric whose target says what a conversion may cost, where the hypothesis has one."""
    hypothesis = campaign.hypothesis
    if hypothesis is None or hypothesis.target is None:
        return None
    metric = hypothesis.metric
    return metric.key if metric.form == MetricForm.COST and metric.is_late else None


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """One campaign, looked at closely.

    Its spend by day is (days,), NaN where nothing was reported; ``whole`` are the days that say no more.
    """

    campaign: Campaign
    index: int
    measured: Measurements
    daily: Amounts
    after_stop: Amounts
    whole: Cells
    facts: Facts
    mature: Mapping[str, MatureDays]
    outlook: Outlook | None
    at: datetime

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
        # A day that is not over is no day's pace, unless there is no other.
        paced = spent[self.whole[spent]] if self.whole[spent].any() else spent
        return Signal(
            kind,
            since,
            evidence,
            money_since=exact(np.nansum(amounts)),
            money_per_day=exact(amounts[paced[-DAYS_OF_PACE:]].mean()),
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
        if hypothesis is None or hypothesis.target is None or outlook is None:
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
        key, hypothesis = target_cost(self.campaign), self.campaign.hypothesis
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
        resumed_at = self.facts.resumed_at.get(campaign.pk)
        since = max(filter(None, (campaign.launched_at, reported_at, resumed_at)))
        if self.at - since < limit:
            return None
        evidence = {"last_reported_at": reported_at, "hours": self._hours_since(since)}
        return Signal(ZombieSignal.BLIND, since, evidence, money_since=None, money_per_day=None)

    def overspent(self) -> Signal | None:
        """Beyond its budget, or a day as costly as before an applied plan cut it."""
        return self._beyond_budget() or self._cut_in_vain()

    def _beyond_budget(self) -> Signal | None:
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

    def _cut_in_vain(self) -> Signal | None:
        """Meant to spend less a day, and the whole days since then do not show it."""
        campaign = self.campaign
        cut_at, before, wanted = campaign.cut_at, campaign.cut_from, campaign.cut_to
        if not campaign.is_spending or cut_at is None or before is None or wanted is None:
            return None
        later = self._after(self._local_day(cut_at))
        recent = self.daily[later & self.whole][-DAYS_OF_PACE:]
        if len(recent) < FEWEST_DAYS:
            return None
        per_day = exact(recent.mean())
        if has_followed(pace=before, wanted=wanted, per_day=per_day):
            return None
        evidence = {
            "cut_at": cut_at,
            "cut_from": self._money(before),
            "cut_to": self._money(wanted),
            "per_day": self._money(per_day),
        }
        signal = self._signal(ZombieSignal.OVERSPENT, since=cut_at, counted=later, evidence=evidence)
        # Of each day only what lies beyond its new budget counts.
        over = np.maximum(np.nan_to_num(self.daily[later]) - float(wanted), 0.0)
        return replace(signal, money_since=exact(over.sum()), money_per_day=per_day - wanted)

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


# In the order in which a campaign's signals are told.
TESTS: Mapping[ZombieSignal, Callable[[Suspect], Signal | None]] = {
    ZombieSignal.UNDEAD: Suspect.undead,
    ZombieSignal.BREACHED: Suspect.breached,
    ZombieSignal.OVERDUE: Suspect.overdue,
    ZombieSignal.UNPLANNED: Suspect.unplanned,
    ZombieSignal.HOPELESS: Suspect.hopeless,
    ZombieSignal.BARREN: Suspect.barren,
    ZombieSignal.BLIND: Suspect.blind,
    ZombieSignal.OVERSPENT: Suspect.overspent,
}
