"""What becomes of rows that are right: stored, merged, counted and told of."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import STOPPED_STATUSES, CampaignStatus
from experiments.models import Campaign, Observation, ObservationBatch, Restatement
from experiments.services.observations import BatchResult, preview_observations, record_observations
from tests.factories import make_campaign, make_live_campaign, make_workspace
from tests.metrics.conftest import A_DAY, Record, said, stored
from workspaces.choices import EventKind
from workspaces.models import Event, Source, Workspace
from workspaces.permissions import Actor


def counts(result: BatchResult) -> tuple[int, ...]:
    return (result.received, result.inserted, result.updated, result.unchanged, result.rejected)


class TestMerging:
    def test_record__a_new_day__is_stored_as_it_was_said(self, record: Record) -> None:
        result = record(said(impressions=41230, clicks="512", spend="231.40", conversions=9.5))

        assert counts(result) == (1, 1, 0, 0, 0)
        assert stored() == {
            "impressions": 41230,
            "clicks": 512,
            "spend": Decimal("231.40"),
            "conversions": Decimal("9.5"),
        }

    def test_record__the_day_again__replaces_what_is_given_and_keeps_the_rest(
        self, record: Record, at: datetime
    ) -> None:
        record(said(impressions=100, clicks=5))
        result = record(said(impressions=140), later=at + timedelta(hours=1))

        assert counts(result) == (1, 0, 1, 0, 0)
        assert stored() == {"impressions": 140, "clicks": 5}

    def test_record__null__clears_a_measure(self, record: Record, at: datetime) -> None:
        record(said(impressions=100, clicks=5))
        result = record(said(clicks=None), later=at + timedelta(hours=1))

        assert counts(result) == (1, 0, 1, 0, 0)
        assert stored() == {"impressions": 100}

    def test_record__a_zero__is_a_number_and_not_nothing(self, record: Record) -> None:
        record(said(impressions=100, clicks=0))
        assert stored() == {"impressions": 100, "clicks": 0}

    def test_record__the_same_values__are_unchanged_and_reported_later(
        self, record: Record, at: datetime
    ) -> None:
        first = record(said(impressions=100, spend="5.00"))
        result = record(said(impressions=100, spend="5"), later=at + timedelta(hours=1))

        assert counts(result) == (1, 0, 0, 1, 0)
        observation = Observation.objects.get()
        assert observation.reported_at == at + timedelta(hours=1)
        assert observation.batch_id == first.batch_id
        assert not Restatement.objects.exists()

    def test_record__an_older_report__changes_nothing(self, record: Record, at: datetime) -> None:
        record(said(impressions=100, clicks=2))
        result = record(said(impressions=90, clicks=3, reported_at=at - timedelta(seconds=1)))

        assert counts(result) == (1, 0, 0, 1, 0)
        assert stored() == {"impressions": 100, "clicks": 2}
        assert Observation.objects.get().reported_at == at

    def test_record__an_older_report_of_what_nobody_else_said__is_taken_for_that(
        self, record: Record, at: datetime
    ) -> None:
        record(said(impressions=100))
        result = record(said(impressions=90, clicks=3, reported_at=at - timedelta(seconds=2)))

        assert counts(result) == (1, 0, 1, 0, 0)
        assert stored() == {"impressions": 100, "clicks": 3}
        assert Observation.objects.get().reported_at == at
        record(said(clicks=4, reported_at=at - timedelta(seconds=3)))
        assert stored() == {"impressions": 100, "clicks": 3}
        record(said(clicks=5, reported_at=at - timedelta(seconds=1)))
        assert stored() == {"impressions": 100, "clicks": 5}

    def test_record__a_measure_that_later_reports_leave_out__keeps_its_time(
        self, record: Record, at: datetime
    ) -> None:
        record(said(impressions=100, clicks=2, reported_at=at - timedelta(hours=3)))
        record(said(impressions=110))
        record(said(clicks=3, reported_at=at - timedelta(hours=2)))
        assert stored() == {"impressions": 110, "clicks": 3}
        restatement = Restatement.objects.latest("pk")
        assert restatement.before == {"clicks": 2}
        assert restatement.reported_at == at - timedelta(hours=3)

    def test_record__reports_of_the_same_measures__keep_one_time(self, record: Record, at: datetime) -> None:
        record(said(impressions=100, clicks=2, reported_at=at - timedelta(hours=3)))
        record(said(impressions=110, clicks=3))
        assert Observation.objects.get().said_at is None

    def test_record__an_older_null__clears_nothing(self, record: Record, at: datetime) -> None:
        record(said(impressions=100))
        record(said(impressions=None, reported_at=at - timedelta(hours=1)))
        assert stored() == {"impressions": 100}

    def test_record__a_value_older_than_a_null__does_not_come_back(
        self, record: Record, at: datetime
    ) -> None:
        record(said(impressions=None))
        record(said(impressions=90, reported_at=at - timedelta(hours=1)))
        assert stored() == {}

    def test_record__offsets_of_other_zones__order_by_the_moment(self, record: Record) -> None:
        record(said(impressions=100, reported_at="2026-11-18T12:00:00+02:00"))
        record(said(impressions=90, reported_at="2026-11-18T10:30:00+01:00"))
        assert stored() == {"impressions": 100}

    def test_record__no_measure_at_all__stores_no_day(self, record: Record) -> None:
        result = record(said())
        assert counts(result) == (1, 0, 0, 1, 0)
        assert not Observation.objects.exists()

    def test_record__entities__are_kept_apart(self, record: Record) -> None:
        record(said(entity="ad-1", spend=3), said(entity="ad-2", spend=4))
        by_entity = dict(Observation.objects.values_list("entity", "spend"))
        assert by_entity == {"ad-1": Decimal(3), "ad-2": Decimal(4)}

    def test_record__nothing__leaves_no_trace(self, record: Record) -> None:
        result = record()
        assert counts(result) == (0, 0, 0, 0, 0)
        assert result.batch_id is None
        assert not ObservationBatch.objects.exists()


class TestNumbers:
    @pytest.mark.parametrize(
        ("said_as", "kept_as"),
        [
            ("0.00005", "0"),
            ("0.00015", "0.0002"),
            ("0.00025", "0.0002"),
            ("1e3", "1000"),
            (-0.0, "0"),
            ("99999999999.9999", "99999999999.9999"),
        ],
    )
    def test_record__money_finer_than_four_places__is_rounded_half_to_even(
        self, record: Record, said_as: str, kept_as: str
    ) -> None:
        record(said(spend=said_as))
        assert stored() == {"spend": Decimal(kept_as)}

    def test_record__the_largest_count__is_kept_exactly(self, record: Record) -> None:
        record(said(impressions=10**12))
        assert stored() == {"impressions": 10**12}

    def test_record__a_whole_number_with_a_point__is_whole(self, record: Record) -> None:
        record(said(impressions="41230.0"))
        assert stored() == {"impressions": 41230}


class TestSources:
    def test_record__no_source__is_the_campaigns_channel(
        self, workspace: Workspace, actor: Actor, at: datetime
    ) -> None:
        make_live_campaign(workspace, "billboards", channel="out-of-home")
        record_observations([said(campaign="billboards", spend=1)], by=actor, at=at)
        assert Observation.objects.get().source.key == "out-of-home"

    def test_record__two_sources__are_two_observations(self, record: Record) -> None:
        record(said(conversions=9), said(source="crm", conversions=7))
        by_source = dict(Observation.objects.values_list("source__key", "conversions"))
        assert by_source == {"crm": Decimal(7), "meta": Decimal(9)}


class TestCampaigns:
    def test_record__a_launched_campaign__is_due_for_judging(
        self, record: Record, campaign: Campaign, at: datetime
    ) -> None:
        result = record(said(spend=1))
        campaign.refresh_from_db()
        assert result.campaign_ids == [campaign.pk]
        assert campaign.judge_due_at == at

    def test_record__a_draft__keeps_its_baseline_and_is_not_judged(
        self, workspace: Workspace, actor: Actor, at: datetime
    ) -> None:
        draft = make_campaign(workspace, "plan", status=CampaignStatus.DRAFT)
        result = record_observations([said(campaign="plan", spend=1)], by=actor, at=at)
        draft.refresh_from_db()
        assert result.inserted == 1
        assert draft.judge_due_at is None

    @pytest.mark.parametrize("status", sorted(STOPPED_STATUSES))
    def test_record__days_after_a_stop__are_accepted(
        self, workspace: Workspace, actor: Actor, at: datetime, status: CampaignStatus
    ) -> None:
        stopped = make_campaign(workspace, "stopped", status=status)
        record_observations([said(campaign="stopped", spend=1)], by=actor, at=at)
        stopped.refresh_from_db()
        assert stopped.judge_due_at == at

    def test_record__another_workspaces_campaign_of_that_key__is_not_touched(
        self, record: Record, at: datetime
    ) -> None:
        elsewhere = make_live_campaign(make_workspace("others"), "hook-test")
        record(said(spend=1))
        elsewhere.refresh_from_db()
        assert elsewhere.judge_due_at is None
        assert Observation.objects.get().arm.campaign_id != elsewhere.pk


class TestTelling:
    def test_record__a_batch__is_one_event_with_its_counts(self, record: Record, actor: Actor) -> None:
        result = record(said(spend=1), said(arm="a", spend=2))

        event = Event.objects.get(kind=EventKind.METRICS_POSTED)
        assert (event.subject_type, event.subject_id) == ("batch", str(result.batch_id))
        assert event.actor == actor.user
        assert event.data["received"] == event.data["inserted"] == 2
        assert event.data["campaigns"] == ["hook-test"]

    def test_record__a_day_said_otherwise__keeps_the_earlier_values(
        self, record: Record, at: datetime
    ) -> None:
        record(said(conversions=9, spend="3.00", clicks=4))
        second = record(
            said(conversions="11.5", spend=3, clicks=None, leads=1), later=at + timedelta(hours=2)
        )

        restatement = Restatement.objects.get()
        assert restatement.batch_id == second.batch_id
        assert restatement.reported_at == at
        assert {name: value and Decimal(value) for name, value in restatement.before.items()} == {
            "conversions": 9,
            "clicks": 4,
            "leads": None,
        }

    def test_record__a_day_that_was_over__is_told_as_restated_once_for_each_campaign(
        self, record: Record, at: datetime
    ) -> None:
        days = [A_DAY, A_DAY - timedelta(days=1)]
        record(*(said(day=day, clicks=1, spend=1) for day in days))
        record(*(said(day=day, clicks=2, spend=1) for day in days), later=at + timedelta(hours=1))

        event = Event.objects.get(kind=EventKind.METRICS_RESTATED)
        assert (event.subject_type, event.subject_id) == ("campaign", "hook-test")
        assert event.data["name"] == Campaign.objects.get(key="hook-test").name
        assert event.data["days"] == ["2026-11-16", "2026-11-17"]
        assert event.data["measures"] == ["clicks"]

    def test_record__today_growing__is_not_a_restatement_to_tell_of(
        self, record: Record, at: datetime
    ) -> None:
        record(said(day=at.date(), clicks=1))
        record(said(day=at.date(), clicks=2), later=at + timedelta(hours=1))

        assert Restatement.objects.count() == 1
        assert not Event.objects.filter(kind=EventKind.METRICS_RESTATED).exists()


class TestPreview:
    def test_preview__new_changed_and_same_days__are_told_apart_and_nothing_is_written(
        self, record: Record, actor: Actor, at: datetime
    ) -> None:
        record(said(clicks=1), said(arm="a", clicks=1))
        before = Event.objects.count(), list(Observation.objects.values())
        rows = [said(clicks=2), said(arm="a", clicks=1), said(day=date(2026, 11, 16), clicks=3)]

        preview = preview_observations(rows, by=actor, at=at + timedelta(hours=1))

        assert [(change.row, change.before, change.after) for change in preview.changed] == [
            (0, {"clicks": 1}, {"clicks": 2})
        ]
        assert (preview.unchanged, preview.inserted) == ([1], [2])
        assert (Event.objects.count(), list(Observation.objects.values())) == before
        assert ObservationBatch.objects.count() == 1

    def test_preview__a_channel_without_a_source__makes_none(
        self, workspace: Workspace, actor: Actor, at: datetime
    ) -> None:
        make_live_campaign(workspace, "billboards", channel="out-of-home")
        preview = preview_observations([said(campaign="billboards", spend=1)], by=actor, at=at)
        assert preview.inserted == [0]
        assert not Source.objects.filter(key="out-of-home").exists()


class TestCost:
    def test_record__ten_times_the_rows__takes_no_more_queries(self, record: Record, at: datetime) -> None:
        def cost_of(arm: str, *, days: int, clicks: int, hours: int) -> int:
            rows = [said(arm=arm, day=A_DAY - timedelta(days=n), clicks=clicks) for n in range(days)]
            with CaptureQueriesContext(connection) as queries:
                record(*rows, later=at + timedelta(hours=hours))
            return len(queries)

        few = cost_of("a", days=20, clicks=1, hours=0), cost_of("a", days=20, clicks=2, hours=1)
        many = cost_of("b", days=200, clicks=1, hours=2), cost_of("b", days=200, clicks=2, hours=3)
        assert many == few

    def test_record__ten_times_the_campaigns_restated__takes_hardly_more_queries(
        self, workspace: Workspace, actor: Actor, at: datetime
    ) -> None:
        def cost_of(campaigns: int, name: str) -> int:
            keys = [make_live_campaign(workspace, f"{name}-{n}").key for n in range(campaigns)]
            record_observations([said(campaign=key, clicks=1) for key in keys], by=actor, at=at)
            with CaptureQueriesContext(connection) as queries:
                record_observations([said(campaign=key, clicks=2) for key in keys], by=actor, at=at)
            return len(queries)

        assert cost_of(30, "many") <= cost_of(3, "few") + 1
