"""Giving a campaign that ran without a plan what every planned one has."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.exceptions import InvalidTransition, Refused
from experiments.models import Campaign
from experiments.services.campaigns.drafts import read_hypothesis
from experiments.services.campaigns.readiness import missing_for_launch
from experiments.services.criteria import build_criteria, criteria_in_force, freeze_criteria, read_criteria
from experiments.services.lookups import lock_campaign
from experiments.services.values import Values, invalid
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

ADOPTION_FIELDS = ("hypothesis", "kill_criteria", "budget", "runs_until")


@transaction.atomic
def adopt_unplanned(key: str, *, values: Mapping[str, Any], by: Actor, at: datetime) -> Campaign:
    """Give a running campaign criteria, frozen at once, a planned budget and, if named, a hypothesis.

    This is its launch: what was spent before becomes baseline, which neither its rules nor its budget count.

    ``values`` maps names out of ``ADOPTION_FIELDS`` as REST has them. Moves no money: ``adopt_campaign``
    does both.
    """
    by.require(Permission.PLAN)
    reader = Values(values, known=ADOPTION_FIELDS)
    reader.require("budget")
    reader.require("kill_criteria")
    budget = reader.money("budget", workspace=by.workspace)
    rules = read_criteria(reader, "kill_criteria", workspace=by.workspace)
    runs_until = reader.day("runs_until", required=False)
    hypothesis = read_hypothesis(reader, by=by, lock=True)
    today = by.workspace.local_day(at)
    if runs_until is not None and runs_until < today:
        reader.refuse(
            "runs_until",
            "in_the_past",
            _("It runs until {today} or later; {runs_until} was given.").format(
                today=today, runs_until=runs_until
            ),
        )
    reader.raise_errors()
    campaign = lock_campaign(key, by=by)
    if not campaign.is_unfinished:
        raise InvalidTransition(
            _("Campaign {key} is {status}; only a campaign that runs can be adopted.").format(
                key=key, status=campaign.get_status_display()
            )
        )
    if campaign.criteria_digest:
        raise Refused(
            "already_planned",
            _("Campaign {key} has its kill criteria already; a manager can amend them.").format(key=key),
        )
    campaign.hypothesis = hypothesis
    campaign.planned_budget = budget
    campaign.launched_at, campaign.starts_on = at, today
    campaign.runs_until = runs_until or (hypothesis.decide_by if hypothesis else None)
    build_criteria(campaign, rules)
    missing = [item for item in missing_for_launch(campaign) if item.code != "hypothesis_missing"]
    if missing:
        raise invalid(missing)
    freeze_criteria(campaign, at=at)
    campaign.judge_due_at = at
    campaign.save(
        update_fields=[
            *("hypothesis", "planned_budget", "launched_at", "starts_on", "runs_until"),
            *("criteria_digest", "judge_due_at"),
        ]
    )
    record_event(
        EventKind.CAMPAIGN_ADOPTED,
        by=by,
        at=at,
        subject=("campaign", key),
        data={
            "campaign": key,
            "name": campaign.name,
            "hypothesis": campaign.hypothesis_id,
            "budget": str(budget),
            "criteria": [criterion.rule_text for criterion in criteria_in_force(campaign)],
            "criteria_digest": campaign.criteria_digest,
        },
    )
    return campaign
