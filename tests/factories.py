"""Things that scenarios are made of: built through the services where a service builds them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from experiments.choices import BuyerStage, CampaignStatus, Comparator, Driver, HypothesisKind
from experiments.models import Arm, Campaign, Hypothesis, KillCriterion, Observation, ObservationBatch
from experiments.models.criterion import criteria_digest
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
    """A campaign with evenly split arms, of which the first is the control where there are several."""
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
    return campaign


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
    batch, _ = ObservationBatch.objects.get_or_create(
        workspace=campaign.workspace, at=LONG_AGO, by_label="connector", channel="api"
    )
    observation, _ = Observation.objects.update_or_create(
        workspace=campaign.workspace,
        arm=campaign.arms.get(key=arm),
        day=day,
        source=ensure_source(campaign.workspace, source),
        entity=entity,
        defaults={"batch": batch, "reported_at": reported_at, **measures},
    )
    return observation
