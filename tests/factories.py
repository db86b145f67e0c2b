"""Things that scenarios are made of: built through the services where a service builds them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from experiments.choices import BuyerStage, CampaignStatus, Comparator, Driver, HypothesisKind
from experiments.models import (
    Arm,
    Campaign,
    FileImport,
    Hypothesis,
    KillCriterion,
    Observation,
    ObservationBatch,
)
from experiments.models.criterion import criteria_digest
from experiments.services.campaigns import create_campaign
from experiments.services.exports import read_file, upload_file
from experiments.services.hypotheses import create_hypothesis
from experiments.services.observations.totals import add_up_days, new_version
from sprints.choices import TransferKind
from sprints.models import Sprint
from sprints.services.ledger import OUTSIDE, RESERVE, Account, transfer
from sprints.services.planning import commit_hypothesis, create_sprint, start_sprint
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import create_workspace, ensure_source

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_workspace(
    slug: str = "pilots", *, timezone: str = "UTC", currency: str = "USD", at: datetime = LONG_AGO
) -> Workspace:
    """A workspace whose owner is ``owner@<slug>.example``."""
    return create_workspace(
        name=slug.capitalize(),
        slug=slug,
        timezone=timezone,
        currency=currency,
        owner_email=f"owner@{slug}.example",
        owner_password=None,
        at=at,
    )


def make_member(
    workspace: Workspace, role: Role = Role.MARKETER, *, email: str = "", at: datetime = LONG_AGO
) -> Membership:
    """A person with that role, ``<role>@<slug>.example`` unless an address is given."""
    email = email or f"{role}@{workspace.slug}.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    return Membership.objects.create(workspace=workspace, user=user, role=role, joined_at=at)


def make_actor(workspace: Workspace, role: Role = Role.MARKETER, *, email: str = "") -> Actor:
    """Somebody who acts with that role."""
    return Actor.of_member(make_member(workspace, role, email=email))


def make_campaign(
    workspace: Workspace,
    key: str = "hook-test",
    *,
    arms: Sequence[str] = ("a", "b"),
    channel: str = "meta",
    status: CampaignStatus = CampaignStatus.LIVE,
    launched_at: datetime | None = LONG_AGO,
    **fields: Any,
) -> Campaign:
    """A campaign with evenly split arms, of which the first is the control where there are several.

    Its ``budget``, where one is given, comes from outside, as all money does.
    """
    budget = fields.pop("budget", None)
    is_launched = status not in {CampaignStatus.DRAFT, CampaignStatus.DISCARDED}
    is_finished = status in {CampaignStatus.KILLED, CampaignStatus.COMPLETED}
    values: dict[str, Any] = {
        "name": key.replace("-", " ").capitalize(),
        "created_at": LONG_AGO,
        "launched_at": launched_at if is_launched else None,
        "starts_on": workspace.local_day(launched_at) if is_launched and launched_at else None,
        "ended_at": launched_at if is_finished else None,
        **fields,
    }
    campaign = Campaign.objects.create(workspace=workspace, key=key, channel=channel, status=status, **values)
    for position, arm in enumerate(arms, start=1):
        Arm.objects.create(
            workspace=workspace,
            campaign=campaign,
            key=arm,
            name=arm.upper(),
            is_control=position == 1 and len(arms) > 1,
            planned_share=round(Decimal(1) / len(arms), 6),
            position=position,
        )
    return give_budget(campaign, budget) if budget else campaign


def make_live_campaign(workspace: Workspace, key: str = "hook-test", **fields: Any) -> Campaign:
    """A campaign that has been live since long ago."""
    return make_campaign(workspace, key, status=CampaignStatus.LIVE, **fields)


def make_hypothesis(
    workspace: Workspace, title: str = "Founder video beats studio", **fields: Any
) -> Hypothesis:
    """A hypothesis about the cost of a conversion, in the backlog unless its fields say otherwise."""
    values: dict[str, Any] = {
        "title": title,
        "change": "a founder filmed on a phone",
        "audience": "owners who do not know us",
        "expected_effect": "lower cost per lead",
        "because": "sales calls praise candour",
        "kind": HypothesisKind.CREATIVE_ANGLE,
        "buyer_stage": BuyerStage.AWARENESS,
        "driver": Driver.TRUST,
        "primary_metric": "cpa",
        "target": Decimal(40),
        "created_at": LONG_AGO,
        **fields,
    }
    return Hypothesis.objects.create(workspace=workspace, **values)


def hypothesis_values(**changes: Any) -> dict[str, Any]:
    """What REST takes for a hypothesis about the cost of a conversion; an owner only where given."""
    return {
        "title": "Founder video beats studio",
        "change": "a founder filmed on a phone",
        "audience": "owners who do not know us",
        "expected_effect": "lower cost per lead",
        "because": "sales calls praise candour",
        "kind": "creative_angle",
        "buyer_stage": "awareness",
        "driver": "trust",
        "primary_metric": "cpa",
        "target": Decimal(40),
        **changes,
    }


def campaign_values(**changes: Any) -> dict[str, Any]:
    """What REST takes for a campaign that lacks nothing but a hypothesis."""
    return {
        "key": "founder-video",
        "name": "Founder video",
        "channel": "meta",
        "budget": Decimal(2500),
        "arms": [
            {"key": "a", "name": "Studio", "is_control": True, "planned_share": 0.5},
            {"key": "b", "name": "Founder", "is_control": False, "planned_share": 0.5},
        ],
        "components": ["landing page", "two ads"],
        "kill_criteria": [criterion_values()],
        **changes,
    }


def criterion_values(**changes: Any) -> dict[str, Any]:
    """What REST takes for a kill criterion: a CTR below 0.5 % after $2,000."""
    return {
        "metric": "ctr",
        "comparator": "below",
        "threshold": Decimal("0.005"),
        "guards": {"spend": "2000.00"},
        **changes,
    }


def make_draft(
    by: Actor, hypothesis: Hypothesis | None, key: str = "founder-video", *, at: datetime, **changes: Any
) -> Campaign:
    """A draft that is ready for its launch, written by the service."""
    values = campaign_values(key=key, hypothesis=hypothesis.pk if hypothesis else None, **changes)
    return create_campaign(values=values, by=by, at=at)


def make_sprint(by: Actor, *hypotheses: Hypothesis, at: datetime, days: int = 5, **changes: Any) -> Sprint:
    """A sprint in planning from today on that has committed to these hypotheses, written by the services."""
    today = by.workspace.local_day(at)
    values = {
        "name": "Hooks for cold audiences",
        "starts_on": today,
        "ends_on": today + timedelta(days=days - 1),
        **changes,
    }
    sprint = create_sprint(values=values, by=by, at=at)
    for hypothesis in hypotheses:
        commit_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=by, at=at)
    return sprint


def make_running_sprint(
    by: Actor, *keys: str, at: datetime, days: int = 5, **hypothesis_changes: Any
) -> Sprint:
    """A started sprint with a hypothesis of the actor's and a live campaign for each key, by the services."""
    hypotheses = []
    for key in keys or ("founder-video",):
        values = hypothesis_values(title=f"About {key}", owner=by.user, **hypothesis_changes)
        hypotheses.append(create_hypothesis(values=values, by=by, at=at))
        make_draft(by, hypotheses[-1], key, at=at)
    sprint = make_sprint(by, *hypotheses, at=at, days=days)
    return start_sprint(sprint.pk, by=by, at=at)


