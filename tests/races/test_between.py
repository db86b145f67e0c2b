"""Who comes in between: one deed stands still at a delicate moment, another comes as far as it can."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from api.models import WebhookDelivery
from api.services import deliver, deliveries, plan_deliveries, register_endpoint
from api.services.outbound import NotDelivered
from experiments.choices import CampaignStatus, CriterionAction, HypothesisStatus
from experiments.models import Campaign, CriterionWatch, Hypothesis, Observation
from experiments.services.campaigns import change_campaign, import_campaign, kill_campaign
from experiments.services.exports import ImportOptions, import_export
from experiments.services.exports.importing import store, understand
from experiments.services.judging import judge_campaigns
from experiments.services.observations import record_observations
from experiments.services.observations.placing import find_campaigns
from sprints.models import Commitment, Reallocation
from sprints.services import decisions, launching, planning
from sprints.services.decisions import decide
from sprints.services.launching import launch_campaign
from sprints.services.planning import start_sprint
from sprints.services.reallocations import propose_reallocation
from tests.factories import (
    make_actor,
    make_campaign,
    make_criteria,
    make_draft,
    make_hypothesis,
    make_live_campaign,
    make_running_sprint,
    make_sprint,
    make_workspace,
    report,
)
from tests.metrics.conftest import A_DAY, said
from tests.money.harbour import build_harbour
from tests.racing import Rival
from workspaces.choices import EventKind, Role
from workspaces.models import Event, Source, Workspace
from workspaces.permissions import Actor
from workspaces.services import ensure_source, publish_events, record_event

pytestmark = pytest.mark.usefixtures("shared_db")

KILLED: dict[str, Any] = {"decision": "kill", "moved_the_business": False, "learning": "Nobody clicks"}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def mia(workspace: Workspace) -> Actor:
    return make_actor(workspace)


def interrupt(patch: pytest.MonkeyPatch, module: object, name: str, rival: Rival) -> None:
    """Let the rival come right before the module calls this function of its."""
    deed: Callable[..., Any] = getattr(module, name)

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        rival.come()
        return deed(*args, **kwargs)

    patch.setattr(module, name, interrupted)


def hold(*campaigns: Campaign) -> None:
    """As whoever works on them: their rows are held until the end of the transaction."""
    for campaign in campaigns:
        find_campaigns([campaign.key], workspace=campaign.workspace, lock=True)


def owned(by: Actor, title: str) -> Hypothesis:
    return make_hypothesis(by.workspace, title, owner=by.user)


# The order of locks ---------------------------------------------------------------------------------------


def test_propose__while_a_post_holds_one_campaign_and_wants_another__never_waits_in_a_circle() -> None:
    workspace = make_workspace("harbour", timezone="America/Chicago")
    harbour = build_harbour(workspace)
    mia = make_actor(workspace)
    now = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
    rival = Rival(lambda: propose_reallocation(by=mia, at=now))
    with transaction.atomic():
        hold(harbour.founder)
        rival.come()
        hold(harbour.calculator, harbour.headlines, harbour.replay)
    assert rival.outcome() == "done"
    assert Reallocation.objects.count() == 1


def test_carry_over__while_a_judge_holds_one_campaign_and_wants_another__never_waits_in_a_circle(
    mia: Actor, at: datetime
) -> None:
    sprint = make_running_sprint(mia, "one", at=at)
    hypothesis = Hypothesis.objects.get()
    make_draft(mia, hypothesis, "two", at=at)
    launch_campaign("two", by=mia, at=at)
    following = make_sprint(mia, at=at)
    one, two = Campaign.objects.order_by("pk")
    # A row that was changed last lies last, and whoever changes all of them at once would meet it last.
    Campaign.objects.filter(pk=one.pk).update(external_id="1")
    carried = {**KILLED, "decision": "inconclusive", "carry_to": following.pk}
    rival = Rival(lambda: decide(hypothesis.pk, **carried, by=mia, at=at))
    with transaction.atomic():
        hold(one)
        rival.come()
        hold(two)
    assert rival.outcome() == "done"
    assert Commitment.objects.active().get().sprint == following != sprint


def test_record__two_new_sources_in_opposite_orders__never_waits_in_a_circle(
    workspace: Workspace, mia: Actor, at: datetime
) -> None:
    make_live_campaign(workspace, "on-x", channel="x-ads")
    make_live_campaign(workspace, "on-y", channel="y-ads")
    rows = [said(campaign="on-y", day=A_DAY, clicks=1), said(campaign="on-x", day=A_DAY, clicks=1)]
    rival = Rival(lambda: record_observations(rows, by=mia, at=at))
    with transaction.atomic():
        ensure_source(workspace, "x-ads")
        rival.come()
        ensure_source(workspace, "y-ads")
    assert rival.outcome() == "done"
    assert Source.objects.filter(key__in=["x-ads", "y-ads"]).count() == 2
    assert Observation.objects.count() == 2


def test_import__of_the_same_new_campaigns_in_the_opposite_order__never_waits_in_a_circle(
    workspace: Workspace, mia: Actor, at: datetime
) -> None:
    content = b"campaign_name,day,spend\nBeta,2026-11-17,5\nAlpha,2026-11-17,4\n"
    options = ImportOptions(source="meta", create_unplanned=True)
    rival = Rival(lambda: import_export(content, file_name="b.csv", options=options, by=mia, at=at))
    with transaction.atomic():
        for key in ("alpha", "beta"):
            import_campaign(key=key, name=key, channel="meta", external_id="", by=mia, at=at)
            rival.come()
    # Where it waited, it is told that the key is taken; where it came later, it found the campaigns.
    assert rival.outcome() in {"key_taken", "done"}
    assert Campaign.objects.count() == 2


def test_import__its_new_campaigns_are_made_since_it_was_read__makes_no_others(
    workspace: Workspace, mia: Actor, at: datetime
) -> None:
    content = b"campaign_name,day,spend\nBeta,2026-11-17,5\nAlpha,2026-11-17,4\n"
    options = ImportOptions(source="meta", create_unplanned=True)
    read = understand(content, options=options, workspace=workspace)
    import_export(content, file_name="a.csv", options=options, by=mia, at=at)
    outcome = store(read, file_name="b.csv", by=mia, at=at)
    assert (outcome.inserted, outcome.unchanged) == (0, 2)
    assert Campaign.objects.count() == 2


def test_import__a_campaign_is_made_while_those_that_there_are_are_read__asks_nothing(
    workspace: Workspace, mia: Actor, at: datetime
) -> None:
    make_live_campaign(workspace, "alpha", channel="meta")
    made: list[Campaign] = []

    def then_one_is_made(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        answer = execute(sql, *more)
        if not made and 'FROM "experiments_arm"' in sql:
            made.append(
                import_campaign(key="beta", name="Beta", channel="meta", external_id="", by=mia, at=at)
            )
        return answer

    content = b"campaign_name,day,spend\nBeta,2026-11-17,5\n"
    options = ImportOptions(source="meta", create_unplanned=True)
    with connection.execute_wrapper(then_one_is_made):
        outcome = import_export(content, file_name="a.csv", options=options, by=mia, at=at)
    assert (outcome.inserted, outcome.questions) == (1, [])
    assert list(Campaign.objects.exclude(key="alpha")) == made


def test_numbering__while_others_write_what_belongs_to_the_workspace__waits_for_none_of_them(
    workspace: Workspace, mia: Actor, at: datetime
) -> None:
    numbered: list[int] = []
    rival = Rival(lambda: numbered.append(publish_events(workspace.pk)))
    with transaction.atomic():
        record_event(EventKind.CAMPAIGN_PAUSED, by=mia, at=at, subject=("campaign", "x"))
        # As at the commit, when it is looked whether there is such a workspace.
        transaction.get_connection().check_constraints()
        rival.come()
        is_postgres = transaction.get_connection().vendor == "postgresql"
        assert rival.is_over == is_postgres, "SQLite has one writer, PostgreSQL many."
    rival.outcome()
    publish_events(workspace.pk)
    sequences = list(Event.objects.of(workspace).order_by("id").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))


# What was read before the lock ----------------------------------------------------------------------------


def test_launch__its_campaign_changes_to_an_idea_of_the_backlog_meanwhile__launches_no_such_thing(
    mia: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_running_sprint(mia, "first", at=at)
    make_draft(mia, Hypothesis.objects.get(), "second", at=at)
    idea = owned(mia, "Idea")
    rival = Rival(lambda: change_campaign("second", values={"hypothesis": idea.pk}, by=mia, at=at))
    interrupt(monkeypatch, launching, "_running_sprint", rival)
    launched = Rival(lambda: launch_campaign("second", by=mia, at=at))
    launched.come()
    assert {launched.outcome(), rival.outcome()} in ({"done", "not_a_draft"}, {"changed_meanwhile", "done"})
    campaign = Campaign.objects.get(key="second")
    is_live = campaign.status == CampaignStatus.LIVE
    assert is_live == (campaign.hypothesis is not None and campaign.hypothesis.status == "committed")


def test_start__a_campaign_changes_to_an_idea_of_the_backlog_meanwhile__launches_no_such_thing(
    mia: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, idea = owned(mia, "Planned"), owned(mia, "Idea")
    make_draft(mia, planned, "first", at=at)
    make_draft(mia, planned, "second", at=at)
    sprint = make_sprint(mia, planned, at=at)
    rival = Rival(lambda: change_campaign("second", values={"hypothesis": idea.pk}, by=mia, at=at))
    interrupt(monkeypatch, planning, "_refuse_unready", rival)
    started = Rival(lambda: start_sprint(sprint.pk, by=mia, at=at))
    started.come()
    assert started.outcome() == "done"
    rival.outcome()
    idle = Campaign.objects.live().filter(hypothesis__status=HypothesisStatus.BACKLOG)
    assert not idle.exists()


def test_decide__its_campaign_is_killed_meanwhile__decides_all_the_same(
    mia: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_running_sprint(mia, at=at)
    hypothesis = Hypothesis.objects.get()
    rival = Rival(lambda: kill_campaign("founder-video", reason="A no", by=mia, at=at))
    interrupt(monkeypatch, decisions, "kill_campaign", rival)
    decided = Rival(lambda: decide(hypothesis.pk, **KILLED, by=mia, at=at))
    decided.come()
    assert decided.outcome() == "done"
    assert rival.outcome() == "invalid_transition"
    assert Event.objects.filter(kind=EventKind.CAMPAIGN_KILLED).count() == 1
    hypothesis.refresh_from_db()
    assert hypothesis.status == HypothesisStatus.DECIDED


# Late workers ---------------------------------------------------------------------------------------------


def test_judging__by_a_worker_that_started_before_the_day_closed__takes_nothing_back(
    workspace: Workspace,
) -> None:
    launch, closing = datetime(2026, 11, 16, 9, tzinfo=UTC), datetime(2026, 11, 19, 6, tzinfo=UTC)
    campaign = make_campaign(workspace, launched_at=launch, arms=["a"])
    make_criteria(campaign, {"action": CriterionAction.TELL, "guards": {"spend": "1200.00"}})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=100, spend=500)
    after, before = closing + timedelta(seconds=1), closing - timedelta(seconds=1)
    assert len(judge_campaigns([campaign.pk], at=after).breaches) == 1
    told = list(Event.objects.values_list("kind", flat=True))

    judge_campaigns([campaign.pk], at=before)

    assert CriterionWatch.objects.get().data_through == date(2026, 11, 18)
    assert list(Event.objects.values_list("kind", flat=True)) == told


def test_delivery__a_worker_given_up_for_dead_fails_after_another_has_delivered__leaves_it_delivered(
    workspace: Workspace, mia: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    register_endpoint(
        url="http://127.0.0.1:9/", by=make_actor(workspace, Role.OWNER, email="o@x.example"), at=at
    )
    record_event(EventKind.CAMPAIGN_PAUSED, by=mia, at=at, subject=("campaign", "x"))
    publish_events(workspace.pk)
    plan_deliveries(at=at)
    delivery = WebhookDelivery.objects.get()
    later = at + timedelta(minutes=3)
    posts: list[str] = []

    def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
        posts.append(headers["webhook-id"])
        if len(posts) == 2:
            return 200
        assert deliver(delivery.pk, at=later)
        raise NotDelivered("no answer within 10 seconds")

    monkeypatch.setattr(deliveries, "post", post)
    assert not deliver(delivery.pk, at=at)

    delivery.refresh_from_db()
    assert (delivery.delivered_at, delivery.next_attempt_at) == (later, None)
    # At least once, under one id.
    assert posts == [delivery.message_id] * 2
