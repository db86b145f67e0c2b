"""Zombie signals kept as flags: raised once, cleared with their cause, called out if ignored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from experiments.choices import ZombieResolution, ZombieState
from experiments.models import Campaign, ZombieFlag
from experiments.selectors.flags import Flags
from experiments.selectors.zombies import Signal
from workspaces.choices import EventKind
from workspaces.permissions import Actor
from workspaces.services import record_event


@dataclass(frozen=True, slots=True, eq=False)
class FlagChanges:
    """What the signals make of the flags of one campaign."""

    campaign: Campaign
    raised: Sequence[Signal]
    updated: Sequence[tuple[ZombieFlag, Signal]]
    reopened: Sequence[tuple[ZombieFlag, Signal]]
    cleared: Sequence[ZombieFlag]


def plan_flags(
    campaigns: Sequence[Campaign], signals: Mapping[int, Sequence[Signal]], flags: Flags, *, at: datetime
) -> list[FlagChanges]:
    """What is to be done with the flags of each campaign that gives a signal or has a flag. Reads nothing.

    ``signals``: by campaign id.
    """
    changes = []
    for campaign in campaigns:
        calling = {signal.kind: signal for signal in signals.get(campaign.pk, ())}
        standing = flags.standing.get(campaign.pk, {})
        if not calling and not standing:
            continue
        today = campaign.workspace.local_day(at)
        kept = flags.kept_until.get(campaign.pk, {})
        known = [(flag, calling[signal]) for signal, flag in standing.items() if signal in calling]
        change = FlagChanges(
            campaign=campaign,
            raised=[
                signal
                for kind, signal in calling.items()
                if kind not in standing and not (kind in kept and today <= kept[kind])
            ],
            updated=[(flag, signal) for flag, signal in known if _is_changed(flag, signal)],
            reopened=[(flag, signal) for flag, signal in known if _is_ignored(flag, signal, at=at)],
            cleared=[flag for signal, flag in standing.items() if signal not in calling],
        )
        if change.raised or change.updated or change.reopened or change.cleared:
            changes.append(change)
    return changes


def _plain(evidence: dict[str, Any]) -> Any:
    """As the database gives it back."""
    return json.loads(json.dumps(evidence, cls=DjangoJSONEncoder))


def _is_changed(flag: ZombieFlag, signal: Signal) -> bool:
    return (flag.since, flag.money_since, flag.money_per_day, flag.evidence) != (
        signal.since,
        signal.money_since,
        signal.money_per_day,
        _plain(signal.evidence),
    )


def _is_ignored(flag: ZombieFlag, signal: Signal, *, at: datetime) -> bool:
    """Acknowledged, and the money went on for another grace period."""
    if flag.state != ZombieState.ACKNOWLEDGED or flag.acknowledged_at is None:
        return False
    workspace = flag.campaign.workspace
    grace = timedelta(hours=workspace.grace_hours)
    answered_on = workspace.local_day(flag.acknowledged_at)
    goes_on = signal.last_spend_on is not None and signal.last_spend_on > answered_on
    return goes_on and at - flag.acknowledged_at >= grace


def apply_flags(changes: Sequence[FlagChanges], *, at: datetime) -> tuple[list[ZombieFlag], list[ZombieFlag]]:
    """Write the changes and tell of them; return the flags raised and those cleared."""
    raised: list[ZombieFlag] = []
    cleared: list[ZombieFlag] = []
    for change in changes:
        by = Actor.quickno(change.campaign.workspace)
        for flag, signal in change.updated:
            _set(flag, signal)
            flag.save(update_fields=_SIGNAL_FIELDS)
        for flag, _ in change.reopened:
            flag.move_to(ZombieState.OPEN)
            flag.acknowledged_at, flag.acknowledged_by = None, None
            flag.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
            _tell(EventKind.ZOMBIE_FLAGGED, flag, change.campaign, by=by, at=at, reopened=True)
        for signal in change.raised:
            flag = ZombieFlag(
                workspace=change.campaign.workspace,
                campaign=change.campaign,
                signal=signal.kind,
                flagged_at=at,
            )
            _set(flag, signal)
            flag.save()
            raised.append(flag)
            _tell(EventKind.ZOMBIE_FLAGGED, flag, change.campaign, by=by, at=at, reopened=False)
        for flag in change.cleared:
            flag.move_to(ZombieState.RESOLVED)
            flag.resolved_at, flag.resolution = at, ZombieResolution.CLEARED
            flag.save(update_fields=["state", "resolved_at", "resolution"])
            cleared.append(flag)
            _tell(EventKind.ZOMBIE_RESOLVED, flag, change.campaign, by=by, at=at, resolution=flag.resolution)
    return raised, cleared


_SIGNAL_FIELDS = ["since", "money_since", "money_per_day", "evidence"]


def _set(flag: ZombieFlag, signal: Signal) -> None:
    flag.since, flag.evidence = signal.since, _plain(signal.evidence)
    flag.money_since, flag.money_per_day = signal.money_since, signal.money_per_day


def _as_text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _tell(
    kind: EventKind, flag: ZombieFlag, campaign: Campaign, *, by: Actor, at: datetime, **data: Any
) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("zombie", flag.pk),
        data={
            "campaign": campaign.key,
            "name": campaign.name,
            "signal": flag.signal,
            "since": flag.since,
            "money_since": _as_text(flag.money_since),
            "money_per_day": _as_text(flag.money_per_day),
            **data,
        },
    )
