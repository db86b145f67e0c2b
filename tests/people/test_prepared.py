"""Queries that are put into SQL once: the same rows as those of a query set that is compiled each time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import DateField, DateTimeField, IntegerField, Q
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from experiments.models import Arm, Campaign
from tests.factories import make_campaign, make_workspace
from workspaces.models import Workspace
from workspaces.models.prepared import Given, Prepared

_LAUNCHED = Prepared(
    lambda: (
        Campaign.objects.filter(workspace=Given("workspace", IntegerField()))
        .filter(
            Q(launched_at__gte=Given("since", DateTimeField()))
            | Q(runs_until__lt=Given("until", DateField()))
        )
        .select_related("workspace")
        .with_rows("arms", Arm.objects.order_by("position"))
        .order_by("key")
    )
)
EARLY, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)


def launched(workspace: Workspace, *, since: datetime = EARLY, until: date | None = None) -> list[str]:
    found = _LAUNCHED.read(workspace=workspace.pk, since=since, until=until or EARLY.date())
    return [one.key for one in found]


@pytest.fixture
def workspaces(db: None) -> list[Workspace]:
    """Two, each with a campaign of March and one of September that was to end in October."""
    made = [make_workspace(slug=slug) for slug in ("one", "two")]
    for workspace in made:
        make_campaign(workspace, f"{workspace.slug}-early", launched_at=EARLY)
        make_campaign(workspace, f"{workspace.slug}-late", launched_at=LATE, runs_until=date(2026, 10, 5))
    return made


def test_prepared__other_values__finds_the_rows_of_these(workspaces: list[Workspace]) -> None:
    one, two = workspaces
    assert launched(one) == ["one-early", "one-late"]
    assert launched(two) == ["two-early", "two-late"]
    assert launched(two, since=LATE) == ["two-late"]
    assert launched(two, since=datetime(2027, 1, 1, tzinfo=UTC)) == []
    assert launched(two, since=datetime(2027, 1, 1, tzinfo=UTC), until=date(2026, 10, 6)) == ["two-late"]


def test_prepared__what_comes_along__is_there(workspaces: list[Workspace]) -> None:
    [campaign, _] = _LAUNCHED.read(workspace=workspaces[0].pk, since=EARLY, until=EARLY.date())
    assert campaign.workspace == workspaces[0]
    assert [arm.key for arm in campaign.arms.all()] == ["a", "b"]


def test_prepared__asked_again__is_not_compiled_again(workspaces: list[Workspace]) -> None:
    launched(workspaces[0])
    with patch.object(SQLCompiler, "as_sql", side_effect=AssertionError("compiled again")):
        assert launched(workspaces[1]) == ["two-early", "two-late"]


def test_prepared__a_value_is_missing__is_an_error(workspaces: list[Workspace]) -> None:
    with pytest.raises(KeyError, match="until"):
        _LAUNCHED.read(workspace=workspaces[0].pk, since=EARLY)


def test_prepared__asked_again__tells_postgresql_how_only_once(workspaces: list[Workspace]) -> None:
    is_told = connection.vendor == "postgresql"

    def told() -> int:
        """How many statements about this column PostgreSQL keeps for this connection."""
        if not is_told:
            return 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%runs_until%'")
            return int(cursor.fetchone()[0])

    launched(workspaces[0])
    after_one = told()
    with CaptureQueriesContext(connection) as captured:
        launched(workspaces[1], since=LATE)
    assert captured[0]["sql"].split()[0] == ("EXECUTE" if is_told else "SELECT")
    assert (after_one > 0, told()) == (is_told, after_one)


def test_prepared__another_connection__is_told_by_itself(workspaces: list[Workspace]) -> None:
    assert launched(workspaces[0]) == ["one-early", "one-late"]

    def elsewhere() -> list[str]:
        try:
            # There nobody sees what this test has not committed.
            return launched(workspaces[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result() == []


def test_prepared__behind_a_pooler__asks_with_the_whole_statement(
    workspaces: list[Workspace], settings: Settings
) -> None:
    settings.DATABASE_PREPARES = False
    with CaptureQueriesContext(connection) as captured:
        assert launched(workspaces[0]) == ["one-early", "one-late"]
    assert captured[0]["sql"].startswith("SELECT")


def test_prepared__a_number_too_large_for_its_column__has_no_rows(
    workspaces: list[Workspace],
) -> None:
    arms = Prepared(lambda: Arm.objects.filter(position=Given("position", IntegerField())))
    assert arms.read(position=1)
    assert arms.read(position=2**40) == []


def test_prepared__a_text_with_marks_of_sql__is_the_text(workspaces: list[Workspace]) -> None:
    for name in ("100% sure", "it's $1", 'a "b" \\ %s'):
        Campaign.objects.filter(key="one-early").update(name=name)
        found = Prepared(
            lambda name=name: Campaign.objects.filter(  # type: ignore[misc]
                name=name, workspace=Given("workspace", IntegerField())
            )
        )
        assert [one.key for one in found.read(workspace=workspaces[0].pk)] == ["one-early"]
