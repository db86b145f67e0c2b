"""Rows that bring the rows that belong to them: the same as asking for each, in one query."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from experiments.models import Arm, Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.services.judging import judge_campaigns
from sprints.models import ReallocationLine, Transfer
from sprints.models.ledger import Reallocation
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import create_reallocation
from tests.factories import make_actor, make_criteria, make_live_campaign, make_workspace, report
from workspaces.choices import Role
from workspaces.models import Source, Workspace
from workspaces.models.content import digest_of

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = LAUNCH + timedelta(days=4)


def assert_same(read: Iterable[models.Model], expected: Iterable[models.Model]) -> None:
    """Every column, its type included."""

    def told(row: models.Model) -> list[tuple[str, type, object]]:
        values = ((field.attname, getattr(row, field.attname)) for field in row._meta.concrete_fields)
        return [(name, type(value), value) for name, value in values]

    assert [told(row) for row in read] == [told(row) for row in expected]


@pytest.fixture
def breached(db: None) -> Campaign:
    """A campaign with two arms, of which its rule has stopped one, and budgets in odd thirds."""
    workspace = make_workspace(currency="BHD")
    campaign = make_live_campaign(workspace, launched_at=LAUNCH, budget="3333.333")
    make_criteria(campaign, {"level": "arm", "threshold": Decimal("0.0051")}, {"metric": "cpa"})
    for days in range(3):
        day = LAUNCH.date() + timedelta(days=days)
        report(campaign, day, impressions=90_000, clicks=90 + days, spend="700.1234", reported_at=NOW)
    judge_campaigns([campaign.pk], at=NOW)
    make_live_campaign(workspace, "quiet", arms=("a",))
    return campaign


def test_rows__of_relations_of_relations__are_those_of_the_database(breached: Campaign) -> None:
    judged = Judgement.objects.order_by("data_through")
    watches = CriterionWatch.objects.order_by("pk").with_rows("judgements", judged)
    criteria = KillCriterion.objects.order_by("-position").with_rows("watches", watches, joined=["arm"])
    with CaptureQueriesContext(connection) as captured:
        both = list(
            Campaign.objects.order_by("pk")
            .with_rows("arms", Arm.objects.order_by("-position"))
            .with_rows("breaches", Breach.objects.open(), joined=["watch__criterion", "closed_by"])
            .with_rows("kill_criteria", criteria)
        )
    assert len(captured) == 1
    assert [one.key for one in both] == [breached.key, "quiet"]
    for campaign in both:
        assert_same(campaign.arms.all(), Arm.objects.filter(campaign=campaign).order_by("-position"))
        rules = KillCriterion.objects.filter(campaign=campaign).order_by("-position")
        assert_same(campaign.kill_criteria.all(), rules)
        for rule in campaign.kill_criteria.all():
            places = CriterionWatch.objects.filter(criterion=rule).select_related("arm").order_by("pk")
            assert_same(rule.watches.all(), places)
            assert [watch.arm for watch in rule.watches.all()] == [watch.arm for watch in places]
            for watch in rule.watches.all():
                assert_same(watch.judgements.all(), judged.filter(watch=watch))
        assert_same(campaign.breaches.all(), Breach.objects.filter(campaign=campaign))
    assert breached.breaches.exists()
    assert Judgement.objects.exists()


def test_rows__joined__come_along_without_a_query(breached: Campaign) -> None:
    joined = ["watch__criterion", "closed_by"]
    campaign = Campaign.objects.with_rows("breaches", Breach.objects.open(), joined=joined).get(
        pk=breached.pk
    )
    with CaptureQueriesContext(connection) as captured:
        [breach] = campaign.breaches.all()
        assert breach.campaign is campaign
        assert breach.closed_by is None
        assert breach.watch.criterion.metric == "ctr"
    assert len(captured) == 0


def test_rows__of_a_relation__are_filtered_further_by_the_database(breached: Campaign) -> None:
    campaign = Campaign.objects.with_rows("arms", Arm.objects.order_by("position")).get(pk=breached.pk)
    assert [arm.key for arm in campaign.arms.filter(is_control=True)] == ["a"]
    assert campaign.arms.count() == 2


def test_rows__by_a_key_without_a_relation__are_a_list(breached: Campaign) -> None:
    workspace = Workspace.objects.with_rows("sources", Source.objects.order_by("-key"), by="workspace").get()
    told = vars(workspace)["sources"]
    assert_same(told, Source.objects.of(workspace).order_by("-key"))
    campaign = Campaign.objects.with_rows("given", Transfer.objects.all(), by="target_campaign").get(
        pk=breached.pk
    )
    assert_same(vars(campaign)["given"], Transfer.objects.filter(target_campaign=breached))


def test_rows__more_columns_than_a_function_takes__are_all_told(breached: Campaign) -> None:
    mia, dana = (make_actor(breached.workspace, role) for role in (Role.MARKETER, Role.MANAGER))
    fund_reserve(amount=Decimal("9.001"), reason="More", by=dana, at=NOW)
    plan = create_reallocation(lines=[{"from": "reserve", "to": "quiet", "amount": "1.001"}], by=mia, at=NOW)
    joined = [
        *("source_campaign__hypothesis", "target_campaign__hypothesis"),
        *("source_campaign__workspace", "target_campaign__workspace"),
    ]
    told = Reallocation.objects.with_rows("lines", ReallocationLine.objects.all(), joined=joined)
    [line] = told.get(pk=plan.pk).lines.all()
    assert_same([line], ReallocationLine.objects.filter(reallocation=plan))
    assert line.source_campaign is None
    assert line.target_campaign is not None
    assert_same([line.target_campaign], Campaign.objects.filter(key="quiet"))
    assert line.target_campaign.hypothesis is None
    assert line.target_campaign.workspace == breached.workspace


def test_rows__only_some_columns__are_these_and_the_keys(breached: Campaign) -> None:
    judged = Judgement.objects.only("strength", "data_through").order_by("data_through")
    [watch, *_] = CriterionWatch.objects.order_by("pk").with_rows("judgements", judged)
    read = list(watch.judgements.all())
    expected = list(Judgement.objects.filter(watch=watch).order_by("data_through"))
    assert read[0].get_deferred_fields() == {"workspace_id", "at", "state", "value", "guard_progress"}
    assert [(one.pk, one.strength, one.data_through, one.watch_id) for one in read] == [
        (one.pk, one.strength, one.data_through, one.watch_id) for one in expected
    ]
    # What is missing is asked for when it is wanted.
    assert read[0].guard_progress == expected[0].guard_progress
    assert_same(read, expected)


def test_rows__all_columns_but_some__is_refused() -> None:
    with pytest.raises(ValueError, match="only some columns"):
        CriterionWatch.objects.with_rows("judgements", Judgement.objects.defer("strength"))


def test_rows__nobody_has_asked__are_not_made(breached: Campaign) -> None:
    with patch.object(Arm, "from_db", side_effect=AssertionError("made")):
        [campaign, _] = Campaign.objects.order_by("pk").with_rows("arms", Arm.objects.order_by("position"))
        arms: Any = campaign.arms.all()
        assert arms.unread is not None
    with CaptureQueriesContext(connection) as captured:
        assert (arms.count(), arms.exists(), bool(arms), len(arms), arms[1].key) == (2, True, True, 2, "b")
    assert len(captured) == 0
    assert arms.unread is None


def test_rows__changed_where_nobody_has_asked__say_something_else(breached: Campaign) -> None:
    def digest() -> str:
        judged = CriterionWatch.objects.with_rows("judgements", Judgement.objects.order_by("pk"))
        return digest_of(KillCriterion.objects.order_by("pk").with_rows("watches", judged)[0])

    before = digest()
    assert digest() == before
    Judgement.objects.filter(pk=Judgement.objects.earliest("pk").pk).update(strength=0.5)
    assert digest() != before
