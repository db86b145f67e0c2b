"""Rows that cannot be right: each is named with what is wrong, and nothing of their batch is stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import CampaignStatus
from experiments.exceptions import FieldError, RowsRefused
from experiments.models import Observation, ObservationBatch
from tests.factories import make_campaign, make_live_campaign, make_workspace
from tests.metrics.conftest import Record, said, stored
from workspaces.models import Event, Workspace

Refused = Callable[..., list[FieldError]]


@pytest.fixture
def refused(record: Record) -> Refused:
    """Post rows that are refused; what is wrong with them."""

    def post(*rows: Any, **options: Any) -> list[FieldError]:
        before = Observation.objects.count(), ObservationBatch.objects.count(), Event.objects.count()
        with pytest.raises(RowsRefused) as refusal:
            record(*rows, **options)
        after = Observation.objects.count(), ObservationBatch.objects.count(), Event.objects.count()
        assert after == before
        return list(refusal.value.errors)

    return post


class TestOneRow:
    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            ({"campaign": "hook-tset"}, "campaign", "unknown_campaign"),
            ({"campaign": ""}, "campaign", "required"),
            ({"campaign": "hook\x00test"}, "campaign", "unknown_campaign"),
            ({"arm": "c"}, "arm", "unknown_arm"),
            ({"arm": ""}, "arm", "required"),
            ({"source": "myspace"}, "source", "unknown_source"),
            ({"entity": "x" * 121}, "entity", "invalid_entity"),
            ({"entity": "a\x00b"}, "entity", "invalid_entity"),
            ({"clickz": 3}, "clickz", "unknown_field"),
            ({"day": ""}, "day", "required"),
            ({"day": "20.11.2026"}, "day", "invalid_day"),
            ({"day": "2026-02-30"}, "day", "invalid_day"),
            ({"day": "20261117"}, "day", "invalid_day"),
            ({"day": "0026-11-17"}, "day", "invalid_day"),
            ({"day": "2026-11-21"}, "day", "day_in_future"),
            ({"reported_at": "yesterday"}, "reported_at", "invalid_time"),
            ({"reported_at": "2026-11-17T10:00:00"}, "reported_at", "invalid_time"),
            ({"reported_at": "0001-01-01T00:00:00+10:00"}, "reported_at", "invalid_time"),
            ({"reported_at": "2099-01-01T00:00:00Z"}, "reported_at", "reported_in_future"),
            ({"currency": "EUR"}, "currency", "currency_mismatch"),
            ({"clicks": "many"}, "clicks", "not_a_number"),
            ({"clicks": ""}, "clicks", "not_a_number"),
            ({"clicks": True}, "clicks", "not_a_number"),
            ({"clicks": "1_000"}, "clicks", "not_a_number"),
            ({"clicks": "NaN"}, "clicks", "not_a_number"),
            ({"clicks": float("nan")}, "clicks", "not_a_number"),
            ({"spend": float("inf")}, "spend", "not_a_number"),
            ({"spend": Decimal("sNaN")}, "spend", "not_a_number"),
            ({"clicks": -1}, "clicks", "negative"),
            ({"spend": "-0.01"}, "spend", "negative"),
            ({"clicks": 10**12 + 1}, "clicks", "out_of_range"),
            ({"clicks": 10**4000}, "clicks", "out_of_range"),
            ({"spend": "1e400"}, "spend", "out_of_range"),
            ({"spend": "1e99999999999999999999"}, "spend", "out_of_range"),
            ({"spend": "100000000000"}, "spend", "out_of_range"),
            ({"spend": "99999999999.99996"}, "spend", "out_of_range"),
            ({"clicks": 1.5}, "clicks", "not_whole"),
        ],
    )
    def test_record__a_bad_row__is_refused_with_the_field_and_a_code(
        self, refused: Refused, row: dict[str, Any], field: str, code: str
    ) -> None:
        errors = refused(said(clicks=1), said(**{"arm": "a", **row}))
        assert [(error.row, error.field, error.code) for error in errors] == [(1, field, code)]
        assert errors[0].message

    def test_record__a_currency_in_other_letters__is_the_same_currency(self, record: Record) -> None:
        record(said(spend=1, currency=" usd"))
        assert stored() == {"spend": 1}

    def test_record__several_faults_in_a_row__are_all_named(self, refused: Refused) -> None:
        errors = refused(said(day="soon", arm="b", clicks=-1, spend="much"))
        assert [error.field for error in errors] == ["day", "clicks", "spend"]

    def test_record__a_discarded_campaign__takes_no_numbers(
        self, refused: Refused, workspace: Workspace
    ) -> None:
        make_campaign(workspace, "dropped", status=CampaignStatus.DISCARDED)
        assert [error.code for error in refused(said(campaign="dropped", clicks=1))] == ["campaign_discarded"]

    def test_record__a_campaign_of_another_workspace__does_not_exist(self, refused: Refused) -> None:
        make_live_campaign(make_workspace("others"), "theirs")
        errors = refused(said(campaign="theirs", clicks=1))
        assert [error.code for error in errors] == ["unknown_campaign"]
        # Nor is it suggested.
        assert "Did you mean" not in refused(said(campaign="their", clicks=1))[0].message

    def test_record__a_decoders_error__stands_for_its_row(self, refused: Refused) -> None:
        errors = refused(said(clicks=1), FieldError("not_a_row", "A row is an object."))
        assert [(error.row, error.code) for error in errors] == [(1, "not_a_row")]


class TestWords:
    @pytest.mark.parametrize(
        ("row", "said_of_it"),
        [
            ({"campaign": "hook-tset"}, "“hook-test”"),
            ({"clickz": 3}, "“clicks”"),
            ({"arm": "c"}, "a and b"),
            ({"source": "myspace"}, "meta"),
            ({"currency": "EUR"}, "Convert the amounts to USD"),
            ({"day": "2026-11-21"}, "2026-11-20"),
        ],
    )
    def test_record__a_bad_row__is_told_what_would_be_right(
        self, refused: Refused, row: dict[str, Any], said_of_it: str
    ) -> None:
        assert said_of_it in refused(said(**row))[0].message


class TestFuture:
    """Kiribati is 14 hours ahead of Greenwich (IANA: Pacific/Kiritimati), and nobody is farther ahead."""

    def test_record__a_day_that_has_begun_in_kiribati__is_accepted(self, record: Record) -> None:
        record(said(day="2026-11-20", clicks=1), later=datetime(2026, 11, 19, 10, 0, tzinfo=UTC))
        assert stored() == {"clicks": 1}

    def test_record__a_minute_before_it_begins_there__is_refused(self, refused: Refused) -> None:
        errors = refused(said(day="2026-11-20", clicks=1), later=datetime(2026, 11, 19, 9, 59, tzinfo=UTC))
        assert [error.code for error in errors] == ["day_in_future"]

    def test_record__a_senders_clock_that_is_hours_ahead__is_accepted(
        self, record: Record, at: datetime
    ) -> None:
        record(said(clicks=1, reported_at=at + timedelta(hours=13)))
        assert stored() == {"clicks": 1}


class TestSeveralRows:
    def test_record__two_rows_with_one_key__are_both_named(self, refused: Refused) -> None:
        errors = refused(said(clicks=1), said(arm="a", clicks=1), said(spend=2))
        assert [(error.row, error.code) for error in errors] == [(0, "duplicate_key"), (2, "duplicate_key")]
        assert all("0 and 2" in error.message for error in errors)

    def test_record__one_key_in_two_spellings__is_one_key(self, refused: Refused) -> None:
        errors = refused(said(clicks=1), said(day="2026-11-17", source="meta", clicks=1))
        assert {error.code for error in errors} == {"duplicate_key"}

    def test_record__mixed_grain_in_a_batch__names_all_of_that_day(self, refused: Refused) -> None:
        errors = refused(
            said(spend=9), said(entity="ad-1", spend=4), said(entity="ad-2", spend=5), said(arm="a", spend=1)
        )
        assert [(error.row, error.field, error.code) for error in errors] == [
            (row, "entity", "mixed_grain") for row in range(3)
        ]

    @pytest.mark.parametrize(("first", "second"), [("", "ad-1"), ("ad-1", "")])
    def test_record__another_grain_than_what_is_stored__is_refused(
        self, record: Record, refused: Refused, first: str, second: str
    ) -> None:
        record(said(entity=first, spend=9))
        assert [error.code for error in refused(said(entity=second, spend=9))] == ["mixed_grain"]

    def test_record__grains_of_other_days_arms_and_sources__may_differ(self, record: Record) -> None:
        record(said(spend=9))
        record(
            said(day="2026-11-16", entity="ad-1", spend=1),
            said(arm="a", entity="ad-1", spend=1),
            said(source="crm", entity="deal-1", customers=1),
        )
        assert Observation.objects.count() == 4

    def test_record__more_bad_rows_than_are_named__are_counted(self, record: Record) -> None:
        with pytest.raises(RowsRefused) as refusal:
            record(said(arm="a", clicks=1), *(said(entity=f"ad-{n}", clicks=-1) for n in range(150)))
        assert refusal.value.rejected == 150
        assert [error.row for error in refusal.value.errors] == list(range(1, 101))
        assert "150 of 151 rows" in refusal.value.message
        assert refusal.value.code == "negative"

    def test_record__thousands_of_unknown_campaigns__is_refused_without_a_question_for_each(
        self, refused: Refused
    ) -> None:
        rows = [said(campaign=f"unknown-{n}", clicks=1) for n in range(20_000)]
        with CaptureQueriesContext(connection) as queries:
            errors = refused(*rows)
        assert len(errors) == 100
        assert len(queries) < 20


class TestSkipping:
    def test_record__skipping_errors__stores_the_good_rows_and_lists_the_bad(self, record: Record) -> None:
        result = record(said(clicks=1), said(arm="c", clicks=1), said(arm="a", clicks=2.5), on_error="skip")

        assert (result.received, result.inserted, result.rejected) == (3, 1, 2)
        assert [(error.row, error.code) for error in result.errors] == [(1, "unknown_arm"), (2, "not_whole")]
        assert stored() == {"clicks": 1}
        assert ObservationBatch.objects.get().rejected == 2

    def test_record__skipping_errors__stores_none_of_the_rows_with_one_key(self, record: Record) -> None:
        result = record(said(clicks=1), said(clicks=-2), on_error="skip")
        assert (result.inserted, result.rejected) == (0, 2)
        assert not Observation.objects.exists()

    def test_record__skipping_all__touches_no_campaign(self, record: Record) -> None:
        assert record(said(arm="c"), on_error="skip").campaign_ids == []
