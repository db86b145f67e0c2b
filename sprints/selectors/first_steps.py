"""How far a new workspace has come: from nothing to the first campaign that has numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.choices import CampaignStatus, HypothesisStatus
from experiments.models import Campaign, Hypothesis, KillCriterion, Observation
from sprints.choices import TransferKind
from sprints.models import Commitment, Sprint, Transfer
from workspaces.choices import EventKind, Scope
from workspaces.models import Event, Invitation, Membership, Workspace
from workspaces.permissions import Actor, Permission


class FirstStep(Enum):
    """What is to be done, in this order, and what it takes."""

    NUMBERS = (Permission.POST_METRICS, _("Bring numbers"))
    RESERVE = (Permission.FUND, _("Fund the reserve"))
    HYPOTHESIS = (Permission.PLAN, _("Name the first hypothesis"))
    SPRINT = (Permission.PLAN, _("Plan a sprint and commit the hypothesis to it"))
    CAMPAIGN = (Permission.PLAN, _("Draft the campaign with its kill criterion"))
    LAUNCH = (Permission.PLAN, _("Launch it"))
    TEAM = (Permission.MANAGE_MEMBERS, _("Invite a second person"))
    FIRST_NUMBERS = (Permission.POST_METRICS, _("See its first numbers"))

    def __init__(self, permission: Permission, title: str) -> None:
        self.permission = permission
        self.title = title

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def is_optional(self) -> bool:
        """What no other step waits for.

        Old numbers help, and the new ones come last anyway. What the reserve lacks at a launch comes from
        outside. A second person is needed for a plan only.
        """
        return self in {FirstStep.NUMBERS, FirstStep.RESERVE, FirstStep.TEAM}


@dataclass(frozen=True, slots=True)
class StepView:
    step: FirstStep
    is_done: bool
    # The one that stands out: the first that cannot wait and that whoever looks can do now.
    is_next: bool
    is_allowed: bool


class Place(NamedTuple):
    """A page by its name, what it is of, and its query."""

    page: str
    of: int | str | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The steps as one person sees them, and the things that they lead on with."""

    steps: Sequence[StepView]
    # Whether anything is meant to spend, be it planned here or not.
    is_spending: bool
    # Ids, numbers and keys, ``None`` where there is no such thing yet.
    hypothesis: int | None
    planned_sprint: int | None
    draft: str | None
    campaign: str | None

    @property
    def done(self) -> int:
        return sum(item.is_done for item in self.steps)

    @property
    def next(self) -> FirstStep | None:
        return next((item.step for item in self.steps if item.is_next), None)

    def place(self, step: FirstStep) -> Place:
        """Where a step is taken."""
        sprint, draft, campaign = self.planned_sprint, self.draft, self.campaign
        of_hypothesis = f"?hypothesis={self.hypothesis}" if self.hypothesis else ""
        new_campaign = Place("campaign_new", query=of_hypothesis)
        places = {
            FirstStep.NUMBERS: Place("import_numbers"),
            FirstStep.RESERVE: Place("fund"),
            FirstStep.HYPOTHESIS: Place("hypothesis_new"),
            FirstStep.SPRINT: Place("sprint", sprint) if sprint else Place("sprint_new"),
            FirstStep.CAMPAIGN: Place("campaign_edit", draft) if draft else new_campaign,
            FirstStep.TEAM: Place("settings"),
            FirstStep.FIRST_NUMBERS: Place("import_numbers"),
        }
        if sprint:
            places[FirstStep.LAUNCH] = Place("sprint", sprint)
        else:
            places[FirstStep.LAUNCH] = Place("campaign", campaign) if campaign else Place("sprints")
        return places[step]

    @property
    def next_title(self) -> str:
        """What comes next, in words for whoever is at it already."""
        if self.next == FirstStep.SPRINT and self.planned_sprint:
            return gettext("Commit a hypothesis to sprint {number}").format(number=self.planned_sprint)
        return str(self.next.title) if self.next else ""

    @property
    def has_launched(self) -> bool:
        """Whether a campaign runs, so that its numbers are all that is missing."""
        return any(item.is_done for item in self.steps if item.step == FirstStep.LAUNCH)

    @property
    def are_over(self) -> bool:
        """The first campaign has numbers: whatever was left out on the way is no first step any more."""
        return self.steps[-1].is_done


