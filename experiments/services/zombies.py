"""What people say of a zombie: somebody looks after it, it is kept for a while, or it ends."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.choices import ZombieResolution, ZombieState
from experiments.exceptions import InvalidTransition, NotAllowed, NotFound
from experiments.models import Campaign, ZombieFlag
from experiments.services.campaigns import kill_campaign
from experiments.services.flags import close_flag
from experiments.services.lookups import lock_campaign
from experiments.services.values import Values, listed
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

LONGEST_REASON = 1000
LONGEST_KEEP_DAYS = 30
# What a person can make of a flag; that its cause is gone is for the judge to see.
RESOLUTIONS = (ZombieResolution.KILLED, ZombieResolution.KEPT)


@transaction.atomic
def acknowledge_zombie(flag_id: int, *, by: Actor, at: datetime) -> ZombieFlag:
    """Say that somebody looks after it. It calls again if the money goes on for another grace period."""
    by.require(Permission.PLAN)
    campaign, flag = _lock_flag(flag_id, by=by)
    flag.move_to(ZombieState.ACKNOWLEDGED)
    flag.acknowledged_at, flag.acknowledged_by = at, by.user
    flag.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    record_event(
        EventKind.ZOMBIE_ACKNOWLEDGED,
        by=by,
        at=at,
        subject=("zombie", flag.pk),
        data={"campaign": campaign.key, "name": campaign.name, "signal": flag.signal},
    )
    return flag


@transaction.atomic
def resolve_zombie(
    flag_id: int, *, resolution: str, reason: str, until: date | None = None, by: Actor, at: datetime
) -> ZombieFlag:
    """End the campaign (``killed``), or let it go on through the day ``until`` (``kept``), with a reason.

    Killing a campaign that is over already says that it was stopped on the platform, too: only spend of later
    days raises it again.
    """
    by.require(Permission.PLAN)
    campaign, flag = _lock_flag(flag_id, by=by)
    if flag.state == ZombieState.RESOLVED:
        raise InvalidTransition(
            _("This flag is {resolved}; it cannot be resolved again.").format(
                resolved=ZombieState.RESOLVED.label
            )
        )
    kind, reason, until = _read(resolution, reason, until, by=by, at=at)
    if kind == ZombieResolution.KILLED and not campaign.is_finished:
        kill_campaign(campaign.key, reason=reason, by=by, at=at)
        flag.refresh_from_db()
    if flag.state == ZombieState.RESOLVED:
        return flag
    close_flag(flag, campaign, kind, reason=reason, until=until, by=by, at=at)
    return flag


def _lock_flag(flag_id: int, *, by: Actor) -> tuple[Campaign, ZombieFlag]:
    """The flag and its campaign, both held; the campaign first, as everybody does."""
    flags = ZombieFlag.objects.of(by.workspace)
    key = flags.filter(pk=flag_id).values_list("campaign__key", flat=True).first()
    if key is None:
        raise NotFound(_("There is no zombie {flag_id} here.").format(flag_id=flag_id))
    campaign = lock_campaign(key, by=by)
    return campaign, flags.select_for_update(no_key=True).get(pk=flag_id)


def _read(
    resolution: str, reason: str, until: date | None, *, by: Actor, at: datetime
) -> tuple[ZombieResolution, str, date | None]:
    given = {"resolution": resolution, "reason": reason, "until": until}
    values = Values(given, known=given)
    kind = values.choice("resolution", ZombieResolution)
    if kind is not None and kind not in RESOLUTIONS:
        values.refuse(
            "resolution",
            "unknown_choice",
            _("A person resolves a zombie as {names}.").format(names=listed(RESOLUTIONS, last="or")),
        )
    reason = values.text("reason", longest=LONGEST_REASON)
    day = values.day("until", required=kind == ZombieResolution.KEPT)
    today = by.workspace.local_day(at)
    last = today + timedelta(days=LONGEST_KEEP_DAYS)
    if day is not None and kind == ZombieResolution.KILLED:
        values.refuse("until", "not_for_killed", _("Only a campaign that is kept goes on until a day."))
    elif day is not None and not today < day <= last:
        values.refuse(
            "until",
            "out_of_range",
            _("A zombie is kept until a day from {today} to {last}; {day} was given.").format(
                today=today + timedelta(days=1), last=last, day=day
            ),
        )
    values.raise_errors()
    if kind == ZombieResolution.KEPT and by.user is None:
        raise NotAllowed(_("Only a person can keep a zombie."), code="person_required")
    return ZombieResolution(resolution), reason, day
