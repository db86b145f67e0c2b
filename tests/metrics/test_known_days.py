"""Days are read once for as long as they stay as they are, and never later than they change."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from experiments.models import Campaign
from experiments.selectors.measurements import daily_spend
from tests.factories import make_live_campaign, report
from tests.metrics.conftest import A_DAY, Record, said

pytestmark = pytest.mark.django_db


def spend(campaign: Campaign) -> Decimal | None:
    return daily_spend([campaign])[campaign.pk].get(A_DAY)


def day_queries(*campaigns: Campaign) -> int:
    with CaptureQueriesContext(connection) as captured:
        daily_spend(campaigns)
    return sum("daytotal" in query["sql"] for query in captured)


def test_days__nothing_changed__are_not_read_again(record: Record, campaign: Campaign) -> None:
    record(said(spend=10))
    assert [day_queries(campaign), day_queries(campaign)] == [1, 0]


def test_days__recorded_anew__are_read_anew(record: Record, campaign: Campaign, at: datetime) -> None:
    record(said(spend=10))
    before = spend(campaign)
    record(said(spend=12), later=at + timedelta(hours=1))
    assert [before, spend(campaign)] == [10, 12]


def test_days__of_one_campaign_change__those_of_the_others_stay(record: Record, campaign: Campaign) -> None:
    other = make_live_campaign(campaign.workspace, "other")
    report(other, A_DAY, spend=7)
    record(said(spend=10))
    daily_spend([campaign, other])
    report(other, A_DAY, spend=8)
    assert daily_spend([other, campaign]) == {
        campaign.pk: {A_DAY: 10},
        other.pk: {A_DAY: 8},
    }


def test_days__a_recording_is_taken_back__are_those_from_before(
    record: Record, campaign: Campaign, at: datetime
) -> None:
    record(said(spend=10))
    with transaction.atomic():
        record(said(spend=12), later=at + timedelta(hours=1))
        meanwhile = spend(campaign)
        transaction.set_rollback(True)
    taken_back = spend(campaign)
    record(said(spend=13), later=at + timedelta(hours=1))
    assert [meanwhile, taken_back, spend(campaign)] == [12, 10, 13]


def test_days__up_to_a_day__leave_out_the_later_ones(record: Record, campaign: Campaign) -> None:
    record(said(spend=10))
    daily_spend([campaign])
    before = A_DAY - timedelta(days=1)
    assert daily_spend([campaign], as_of=before) == {campaign.pk: {}}