def read_first_steps(workspace: Workspace, *, by: Actor) -> FirstSteps:
    """What is done and what comes next."""
    facts = _facts(workspace)
    done = {step: bool(facts[f"has_{step.key}"]) for step in FirstStep}
    done[FirstStep.NUMBERS] = done[FirstStep.NUMBERS] or _has_key_that_posts(workspace)
    can_do = {step: by.can(step.permission) for step in FirstStep}

    def waits(step: FirstStep) -> bool:
        return can_do[step] and not done[step] and not step.is_optional

    is_over = done[FirstStep.FIRST_NUMBERS]
    coming = None if is_over else next(filter(waits, FirstStep), None)
    return FirstSteps(
        steps=[
            StepView(step, done[step], step == coming, can_do[step])
            for step in FirstStep
            # Where there is a team, there is nobody to look for.
            if step != FirstStep.TEAM or facts["is_alone"]
        ],
        is_spending=facts["is_spending"],
        hypothesis=facts["hypothesis"],
        planned_sprint=facts["planned_sprint"],
        draft=facts["draft"],
        campaign=facts["campaign"],
    )


def _facts(workspace: Workspace) -> dict[str, Any]:
    """What there is, in one query."""
    mine = OuterRef("pk")
    hypotheses = Hypothesis.objects.filter(workspace=mine)
    open_ones = hypotheses.filter(status__in=[HypothesisStatus.BACKLOG, HypothesisStatus.COMMITTED])
    campaigns = Campaign.objects.filter(workspace=mine)
    ruled = campaigns.exclude(status=CampaignStatus.DISCARDED).filter(
        Exists(KillCriterion.objects.filter(campaign=OuterRef("pk")))
    )
    observations = Observation.objects.filter(workspace=mine)
    is_of_ruled = Exists(
        KillCriterion.objects.filter(campaign=OuterRef("arm__campaign"), frozen_at__isnull=False)
    )
    facts = (
        Workspace.objects.filter(pk=workspace.pk)
        .values(
            has_numbers=Exists(observations),
            has_reserve=Exists(Transfer.objects.filter(workspace=mine, kind=TransferKind.FUNDING)),
            has_hypothesis=Exists(hypotheses),
            has_sprint=Exists(Commitment.objects.filter(workspace=mine).kept()),
            has_campaign=Exists(ruled),
            has_launch=Exists(ruled.launched()),
            is_alone=~Exists(Membership.objects.filter(workspace=mine).order_by("pk")[1:]),
            has_team=Exists(Invitation.objects.filter(workspace=mine).pending()),
            has_first_numbers=Exists(observations.filter(is_of_ruled)),
            is_spending=Exists(campaigns.spending()),
            # What a sprint has taken on comes first, because its campaign is what is wanted.
            hypothesis=Subquery(open_ones.order_by("-status", "pk").values("pk")[:1]),
            planned_sprint=Subquery(
                Sprint.objects.filter(workspace=mine).planning().order_by("number").values("number")[:1]
            ),
            draft=Subquery(campaigns.filter(status=CampaignStatus.DRAFT).order_by("pk").values("key")[:1]),
            campaign=Subquery(ruled.order_by("pk").values("key")[:1]),
        )
        .get()
    )
    return dict(facts)


def _has_key_that_posts(workspace: Workspace) -> bool:
    """Whether a key for numbers was ever made. The key itself belongs to the API; its making is an event."""
    made = Event.objects.of(workspace).filter(kind=EventKind.KEY_CREATED)
    return any(Scope.METRICS_WRITE in data.get("scopes", []) for data in made.values_list("data", flat=True))
