"""Amending the rules of a launched campaign."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.exceptions import ChangedMeanwhile, InvalidTransition, Refused
from experiments.models import Amendment
from experiments.services.criteria.breaches import LONGEST_REASON, refuse_open_breach
from experiments.services.criteria.freezing import build_criteria, criteria_in_force, freeze_criteria
from experiments.services.criteria.reading import read_criteria
from experiments.services.lookups import lock_campaign
from experiments.services.soundness import RulePlan, impossible
from experiments.services.values import Values, invalid
from workspaces.choices import EventKind
from workspaces.models import User, Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event


@transaction.atomic
def amend_criteria(
    key: str,
    *,
    criteria: Sequence[Mapping[str, Any]],
    reason: str,
    digest: str | None = None,
    by: Actor,
    at: datetime,
) -> Amendment:
    """Replace the rules of a launched campaign, for ever visible with who, why, before and after.

    ``criteria`` is the whole new set, as ``create_campaign`` takes it. Refused while a breach is open
    (``open_breach``): nobody amends a breach away. ``digest``: that of the rules for which the new ones were
    written, if that matters.
    """
    by.require(Permission.AMEND)
    # The permission takes a role, and only people have one.
    person = cast("User", by.user)
    campaign = lock_campaign(key, by=by)
    rules, reason = _read_amendment(criteria, reason, workspace=by.workspace)
    if not campaign.is_unfinished:
        raise InvalidTransition(
            _(
                "Campaign {key} is {status}; only the criteria of a launched campaign that is not "
                "over can be amended."
            ).format(key=key, status=campaign.get_status_display())
        )
    before = criteria_in_force(campaign)
    if not before:
        raise Refused(
            "no_criteria",
            _("Campaign {key} has no kill criteria to amend. Adopt it with some.").format(key=key),
        )
    if digest is not None and digest != campaign.criteria_digest:
        last = campaign.amendments.select_related("by").order_by("-at").first()
        if last is None:
            raise ChangedMeanwhile
        raise ChangedMeanwhile(who=str(last.by), when=last.at, is_own=last.by == person)
    refuse_open_breach(campaign, deed="amended")
    if campaign.amendments.filter(at=at).exists():
        raise Refused(
            "amended_just_now",
            _("The criteria of campaign {key} were amended at this very moment.").format(key=key),
        )
    digest_before = campaign.criteria_digest
    campaign.kill_criteria.in_force().update(retired_at=at)
    after = build_criteria(campaign, rules, frozen_at=at)
    errors = impossible(after, RulePlan.of(campaign, budget=campaign.budget), name="criteria")
    if errors:
        raise invalid(errors)
    freeze_criteria(campaign, at=at)
    if campaign.criteria_digest == digest_before:
        raise Refused(
            "nothing_changed", _("These are the criteria that campaign {key} has already.").format(key=key)
        )
    # First the amendment: without it the database keeps the digest as it is.
    amendment = Amendment.objects.create(
        workspace=by.workspace,
        campaign=campaign,
        at=at,
        by=person,
        reason=reason,
        before=[criterion.canonical for criterion in before],
        after=[criterion.canonical for criterion in after],
        digest_before=digest_before,
        digest_after=campaign.criteria_digest,
    )
    campaign.amended = True
    campaign.judge_due_at = at
    campaign.save(update_fields=["amended", "criteria_digest", "judge_due_at"])
    record_event(
        EventKind.CRITERIA_AMENDED,
        by=by,
        at=at,
        subject=("campaign", key),
        data={
            "campaign": key,
            "name": campaign.name,
            "reason": reason,
            "before": [criterion.rule_text for criterion in before],
            "after": [criterion.rule_text for criterion in after],
            "digest_before": digest_before,
            "digest_after": campaign.criteria_digest,
        },
    )
    return amendment


def _read_amendment(
    criteria: Sequence[Mapping[str, Any]], reason: str, *, workspace: Workspace
) -> tuple[list[dict[str, Any]], str]:
    values = Values({"criteria": criteria, "reason": reason}, known=("criteria", "reason"))
    rules = read_criteria(values, "criteria", workspace=workspace)
    if not rules and not values.errors:
        values.refuse(
            "criteria", "criteria_missing", _("A launched campaign keeps at least one kill criterion.")
        )
    reason = values.text("reason", longest=LONGEST_REASON)
    values.raise_errors()
    return rules, reason
