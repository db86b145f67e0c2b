"""Columns of numbers: what the database holds comes back as it is, whichever database it is."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from django.db.models import Sum

from experiments.models import Observation
from experiments.selectors.columns import amount, microseconds, moment, read_columns
from tests.factories import make_campaign, make_workspace, report

pytestmark = pytest.mark.django_db

REPORTED = datetime(2026, 11, 17, 8, 0, 0, 123_456, tzinfo=UTC)


def test_columns__every_kind__comes_back_as_stored() -> None:
    campaign = make_campaign(make_workspace(), arms=["a"])
    first = report(campaign, "2026-11-16", spend=Decimal("0.1001"), clicks=None, reported_at=REPORTED)
    second = report(campaign, date(1999, 12, 31), spend=None, clicks=10**12, reported_at=REPORTED)

    columns = read_columns(
        Observation.objects.order_by("pk").annotate(money=amount("spend"), count=amount("clicks")),
        {"id": "whole", "day": "day", "reported_at": "moment", "money": "amount", "count": "amount"},
    )

    assert columns["id"].tolist() == [first.pk, second.pk]
    assert [date.fromordinal(day) for day in columns["day"].tolist()] == [
        date(2026, 11, 16),
        date(1999, 12, 31),
    ]
    assert [moment(time) for time in columns["reported_at"]] == [REPORTED, REPORTED]
    np.testing.assert_array_equal(columns["money"], [0.1001, np.nan])
    np.testing.assert_array_equal(columns["count"], [np.nan, 10**12])


def test_columns__sums_in_groups__have_a_row_each() -> None:
    campaign = make_campaign(make_workspace(), arms=["a"])
    for ad, clicks in (("ad-1", 3), ("ad-2", 4)):
        report(campaign, "2026-11-16", entity=ad, clicks=clicks)

    query = Observation.objects.values("arm").annotate(total=amount(Sum("clicks"))).order_by()
    columns = read_columns(query, {"arm": "whole", "total": "amount"})

    assert (columns["arm"].tolist(), columns["total"].tolist()) == ([campaign.arms.get().pk], [7.0])


@pytest.mark.parametrize("ids", [[], [0]], ids=["nobody asked for", "nobody found"])
def test_columns__no_rows__are_empty(ids: list[int]) -> None:
    columns = read_columns(Observation.objects.filter(pk__in=ids), {"id": "whole", "day": "day"})

    assert {name: column.tolist() for name, column in columns.items()} == {"id": [], "day": []}


def test_columns__null_where_none_may_be__is_refused_and_no_row_lost() -> None:
    campaign = make_campaign(make_workspace(), arms=["a"])
    report(campaign, "2026-11-16", clicks=1)
    report(campaign, "2026-11-17", clicks=None)

    with pytest.raises(ValueError, match="nulls in id, clicks"):
        read_columns(Observation.objects.all(), {"id": "whole", "clicks": "whole"})


def test_moment__of_its_microseconds__is_the_same() -> None:
    assert moment(microseconds(REPORTED)) == REPORTED