def make_criteria(campaign: Campaign, *rules: Mapping[str, Any]) -> list[KillCriterion]:
    """Frozen kill criteria with the campaign's digest; a rule names what differs from a CTR below 0.5 %."""
    usual: dict[str, Any] = {
        "metric": "ctr",
        "comparator": Comparator.BELOW,
        "threshold": Decimal("0.005"),
        "guards": {"spend": "100.00"},
    }
    criteria = [
        KillCriterion.objects.create(
            workspace=campaign.workspace,
            campaign=campaign,
            position=position,
            frozen_at=campaign.launched_at,
            **{**usual, **rule},
        )
        for position, rule in enumerate(rules or [{}], start=1)
    ]
    campaign.criteria_digest = criteria_digest(criteria)
    campaign.save(update_fields=["criteria_digest"])
    return criteria


def report(
    campaign: Campaign,
    day: date | str,
    *,
    arm: str = "a",
    source: str = "meta",
    entity: str = "",
    reported_at: datetime = LONG_AGO,
    **measures: Any,
) -> Observation:
    """Set what a source says of one arm's day, whatever it said before."""
    batch = _batch(campaign.workspace)
    observation, _ = Observation.objects.update_or_create(
        workspace=campaign.workspace,
        arm=campaign.arms.get(key=arm),
        day=day,
        source=ensure_source(campaign.workspace, source),
        entity=entity,
        defaults={"batch": batch, "reported_at": reported_at, **measures},
    )
    _add_up(campaign, Observation.objects.filter(arm=observation.arm_id, day=day))
    return observation


