"""Breaches: overruled by name and reason, or settled when what the rule asked for is done."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import WatchState
from experiments.exceptions import NotFound, Refused
from experiments.models import Arm, Breach, Campaign, KillCriterion
from experiments.models.sentences import retold_rule
from experiments.services.lookups import lock_campaign
from experiments.services.values import Values, in_quotes, listed
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

LONGEST_OVERRULE_DAYS = 14
LONGEST_REASON = 1000


@transaction.atomic
def overrule_breach(
    campaign_key: str, criterion_id: int, *, reason: str, until: date, by: Actor, at: datetime
) -> list[Breach]:
    """Let a breached criterion rest through the day ``until``, at most 14 days from today.

    Closes its open breaches (one for each arm where it is judged by arm). Resumes nothing by itself.
    """
    by.require(Permission.OVERRULE)
    campaign = lock_campaign(campaign_key, by=by)
    criterion = campaign.kill_criteria.filter(pk=criterion_id).first()
    if criterion is None:
        raise NotFound(
            _("Campaign {key} has no kill criterion {criterion_id}.").format(
                key=campaign_key, criterion_id=criterion_id
            )
        )
    reason, until = _read_overrule(reason, until, today=by.workspace.local_day(at))
    breaches = _lock_open_breaches(campaign, criterion=criterion)
    if not breaches:
        raise Refused(
            "no_open_breach",
            _("This criterion of campaign {key} has no open breach.").format(key=campaign_key),
        )
    for breach in breaches:
        breach.watch.move_to(WatchState.OVERRULED)
        breach.watch.overruled_until = until
        breach.watch.save(update_fields=["state", "overruled_until"])
        _close(breach, closed_as=WatchState.OVERRULED, reason=reason, by=by, at=at)
        _tell(EventKind.CRITERION_OVERRULED, breach, by=by, at=at, until=until)
    return breaches


def _read_overrule(reason: str, until: date, *, today: date) -> tuple[str, date]:
    values = Values({"reason": reason, "until": until}, known=("reason", "until"))
    reason = values.text("reason", longest=LONGEST_REASON)
    last = today + timedelta(days=LONGEST_OVERRULE_DAYS)
    day = values.day("until")
    if day is not None and not today < day <= last:
        values.refuse(
            "until",
            "out_of_range",
            _("A criterion rests until a day from {today} to {last}; {day} was given.").format(
                today=today + timedelta(days=1), last=last, day=day
            ),
        )
    values.raise_errors()
    return reason, until


_WHILE_BREACHED = {
    "amended": gettext_lazy("Campaign {key} cannot be amended while a kill criterion is breached: {rules}."),
    "resumed": gettext_lazy("Campaign {key} cannot be resumed while a kill criterion is breached: {rules}."),
    "scaled": gettext_lazy("Campaign {key} cannot be scaled while a kill criterion is breached: {rules}."),
}


def refuse_open_breach(campaign: Campaign, *, deed: str) -> None:
    """Raise ``Refused`` (``open_breach``) where a rule has fired and nobody has overruled it."""
    breaches = list(campaign.breaches.open().order_by("pk"))
    if breaches:
        rules = listed([in_quotes(retold_rule(campaign, breach.rule)) for breach in breaches])
        refusal = _WHILE_BREACHED[deed].format(key=campaign.key, rules=rules)
        way_out = _("A manager can overrule it, with a reason and until a day.")
        raise Refused("open_breach", f"{refusal} {way_out}")


def settle_breaches(
    campaign: Campaign, *, arm: Arm | None = None, reason: str, by: Actor, at: datetime
) -> list[Breach]:
    """Close the open breaches (of one arm, or all): what the rules asked for has been done."""
    breaches = _lock_open_breaches(campaign, arm=arm)
    for breach in breaches:
        breach.watch.move_to(WatchState.SETTLED)
        breach.watch.save(update_fields=["state"])
        _close(breach, closed_as=WatchState.SETTLED, reason=reason, by=by, at=at)
        _tell(EventKind.CRITERION_SETTLED, breach, by=by, at=at)
    return breaches


def _lock_open_breaches(
    campaign: Campaign, *, criterion: KillCriterion | None = None, arm: Arm | None = None
) -> list[Breach]:
    """The open breaches with their watches, whose rows are held; the caller holds the campaign's."""
    breaches = campaign.breaches.open()
    if criterion is not None:
        breaches = breaches.filter(watch__criterion=criterion)
    if arm is not None:
        breaches = breaches.filter(watch__arm=arm)
    found = list(
        breaches.select_related("watch")
        .select_for_update(of=("self", "watch"), no_key=True)
        .order_by("watch")
    )
    for breach in found:
        breach.campaign = campaign
    return found


def _close(breach: Breach, *, closed_as: WatchState, reason: str, by: Actor, at: datetime) -> None:
    breach.closed_at, breach.closed_as, breach.closed_by, breach.reason = at, closed_as, by.user, reason
    breach.save(update_fields=["closed_at", "closed_as", "closed_by", "reason"])


def _tell(kind: EventKind, breach: Breach, *, by: Actor, at: datetime, until: date | None = None) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("campaign", breach.campaign.key),
        data={
            "campaign": breach.campaign.key,
            "name": breach.campaign.name,
            "criterion": breach.watch.criterion_id,
            "arm": breach.watch.arm.key if breach.watch.arm else None,
            "rule": breach.rule,
            "reason": breach.reason,
            **({"until": until} if until else {}),
        },
    )
