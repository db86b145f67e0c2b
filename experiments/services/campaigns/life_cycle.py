"""A campaign's steps. Each locks the row, asks the table, stamps the time and writes the event."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.choices import (
    ArmStatus,
    CampaignStatus,
    ZombieResolution,
    ZombieSignal,
)
from experiments.exceptions import CampaignNotReady, InvalidTransition, NotFound
from experiments.models import Arm, Campaign
from experiments.services.campaigns.readiness import missing_for_launch
from experiments.services.criteria import (
    criteria_in_force,
    freeze_criteria,
    refuse_open_breach,
    settle_breaches,
)
from experiments.services.flags import close_flag
from experiments.services.lookups import lock_campaign
from experiments.services.values import Values
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

LONGEST_REASON = 500


@transaction.atomic
def start_campaign(key: str, *, runs_until: date | None, by: Actor, at: datetime) -> Campaign:
    """Set a draft live and freeze its criteria. Moves no money: ``launch_campaign`` does both.

    Raises ``CampaignNotReady`` with everything that is missing.
    """
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    if not campaign.is_draft:
        raise InvalidTransition(
            _("Campaign {key} is {status}; only a draft can be launched.").format(
                key=key, status=campaign.get_status_display()
            )
        )
    campaign.move_to(CampaignStatus.LIVE)
    campaign.starts_on, campaign.runs_until = by.workspace.local_day(at), runs_until
    missing = missing_for_launch(campaign)
    if missing:
        raise CampaignNotReady(key, missing)
    campaign.launched_at = at
    freeze_criteria(campaign, at=at)
    campaign.save(update_fields=["status", "launched_at", "starts_on", "runs_until", "criteria_digest"])
    _tell(
        EventKind.CAMPAIGN_LAUNCHED,
        campaign,
        by=by,
        at=at,
        budget=f"{campaign.planned_budget:.{by.workspace.currency_exponent}f}",
        criteria=[criterion.rule_text for criterion in criteria_in_force(campaign)],
        criteria_digest=campaign.criteria_digest,
        runs_until=runs_until,
    )
    return campaign


@transaction.atomic
def pause_campaign(key: str, *, reason: str, by: Actor, at: datetime) -> Campaign:
    """Stop a campaign for now. What it still spends afterwards makes it undead."""
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    _pause(campaign, reason=_read_reason(reason), by=by, at=at)
    return campaign


def _pause(campaign: Campaign, *, reason: str, by: Actor, at: datetime) -> None:
    campaign.move_to(CampaignStatus.PAUSED)
    campaign.paused_at = at
    campaign.stop_reason = reason
    campaign.save(update_fields=["status", "paused_at", "stop_reason"])
    _tell(EventKind.CAMPAIGN_PAUSED, campaign, by=by, at=at, reason=reason)


@transaction.atomic
def resume_campaign(key: str, *, by: Actor, at: datetime) -> Campaign:
    """Let a paused campaign go on as live, or scaled as it was; refused while a breach is open."""
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    if not campaign.is_paused:
        raise InvalidTransition(
            _("Campaign {key} is {status}; only a paused campaign can be resumed.").format(
                key=key, status=campaign.get_status_display()
            )
        )
    refuse_open_breach(campaign, deed="resumed")
    campaign.move_to(CampaignStatus.SCALED if campaign.scaled_at else CampaignStatus.LIVE)
    campaign.paused_at = None
    campaign.stop_reason = ""
    campaign.save(update_fields=["status", "paused_at", "stop_reason"])
    _tell(EventKind.CAMPAIGN_RESUMED, campaign, by=by, at=at, status=campaign.status)
    return campaign


@transaction.atomic
def kill_campaign(key: str, *, reason: str, by: Actor, at: datetime) -> Campaign:
    """End a campaign for good: its open breaches are settled and its zombie flags resolved as killed.

    A flag that it is undead stays, because nothing says yet that the platform has stopped.
    """
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    reason = _read_reason(reason, required=True)
    _end(campaign, CampaignStatus.KILLED, reason=reason, by=by, at=at)
    _resolve_zombies(campaign, ZombieResolution.KILLED, reason=reason, by=by, at=at)
    return campaign


@transaction.atomic
def complete_campaign(key: str, *, reason: str = "", by: Actor, at: datetime) -> Campaign:
    """End a campaign that has served its purpose; its open breaches are settled, its zombie flags cleared."""
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    reason = _read_reason(reason)
    _end(campaign, CampaignStatus.COMPLETED, reason=reason, by=by, at=at)
    _resolve_zombies(campaign, ZombieResolution.CLEARED, reason=reason, by=by, at=at)
    return campaign


def _end(campaign: Campaign, status: CampaignStatus, *, reason: str, by: Actor, at: datetime) -> None:
    campaign.move_to(status)
    campaign.ended_at = at
    campaign.stop_reason = reason
    campaign.save(update_fields=["status", "ended_at", "stop_reason"])
    kind = {
        CampaignStatus.KILLED: EventKind.CAMPAIGN_KILLED,
        CampaignStatus.COMPLETED: EventKind.CAMPAIGN_COMPLETED,
    }[status]
    _tell(kind, campaign, by=by, at=at, reason=reason)
    settle_breaches(campaign, reason=reason, by=by, at=at)


def _resolve_zombies(
    campaign: Campaign, resolution: ZombieResolution, *, reason: str, by: Actor, at: datetime
) -> None:
    flags = campaign.zombie_flags.unresolved().exclude(signal=ZombieSignal.UNDEAD)
    for flag in flags.select_for_update(no_key=True).order_by("pk"):
        close_flag(flag, campaign, resolution, reason=reason, by=by, at=at)


@transaction.atomic
def scale_campaign(key: str, *, reason: str = "", by: Actor, at: datetime) -> Campaign:
    """Let a campaign run beyond its test; refused while a breach is open."""
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    reason = _read_reason(reason)
    campaign.move_to(CampaignStatus.SCALED)
    refuse_open_breach(campaign, deed="scaled")
    campaign.scaled_at = at
    campaign.paused_at = None
    campaign.stop_reason = ""
    campaign.save(update_fields=["status", "scaled_at", "paused_at", "stop_reason"])
    _tell(EventKind.CAMPAIGN_SCALED, campaign, by=by, at=at, reason=reason)
    return campaign


@transaction.atomic
def discard_campaign(key: str, *, reason: str = "", by: Actor, at: datetime) -> Campaign:
    """Throw a draft away. It keeps its key, so that nothing else is ever taken for it."""
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    reason = _read_reason(reason)
    campaign.move_to(CampaignStatus.DISCARDED)
    campaign.ended_at = at
    campaign.stop_reason = reason
    campaign.save(update_fields=["status", "ended_at", "stop_reason"])
    _tell(EventKind.CAMPAIGN_DISCARDED, campaign, by=by, at=at, reason=reason)
    return campaign


@transaction.atomic
def stop_arm(campaign_key: str, arm_key: str, *, reason: str, by: Actor, at: datetime) -> Arm:
    """End one arm for good. Without its control or its last treatment a campaign compares nothing: it pauses.

    Where the campaign goes on, the arm's own breach is settled by this. Where it pauses, the breach stays
    open, because somebody has to say what becomes of the campaign.
    """
    by.require(Permission.PLAN)
    campaign = lock_campaign(campaign_key, by=by)
    arm = campaign.arms.select_for_update(no_key=True).filter(key=arm_key).first()
    if arm is None:
        raise NotFound(_("Campaign {key} has no arm “{arm_key}”.").format(key=campaign_key, arm_key=arm_key))
    if not campaign.is_unfinished:
        raise InvalidTransition(
            _("Campaign {key} is {status}; an arm stops while it runs.").format(
                key=campaign_key, status=campaign.get_status_display()
            )
        )
    arm.move_to(ArmStatus.STOPPED)
    arm.stopped_at = at
    arm.stop_reason = _read_reason(reason)
    arm.save(update_fields=["status", "stopped_at", "stop_reason"])
    _tell(
        EventKind.ARM_STOPPED, campaign, by=by, at=at, arm=arm.key, arm_name=arm.name, reason=arm.stop_reason
    )
    treatments = campaign.arms.filter(is_control=False, status=ArmStatus.RUNNING)
    if arm.is_control or not treatments.exists():
        if campaign.is_spending:
            which = "control" if arm.is_control else "last treatment"
            _pause(campaign, reason=f"Its {which} {arm.name} has stopped."[:LONGEST_REASON], by=by, at=at)
    else:
        settle_breaches(campaign, arm=arm, reason=arm.stop_reason, by=by, at=at)
    return arm


def _read_reason(reason: str, *, required: bool = False) -> str:
    values = Values({"reason": reason}, known=("reason",))
    reason = values.text("reason", longest=LONGEST_REASON, required=required)
    values.raise_errors()
    return reason


def _tell(kind: EventKind, campaign: Campaign, *, by: Actor, at: datetime, **data: object) -> None:
    owner = campaign.hypothesis.owner if campaign.hypothesis else None
    record_event(
        kind,
        by=by,
        at=at,
        subject=("campaign", campaign.key),
        data={
            "campaign": campaign.key,
            "name": campaign.name,
            "hypothesis": campaign.hypothesis_id,
            "owner": owner.email if owner else None,
            **data,
        },
    )
