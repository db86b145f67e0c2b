"""A flag's life from its first call to its end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from experiments.choices import CampaignStatus, ZombieSignal, ZombieState
from experiments.exceptions import Invalid, InvalidTransition, NotFound
from experiments.models import Campaign, ZombieFlag
from experiments.services.campaigns import kill_campaign
from experiments.services.judging import judge_campaigns
from experiments.services.zombies import acknowledge_zombie, resolve_zombie
from tests.factories import make_actor, make_campaign, make_workspace
from tests.judging.zombies import LAUNCH, NOW, signals, spend
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def marketer(workspace: Workspace) -> Actor:
    return make_actor(workspace)


@pytest.fixture
def zombie(workspace: Workspace) -> Campaign:
    """Unplanned since Monday, at 10 a day."""
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    spend(campaign, {16: "10", 17: "10", 18: "10", 19: "10"})
    return campaign


def test_flag__judged_twice__is_one_flag_and_one_event(zombie: Campaign) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    before = ZombieFlag.objects.values().get()

    result = judge_campaigns([zombie.pk], at=NOW + timedelta(minutes=5))

    assert (result.flagged, result.cleared) == ((), ())
    assert ZombieFlag.objects.values().get() == before
    event = Event.objects.get(kind="zombie.flagged")
    assert (event.subject_id, event.data["signal"]) == (str(before["id"]), "unplanned")
    assert event.data["campaign"] == zombie.key


def test_flag__more_money__is_kept_up_to_date_without_an_event(zombie: Campaign) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    spend(zombie, {20: "60"})

    judge_campaigns([zombie.pk], at=NOW + timedelta(minutes=5))

    assert ZombieFlag.objects.get().money_since == 100
    assert Event.objects.filter(kind="zombie.flagged").count() == 1


def test_acknowledged_flag__money_goes_on_for_another_grace__calls_again(
    zombie: Campaign, marketer: Actor
) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    flag = ZombieFlag.objects.get()
    acknowledge_zombie(flag.pk, by=marketer, at=NOW)
    spend(zombie, {20: "10"})
    judge_campaigns([zombie.pk], at=NOW + timedelta(hours=24))
    flag.refresh_from_db()
    # What was spent on the day of the word is no answer to it.
    assert flag.state == ZombieState.ACKNOWLEDGED

    spend(zombie, {21: "10"})
    judge_campaigns([zombie.pk], at=NOW + timedelta(hours=24))
    flag.refresh_from_db()
    assert flag.state == ZombieState.OPEN
    assert flag.acknowledged_by is None
    events = Event.objects.filter(kind="zombie.flagged").order_by("pk")
    assert [event.data["reopened"] for event in events] == [False, True]


def test_acknowledged_flag__within_the_grace__stays_acknowledged(zombie: Campaign, marketer: Actor) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    acknowledge_zombie(ZombieFlag.objects.get().pk, by=marketer, at=NOW)
    spend(zombie, {20: "10", 21: "10"})

    judge_campaigns([zombie.pk], at=NOW + timedelta(hours=23, minutes=59))

    assert ZombieFlag.objects.get().state == ZombieState.ACKNOWLEDGED


def test_acknowledge__twice__is_refused(zombie: Campaign, marketer: Actor) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    flag = ZombieFlag.objects.get()
    acknowledge_zombie(flag.pk, by=marketer, at=NOW)

    with pytest.raises(InvalidTransition):
        acknowledge_zombie(flag.pk, by=marketer, at=NOW)


def test_kept_flag__rests_through_its_day_and_then_calls_again(zombie: Campaign, marketer: Actor) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    resolve_zombie(
        ZombieFlag.objects.get().pk,
        resolution="kept",
        reason="Brand search, never off.",
        until=date(2026, 11, 25),
        by=marketer,
        at=NOW,
    )
    spend(zombie, {24: "1"}, at=datetime(2026, 11, 25, tzinfo=UTC))

    assert signals(zombie, datetime(2026, 11, 25, 23, 59, tzinfo=UTC)) == set()
    assert signals(zombie, datetime(2026, 11, 26, tzinfo=UTC)) == {"unplanned"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": " "}, ["reason"]),
        ({"until": None}, ["until"]),
        ({"until": date(2026, 11, 20)}, ["until"]),
        ({"until": date(2026, 12, 21)}, ["until"]),
        ({"resolution": "cleared"}, ["resolution"]),
        ({"resolution": "buried"}, ["resolution"]),
        ({"resolution": "killed"}, ["until"]),
        ({"reason": "", "until": None}, ["reason", "until"]),
    ],
)
def test_resolve__what_is_wrong__is_named(
    zombie: Campaign, marketer: Actor, changes: dict[str, Any], fields: list[str]
) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    given: dict[str, Any] = {"resolution": "kept", "reason": "Brand search.", "until": date(2026, 12, 20)}

    with pytest.raises(Invalid) as refusal:
        resolve_zombie(ZombieFlag.objects.get().pk, **{**given, **changes}, by=marketer, at=NOW)

    assert [error.field for error in refusal.value.errors] == fields
    resolve_zombie(ZombieFlag.objects.get().pk, **given, by=marketer, at=NOW)


def test_resolve__killed__kills_the_campaign_and_resolves_its_flags(
    zombie: Campaign, marketer: Actor
) -> None:
    judge_campaigns([zombie.pk], at=NOW + timedelta(days=2))
    flags = ZombieFlag.objects.filter(campaign=zombie)
    assert set(flags.values_list("signal", flat=True)) == {ZombieSignal.UNPLANNED, ZombieSignal.BLIND}

    flag = resolve_zombie(
        flags.get(signal="unplanned").pk, resolution="killed", reason="Nobody wants it.", by=marketer, at=NOW
    )

    zombie.refresh_from_db()
    assert zombie.status == CampaignStatus.KILLED
    assert (flag.resolution, flag.reason, flag.resolved_by) == ("killed", "Nobody wants it.", marketer.user)
    assert set(flags.values_list("resolution", flat=True)) == {"killed"}
    assert signals(zombie, NOW + timedelta(days=3)) == set()


def test_resolve__twice__is_refused(zombie: Campaign, marketer: Actor) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    flag = ZombieFlag.objects.get()
    kill_campaign(zombie.key, reason="Enough.", by=marketer, at=NOW)

    with pytest.raises(InvalidTransition):
        resolve_zombie(flag.pk, resolution="killed", reason="Enough.", by=marketer, at=NOW)


def test_zombie_of_another_workspace__does_not_exist(zombie: Campaign) -> None:
    judge_campaigns([zombie.pk], at=NOW)
    stranger = make_actor(make_workspace("others"))

    with pytest.raises(NotFound):
        acknowledge_zombie(ZombieFlag.objects.get().pk, by=stranger, at=NOW)
