"""Subqueries that are put into SQL once: the same rows as those that are compiled each time."""

from unittest.mock import patch

import pytest
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.sql.compiler import SQLCompiler

from experiments.models import Campaign
from tests.factories import make_campaign, make_workspace
from workspaces.models import Workspace
from workspaces.models.compiled import CompiledOnce

_NUMBERS = (
    Campaign.objects.filter(workspace=OuterRef("pk"))
    .order_by()
    .values("workspace")
    .annotate(number=Count("pk"))
    .values("number")
)
_KEPT = Workspace.objects.annotate(campaigns=CompiledOnce(_NUMBERS, output_field=IntegerField()))
_PLAIN = Workspace.objects.annotate(campaigns=Subquery(_NUMBERS, output_field=IntegerField()))


@pytest.fixture
def workspaces(db: None) -> list[Workspace]:
    """One with a campaign, one with two."""
    made = [make_workspace(slug=f"team-{count}") for count in (1, 2)]
    for count, workspace in enumerate(made, 1):
        for number in range(count):
            make_campaign(workspace, f"test-{number}")
    return made


def test_compiled_once__asked_again__says_the_same(workspaces: list[Workspace]) -> None:
    for pk in (workspaces[0].pk, workspaces[1].pk, workspaces[0].pk):
        assert str(_KEPT.filter(pk=pk).query) == str(_PLAIN.filter(pk=pk).query)
    assert [workspace.campaigns for workspace in _KEPT.order_by("slug")] == [1, 2]


def test_compiled_once__asked_again__is_not_compiled_again(workspaces: list[Workspace]) -> None:
    compiled = 0
    plain = SQLCompiler.as_sql

    def counted(compiler: SQLCompiler, *args: object, **more: object) -> object:
        nonlocal compiled
        compiled += 1
        return plain(compiler, *args, **more)  # type: ignore[arg-type]

    with patch.object(SQLCompiler, "as_sql", counted):
        list(_KEPT.filter(slug="team-1"))
        first = compiled
        list(_KEPT.filter(slug="team-2"))
    assert compiled - first == 1


def test_compiled_once__inside_another_query__speaks_of_its_names(workspaces: list[Workspace]) -> None:
    list(_KEPT)
    busy = _KEPT.filter(campaigns__gte=2)
    assert list(Workspace.objects.filter(pk__in=busy.values("pk"))) == [workspaces[1]]
    assert [workspace.campaigns for workspace in _KEPT.order_by("slug")] == [1, 2]
