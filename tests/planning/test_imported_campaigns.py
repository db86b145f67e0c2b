"""Campaigns that ran before anybody planned them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus
from experiments.exceptions import Invalid, Refused
from experiments.models import Campaign, KillCriterion
from experiments.services.campaigns import import_campaign
from tests.factories import make_actor, make_workspace
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db


def imported(by: Actor, at: datetime, **changes: str) -> Campaign:
    values: dict[str, Any] = {
        "key": "spring-sale",
        "name": "Spring sale",
        "channel": "meta",
        "external_id": "123",
        **changes,
    }
    return import_campaign(**values, by=by, at=at)


def test_import__campaign_that_runs_already__is_live_and_unplanned(marketer: Actor, at: datetime) -> None:
    campaign = imported(marketer, at)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.LIVE
    assert campaign.is_unplanned
    assert campaign.launched_at == at
    assert campaign.starts_on == at.date()
    assert campaign.runs_until is None
    assert campaign.budget == 0
    assert not KillCriterion.objects.exists()
    arm = campaign.arms.get()
    assert (arm.key, arm.planned_share, arm.is_control) == ("all", Decimal(1), False)
    assert Event.objects.filter(kind=EventKind.CAMPAIGN_IMPORTED, subject_id="spring-sale").exists()


def test_import__same_campaign_of_the_platform_again__is_refused(marketer: Actor, at: datetime) -> None:
    imported(marketer, at)
    with pytest.raises(Refused) as refusal:
        imported(marketer, at, key="spring-sale-2")
    assert refusal.value.code == "external_id_taken"
    with pytest.raises(Refused) as refusal:
        imported(marketer, at, external_id="456")
    assert refusal.value.code == "key_taken"


def test_import__campaigns_without_an_id_of_the_platform__do_not_collide(
    marketer: Actor, at: datetime
) -> None:
    imported(marketer, at, external_id="")
    imported(marketer, at, key="summer-sale", external_id="")
    assert Campaign.objects.count() == 2


def test_import__day_of_the_start__is_the_workspaces_own(at: datetime) -> None:
    by = make_actor(make_workspace("auckland", timezone="Pacific/Auckland"))
    # 19 November 22:30 in UTC is the 20th in Auckland, at UTC+13 in summer.
    campaign = imported(by, at.replace(hour=22, minute=30))
    assert campaign.starts_on is not None
    assert campaign.starts_on.isoformat() == "2026-11-20"


def test_import__two_workspaces__keep_apart(workspace: Workspace, stranger: Actor, at: datetime) -> None:
    imported(make_actor(workspace), at)
    imported(stranger, at)
    assert Campaign.objects.of(workspace).count() == 1


def test_import__fields_wrong__are_all_named(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        imported(marketer, at, key="reserve", name="", channel="Meta Ads", external_id="x" * 121)
    assert codes(refusal.value) == {
        "key": "reserved_key",
        "name": "required",
        "channel": "malformed_key",
        "external_id": "too_long",
    }
