"""A day's total is the sum of what was observed of it, after every batch in whichever order."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.choices import MEASURES
from experiments.models import Arm, DayTotal, Observation
from tests.metrics.conftest import A_DAY, Record, said
from tests.metrics.test_any_order import undone

KEY = ("workspace", "arm", "day", "source")

amounts = st.none() | st.integers(0, 10**12) | st.decimals(0, 99_999_999_999, places=4)
counts = st.none() | st.integers(0, 10**12)
reports = st.fixed_dictionaries(
    {
        "arm": st.sampled_from(["a", "b"]),
        "day": st.sampled_from(["2026-11-16", "2026-11-17"]),
        "source": st.sampled_from(["meta", "crm"]),
        "entity": st.sampled_from(["ad-1", "ad-2", "ad-3"]),
    },
    optional={"impressions": counts, "conversions": amounts, "spend": amounts},
)
batches = st.lists(
    st.lists(reports, min_size=1, max_size=4, unique_by=lambda one: tuple(list(one.items())[:4])),
    min_size=1,
    max_size=4,
)


def totals() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = DayTotal.objects.values_list(*KEY, "reported_at", *MEASURES)
    return {row[:4]: row[4:] for row in rows}


def added_up() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The same by hand, from the observations."""
    by_day = defaultdict(list)
    for row in Observation.objects.values_list(*KEY, "reported_at", *MEASURES):
        by_day[row[:4]].append(row[4:])
    return {
        key: (
            max(row[0] for row in rows),
            *(
                sum(spoken) if (spoken := [value for value in column if value is not None]) else None
                for column in list(zip(*rows, strict=True))[1:]
            ),
        )
        for key, rows in by_day.items()
    }


def is_same(found: Decimal | None, expected: Decimal | int | None) -> bool:
    """Equal to the fifteen digits that SQLite keeps."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-14") * expected


@pytest.mark.django_db
class TestDayTotals:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=batches, first=st.sampled_from(["oldest", "newest"]))
    def test_record__any_batches__totals_are_the_sums(
        self, record: Record, at: datetime, history: list[list[dict[str, Any]]], first: str
    ) -> None:
        with undone():
            for number, batch in enumerate(history):
                age = timedelta(hours=number if first == "newest" else len(history) - number)
                record(*(said(**row, reported_at=at - age) for row in batch), on_error="skip")
            found, expected = totals(), added_up()
        assert found.keys() == expected.keys()
        for key, (reported_at, *sums) in expected.items():
            assert found[key][0] == reported_at
            assert all(map(is_same, found[key][1:], sums)), (found[key], sums)

    def test_record__entities_of_one_day__are_added_up_and_blanks_stay_unknown(self, record: Record) -> None:
        record(said(entity="ad-1", spend="10.10", clicks=3), said(entity="ad-2", spend="0.25"))
        total = DayTotal.objects.get()
        assert (total.spend, total.clicks, total.impressions) == (Decimal("10.35"), 3, None)

    def test_record__a_measure_is_cleared_everywhere__the_total_is_unknown_again(
        self, record: Record, at: datetime
    ) -> None:
        record(said(spend="10.10", clicks=3))
        record(said(spend=None), later=at + timedelta(minutes=1))
        assert DayTotal.objects.get().spend is None

    def test_record__the_same_again_later__keeps_the_time_of_the_last_report(
        self, record: Record, at: datetime
    ) -> None:
        record(said(entity="ad-1", clicks=3), said(entity="ad-2", clicks=4))
        record(said(entity="ad-2", clicks=4), later=at + timedelta(hours=1))
        total = DayTotal.objects.get()
        assert (total.clicks, total.reported_at) == (7, at + timedelta(hours=1))

    def test_record__the_largest_amounts_of_many_ads__fit(self, record: Record) -> None:
        rows = [said(entity=f"ad-{number}", spend="99999999999", clicks=10**12) for number in range(200)]
        record(*rows)
        total = DayTotal.objects.get()
        assert (total.spend, total.clicks) == (200 * Decimal(99999999999), 200 * 10**12)

    def test_record__a_thousand_days__adds_up_in_as_many_queries_as_one(self, record: Record) -> None:
        def queries(*rows: Any) -> int:
            with CaptureQueriesContext(connection) as captured:
                record(*rows)
            return sum("daytotal" in query["sql"] for query in captured)

        assert Arm.objects.count() > 1
        once = queries(said(day=A_DAY, clicks=1))
        assert once == 1
        days = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
        assert queries(*(said(day=day, arm=arm, clicks=1) for day in days for arm in "ab")) == once
