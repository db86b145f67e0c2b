"""The end of a zombie's flag, whoever brings it about."""

from datetime import date, datetime

from experiments.choices import ZombieResolution, ZombieState
from experiments.models import Campaign, ZombieFlag
from workspaces.choices import EventKind
from workspaces.permissions import Actor
from workspaces.services import record_event


def close_flag(
    flag: ZombieFlag,
    campaign: Campaign,
    resolution: ZombieResolution,
    *,
    reason: str,
    until: date | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """Resolve the flag and tell of it. The caller holds the rows of the campaign and of the flag."""
    flag.move_to(ZombieState.RESOLVED)
    flag.resolution, flag.reason, flag.kept_until = resolution, reason, until
    flag.resolved_at, flag.resolved_by = at, by.user
    flag.save(update_fields=["state", "resolution", "reason", "kept_until", "resolved_at", "resolved_by"])
    record_event(
        EventKind.ZOMBIE_RESOLVED,
        by=by,
        at=at,
        subject=("zombie", flag.pk),
        data={
            "campaign": campaign.key,
            "name": campaign.name,
            "signal": flag.signal,
            "resolution": resolution,
            "reason": reason,
            **({"until": until} if until else {}),
        },
    )
