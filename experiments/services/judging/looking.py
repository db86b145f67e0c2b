"""What every watch sees now beside what it holds, as arrays; nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.choices import WatchState
from experiments.models import Arm, Campaign, CriterionWatch
from experiments.models.criterion import criteria_digest
from experiments.selectors.estimates import Estimates
from experiments.selectors.evidence import (
    NO_GUARD,
    Finding,
    Findings,
    Subject,
    find,
    subjects_of,
    to_ticks,
)
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import Amounts, Cells, Measurements
from experiments.selectors.rules import Held, Rule, Rules

# A breach that is settled is looked at again, since its last conversions arrive late; it stays settled.
STAYS = frozenset({WatchState.BREACHED, WatchState.SETTLED})
# Sums of the same numbers may differ in their last bits with the company they are computed in.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One watch with what its criterion sees now."""

    watch: CriterionWatch
    campaign: Campaign
    arm: Arm | None
    finding: Finding
    is_stored: bool

    @property
    def sees(self) -> WatchState:
        """What the days say now, whatever was said before."""
        if self.finding.is_breach:
            return WatchState.BREACHED
        return WatchState.JUDGING if self.finding.guards_met else WatchState.WAITING

    @property
    def state(self) -> WatchState:
        """Where that takes the watch; a breach stays one until it is settled, and that is for good."""
        return WatchState(self.watch.state) if self.watch.state in STAYS else self.sees

    @property
    def is_new_breach(self) -> bool:
        return self.finding.is_breach and self.watch.state not in STAYS


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """All watches that are to be judged, with what they hold, ``None`` before the first time, and what they
    see.
    """

    measured: Measurements
    held: Sequence[Held | None]
    subjects: Sequence[Subject]
    findings: Findings
    is_changed: Cells

    def changed(self) -> list[Judged]:
        """The watches that do not hold what they see."""
        return [self._judged(index) for index in np.flatnonzero(self.is_changed).tolist()]

    def all(self) -> list[Judged]:
        return [self._judged(index) for index in range(len(self.held))]

    def changed_campaigns(self) -> set[int]:
        """Ids of campaigns with such a watch."""
        campaigns = self.measured.campaigns
        return {
            campaigns[self.subjects[index].campaign].pk for index in np.flatnonzero(self.is_changed).tolist()
        }

    def _judged(self, index: int) -> Judged:
        held, subject = self.held[index], self.subjects[index]
        campaign = self.measured.campaigns[subject.campaign]
        arm = None if subject.arm is None else self.measured.arms[subject.campaign][subject.arm]
        watch = CriterionWatch() if held is None else held.model()
        watch.workspace, watch.criterion, watch.arm = campaign.workspace, subject.rule.model(), arm
        watch.criterion.workspace = campaign.workspace
        return Judged(
            watch=watch,
            campaign=campaign,
            arm=arm,
            finding=self.findings[index],
            is_stored=held is not None,
        )


def is_tampered(campaign: Campaign, criteria: Sequence[Rule]) -> bool:
    """Whether the criteria are not those that were frozen: the digest proves it."""
    return campaign.criteria_digest != (criteria_digest(criteria) if criteria else "")