def report_days(
    campaign: Campaign,
    days: Iterable[date],
    *,
    arm: str = "a",
    source: str = "meta",
    reported_at: datetime = LONG_AGO,
    **measures: Any,
) -> None:
    """The same of several days of one arm that nobody has told of before, as fast as one day."""
    place = campaign.arms.get(key=arm)
    told = {
        "workspace": campaign.workspace,
        "arm": place,
        "source": ensure_source(campaign.workspace, source),
        "batch": _batch(campaign.workspace),
        "reported_at": reported_at,
        **measures,
    }
    Observation.objects.bulk_create(Observation(day=day, **told) for day in days)
    _add_up(campaign, Observation.objects.filter(arm=place))


def _add_up(campaign: Campaign, observations: QuerySet[Observation]) -> None:
    add_up_days(observations)
    Campaign.objects.filter(pk=campaign.pk).update(days_version=new_version())


def _batch(workspace: Workspace) -> ObservationBatch:
    batch, _ = ObservationBatch.objects.get_or_create(
        workspace=workspace, at=LONG_AGO, by_label="connector", channel="api"
    )
    return batch


def restate(campaign: Campaign, **measures: Any) -> None:
    """Every day of the campaign now says this, too."""
    observations = Observation.objects.filter(arm__campaign=campaign)
    observations.update(**measures)
    _add_up(campaign, observations)


def give_budget(campaign: Campaign, amount: Decimal | str, *, at: datetime = LONG_AGO) -> Campaign:
    """Money from outside for a campaign, as its launch would have brought it."""
    transfer(
        source=OUTSIDE,
        target=Account.of(campaign),
        amount=Decimal(amount),
        kind=TransferKind.LAUNCH,
        by=Actor.quickno(campaign.workspace),
        at=at,
    )
    return campaign


def fill_reserve(workspace: Workspace, amount: Decimal | str, *, at: datetime = LONG_AGO) -> Workspace:
    """Money from outside for the reserve."""
    transfer(
        source=OUTSIDE,
        target=RESERVE,
        amount=Decimal(amount),
        kind=TransferKind.FUNDING,
        by=Actor.quickno(workspace),
        at=at,
    )
    workspace.refresh_from_db(fields=["reserve"])
    return workspace


def give_file(
    text: str, *, by: Actor, at: datetime, name: str = "days.csv", is_read: bool = True, **asked: Any
) -> FileImport:
    """A file that somebody gave on the page, and, unless they came too early, as a worker has read it."""
    file = upload_file(name, chunks=[text.encode()], asked=asked, by=by, at=at)
    if is_read:
        read_file(file.pk, clock=lambda: at)
        file.refresh_from_db()
    return file
