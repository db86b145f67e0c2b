"""Reading rows over REST, in pages and as CSV."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from experiments.models import Arm, Campaign, Observation, ObservationBatch
from tests.api.metrics import URL, Row, post, refused, row
from tests.factories import make_live_campaign
from workspaces.models import Workspace
from workspaces.services import ensure_source


def csv_of(response: Any) -> bytes:
    """All that is streamed."""
    return b"".join(response.streaming_content)


class TestReading:
    @pytest.fixture
    def rows(self, connector: APIClient, hook_test: Campaign) -> None:
        post(
            connector,
            [
                row(day="2026-05-18", spend="231.4", conversions=9.5, entity="=1+1"),
                row(day="2026-05-19", arm="a", source="crm", customers=3),
                row(day="2026-05-20", spend="0.1234"),
            ],
        )

    def read(self, client: APIClient, query: str = "") -> list[Row]:
        results: list[Row] = client.get(f"{URL}{query}").json()["results"]
        return results

    def test_get__a_row__is_told_by_the_fields_of_a_post(self, connector: APIClient, rows: None) -> None:
        first = self.read(connector)[0]
        reported_at = first.pop("reported_at")
        assert datetime.fromisoformat(reported_at).tzinfo
        given = {name: value for name, value in first.items() if value is not None}
        assert given == {
            "campaign": "hook-test",
            "arm": "b",
            "day": "2026-05-18",
            "source": "meta",
            "entity": "=1+1",
            "impressions": 41230,
            "conversions": 9.5,
            "spend": "231.40",
        }

    @pytest.mark.parametrize(
        ("query", "days"),
        [
            ("?arm=b", [18, 20]),
            ("?source=crm", [19]),
            ("?campaign=hook-test&day_from=2026-05-19", [19, 20]),
            ("?day_to=2026-05-18", [18]),
            ("?day_from=2026-05-19&day_to=2026-05-19", [19]),
            ("?campaign=unknown", []),
        ],
    )
    def test_get__filtered__tells_only_that(
        self, connector: APIClient, rows: None, query: str, days: list[int]
    ) -> None:
        assert [date.fromisoformat(found["day"]).day for found in self.read(connector, query)] == days

    @pytest.mark.parametrize("query", ["?day_from=soon", "?campaign=%00"])
    def test_get__a_filter_that_means_nothing__is_refused(self, connector: APIClient, query: str) -> None:
        assert connector.get(f"{URL}{query}").status_code == 422

    def test_get__page_by_page__tells_every_row_once(self, connector: APIClient, rows: None) -> None:
        found, url = [], f"{URL}?page_size=2"
        while url:
            page = connector.get(url).json()
            assert "count" not in page
            found += page["results"]
            url = page["next"]
        assert [found_row["day"] for found_row in found] == ["2026-05-18", "2026-05-19", "2026-05-20"]

    @pytest.mark.parametrize(
        "cursor", ["cD1hYmM%3D", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%FF", "x", "cD3CsjI%3D"]
    )
    def test_get__a_forged_cursor__is_404(self, connector: APIClient, rows: None, cursor: str) -> None:
        refused(connector.get(f"{URL}?cursor={cursor}"), "not_found", 404)

    def test_get__as_csv__is_the_same_rows_and_harmless_in_a_spreadsheet(
        self, connector: APIClient, rows: None
    ) -> None:
        answer = connector.get(f"{URL}?format=csv&day_to=2026-05-19")
        assert answer["Content-Type"].startswith("text/csv")
        lines = list(csv.DictReader(StringIO(csv_of(answer).decode())))
        assert [line["day"] for line in lines] == ["2026-05-18", "2026-05-19"]
        assert lines[0]["entity"] == "'=1+1"
        assert (lines[0]["spend"], lines[0]["conversions"], lines[0]["clicks"]) == ("231.40", "9.5", "")

    def test_get__as_csv__can_be_posted_again_and_changes_nothing(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        ids = [row(arm="a", entity=entity, clicks=1) for entity in ("=1+1", "-7", "@us", " x y\t")]
        post(connector, [row(spend="231.4", conversions="4838.8"), *ids])
        told = csv_of(connector.get(f"{URL}?format=csv"))
        assert post(connector, told, content_type="text/csv").json()["unchanged"] == 5

    def test_get__refused_under_csv__is_a_problem_all_the_same(self, connector: APIClient) -> None:
        answer = connector.get(f"{URL}?format=csv&day_from=soon")
        assert answer.status_code == 422
        assert answer["Content-Type"] == "application/problem+json"

    def test_get__rows_of_another_workspace__do_not_exist(
        self, connector: APIClient, elsewhere: Workspace
    ) -> None:
        theirs = make_live_campaign(elsewhere, "theirs")
        batch = ObservationBatch.objects.create(workspace=elsewhere, at=datetime.now(UTC), channel="api")
        Observation.objects.create(
            workspace=elsewhere,
            arm=Arm.objects.get(campaign=theirs, key="a"),
            day=date(2026, 5, 20),
            source=ensure_source(elsewhere, "meta"),
            reported_at=datetime.now(UTC) - timedelta(hours=1),
            batch=batch,
        )
        assert self.read(connector) == []
