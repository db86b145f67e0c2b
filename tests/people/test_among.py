"""The lookup for keys by the hundred: what ``in`` finds, whatever the number."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Arm
from tests.factories import make_campaign, make_workspace
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Prepared


@pytest.fixture
def arms(db: None) -> list[Arm]:
    workspace = make_workspace()
    for number in range(3):
        make_campaign(workspace, f"test-{number}")
    return list(Arm.objects.order_by("pk"))


def test_among__keys__are_found(arms: list[Arm]) -> None:
    wanted = [arms[0].pk, arms[3].pk]
    assert set(Arm.objects.filter(pk__among=wanted)) == {arms[0], arms[3]}
    assert set(Arm.objects.exclude(pk__among=wanted)) == set(arms) - {arms[0], arms[3]}


def test_among__a_foreign_key__is_compared_by_its_id(arms: list[Arm]) -> None:
    campaign = arms[2].campaign
    assert set(Arm.objects.filter(campaign_id__among={campaign.pk: campaign})) == set(campaign.arms.all())
    assert set(Arm.objects.filter(campaign__id__among=[campaign.pk])) == set(campaign.arms.all())


def test_among__none__finds_nothing(arms: list[Arm]) -> None:
    assert not Arm.objects.filter(pk__among=[]).exists()


def test_among__more_than_a_database_counts__are_one_parameter(arms: list[Arm]) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert Arm.objects.filter(pk__among=range(300_000)).count() == len(arms)
    assert len(queries) == 1


@pytest.mark.parametrize("other", ["seven", None, "1 OR 1=1"])
def test_among__no_number__is_refused(db: None, other: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Arm.objects.filter(pk__among=[other])


def test_among__keys_that_are_given_later__are_those(arms: list[Arm]) -> None:
    prepared = Prepared(lambda: Arm.objects.filter(pk__among=GivenKeys("arms")).order_by("pk"))
    first, second, *_ = (arm.pk for arm in arms)
    assert [arm.pk for arm in prepared.read(arms=[second, first])] == [first, second]
    assert [arm.pk for arm in prepared.read(arms={second})] == [second]
    assert prepared.read(arms=[]) == []
    with pytest.raises(ValueError, match="seven"):
        prepared.read(arms=["seven"])
