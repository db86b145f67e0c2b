"""Setting campaigns live: the state, the frozen criteria and the money in one transaction."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.exceptions import CampaignNotReady, InvalidTransition
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import adopt_unplanned, missing_for_launch, start_campaign
from experiments.services.lookups import find_campaign, lock_campaign
from sprints.choices import SprintStatus
from sprints.exceptions import Refused
from sprints.models import Commitment
from sprints.services.ledger import fund_launch
from sprints.services.lookups import lock_commitment, lock_workspace
from sprints.services.reallocations import outdate_overdrawn
from workspaces.models.spelling import on_day
from workspaces.permissions import Actor, Permission


@transaction.atomic
def launch_campaign(key: str, *, by: Actor, at: datetime) -> Campaign:
    """Launch a draft whose hypothesis is committed to a running sprint; it runs to the sprint's last day.

    Raises ``CampaignNotReady`` with everything that it lacks, ``Refused`` where its sprint does not run.
    """
    by.require(Permission.PLAN)
    lock_workspace(by)
    campaign = find_campaign(key, by=by)
    if not campaign.is_draft:
        raise InvalidTransition(
            _("Campaign {campaign} is {state}; only a draft can be launched.").format(
                campaign=key, state=campaign.get_status_display()
            )
        )
    if campaign.hypothesis is None:
        raise CampaignNotReady(key, missing_for_launch(campaign))
    commitment = lock_commitment(campaign.hypothesis.pk, by=by)
    sprint = _running_sprint(commitment, campaign.hypothesis).sprint
    if lock_campaign(key, by=by).hypothesis_id != campaign.hypothesis_id:
        # Not what was asked for: its plan has changed since it was read.
        message = _("The plan of campaign {campaign} has just changed. Read it again.")
        raise Refused("changed_meanwhile", message.format(campaign=key))
    if sprint.ends_on < by.workspace.local_day(at):
        raise Refused(
            "sprint_over",
            _("{sprint} was to end on {day}; decide instead of launching more.").format(
                sprint=sprint, day=on_day(sprint.ends_on)
            ),
        )
    return fund_and_start(key, runs_until=sprint.ends_on, by=by, at=at)


def _running_sprint(commitment: Commitment | None, hypothesis: Hypothesis) -> Commitment:
    if commitment is None:
        raise Refused(
            "not_committed",
            _(
                "Its hypothesis “{title}” is {state}. "
                "A campaign launches in a sprint: commit the hypothesis to one."
            ).format(title=hypothesis.title, state=hypothesis.get_status_display()),
        )
    sprint = commitment.sprint
    if sprint.status != SprintStatus.RUNNING:
        message = _("{sprint} is {state}; a campaign launches while its sprint runs.").format(
            sprint=sprint, state=sprint.get_status_display()
        )
        hint = _("Starting it launches the campaign.") if sprint.status == SprintStatus.PLANNING else ""
        raise Refused("sprint_not_running", f"{message} {hint}".rstrip())
    return commitment


def fund_and_start(key: str, *, runs_until: date, by: Actor, at: datetime) -> Campaign:
    """Launch one draft inside the caller's transaction, which holds the workspace."""
    campaign = start_campaign(key, runs_until=runs_until, by=by, at=at)
    _fund(campaign, by=by, at=at)
    return campaign


def _fund(campaign: Campaign, *, by: Actor, at: datetime) -> None:
    fund_launch(campaign, by=by, at=at)
    # A plan may have wanted what the reserve has just given.
    outdate_overdrawn(by.workspace, at=at)


@transaction.atomic
def adopt_campaign(key: str, *, values: Mapping[str, Any], by: Actor, at: datetime) -> Campaign:
    """Give a running campaign criteria, frozen at once, a budget and, if named, a hypothesis.

    ``values``: ``kill_criteria``, ``budget``, and optionally ``hypothesis`` (id) and ``runs_until`` (date).
    """
    by.require(Permission.PLAN)
    lock_workspace(by)
    campaign = adopt_unplanned(key, values=values, by=by, at=at)
    _fund(campaign, by=by, at=at)
    return campaign