def look(
    rules: Rules,
    measured: Measurements,
    days: Mapping[str, MatureDays],
    estimates: Estimates,
    *,
    at: datetime,
) -> Look:
    """What every watch sees that is to be judged at ``at``.

    A stopped campaign gets no new breach; an open one, and one that a kill settled, is looked at again, since
    its last conversions arrive late. A stopped arm's days end with it, and so does its watch. An overruled
    watch rests through its day.
    """
    watches: list[Held | None] = []
    subjects: list[Subject] = []
    for index, campaign in enumerate(measured.campaigns):
        arms = measured.arms[index]
        is_stopped = campaign.is_stopped
        for rule in rules.criteria[campaign.pk]:
            for subject in subjects_of(rule, index, arms):
                arm = None if subject.arm is None else arms[subject.arm]
                held = rules.watches.get((rule.id, None if arm is None else arm.pk))
                is_over = is_stopped or (arm is not None and arm.stopped_at is not None)
                if is_over and (held is None or held.state not in STAYS):
                    continue
                if held is not None and held.overruled_until is not None:
                    today = campaign.workspace.local_day(at)
                    if held.model().is_overruled_on(today):
                        continue
                watches.append(held)
                subjects.append(subject)
    findings = find(subjects, measured, days, estimates)
    learnt = [
        estimates.spread_learnt_at(measured.campaigns[subject.campaign].workspace_id) for subject in subjects
    ]
    is_changed = _is_changed(watches, findings, learnt) & ~_is_late(watches, at=at)
    return Look(measured, watches, subjects, findings, is_changed)


def _is_late(watches: Sequence[Held | None], *, at: datetime) -> Cells:
    """Whether another worker has judged by a later clock and was faster; its word stands."""
    return np.array(
        [held is not None and held.judged_at is not None and held.judged_at > at for held in watches],
        dtype=np.bool_,
    )


def _is_changed(
    watches: Sequence[Held | None], findings: Findings, learnt: Sequence[datetime | None]
) -> Cells:
    """Whether each watch holds anything else than its finding, and not for a spread alone.

    A spread learnt since then rewrites nothing that was judged: it speaks with the next change of the days.
    """
    is_new = np.array([held is None for held in watches], dtype=np.bool_)
    old = [_NOTHING if held is None else held for held in watches]
    sees = np.where(findings.is_breach, _BREACHED, np.where(findings.guards_met, _JUDGING, _WAITING))
    state = np.array([_CODES[held.state] for held in old], dtype=np.int64)
    becomes = np.where(np.isin(state, _STAYING), state, sees)
    last_day = [held.data_through.toordinal() if held.data_through else 0 for held in old]
    other_days = findings.last_day != np.array(last_day, dtype=np.int64)
    for guard, have in findings.have.items():
        other_days |= have != _progress(guard, old)
    other_value = ~_same(_floats([held.value for held in old]), findings.value)
    other_strength = ~_same(_floats([held.strength for held in old]), findings.strength)
    by_another_spread = np.array(
        [
            learnt_at is not None and held.judged_at is not None and learnt_at > held.judged_at
            for held, learnt_at in zip(old, learnt, strict=True)
        ],
        dtype=np.bool_,
    )
    other_verdict = (state != becomes) | other_strength
    return np.asarray(is_new | other_days | other_value | (other_verdict & ~by_another_spread))


_CODES = {state.value: code for code, state in enumerate(WatchState)}
_WAITING, _JUDGING, _BREACHED = (
    _CODES[state] for state in (WatchState.WAITING, WatchState.JUDGING, WatchState.BREACHED)
)
_STAYING = [_CODES[state] for state in STAYS]


_NOTHING = Held(0, 0, 0, None, WatchState.WAITING, {}, None, None, None, None, None)


def _progress(guard: str, watches: Sequence[Held]) -> npt.NDArray[np.int64]:
    """How much of a guard each watch holds. What it needs never changes, since its rule does not."""
    nothing: dict[str, Any] = {"have": NO_GUARD}
    have = np.array([float(held.guard_progress.get(guard, nothing)["have"]) for held in watches])
    return np.where(have == NO_GUARD, NO_GUARD, to_ticks(have))


def _floats(numbers: Sequence[float | None]) -> Amounts:
    return np.array(numbers, dtype=np.float64)


def _same(before: Amounts, after: Amounts) -> Cells:
    """Equal up to the last bits, or both unknown."""
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(before), np.abs(after))
        near = np.abs(before - after) <= np.maximum(_SAME * size, _SAME)
    return np.asarray(near | (np.isnan(before) & np.isnan(after)))
