"""Thirty-two at once, on the same and on conflicting things: one wins, the others hear that they did not."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from threading import Event as Signal
from time import sleep
from typing import Any

import pytest

from api.models import WebhookDelivery
from api.services import deliver, deliveries, plan_deliveries, register_endpoint
from experiments.models import Breach, Campaign, CriterionWatch, Hypothesis, Judgement, Observation
from experiments.services.campaigns import kill_campaign, pause_campaign, resume_campaign, scale_campaign
from experiments.services.criteria import amend_criteria, overrule_breach
from experiments.services.judging import judge_campaigns, sweep
from experiments.services.observations import record_observations
from sprints.models import Reallocation, Transfer
from sprints.services.decisions import decide
from sprints.services.launching import adopt_campaign, launch_campaign
from sprints.services.ledger import fund_reserve
from sprints.services.planning import open_review
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    outdate_reallocations,
    propose_reallocation,
    withdraw_reallocation,
)
from tests.factories import (
    criterion_values,
    make_actor,
    make_campaign,
    make_criteria,
    make_draft,
    make_live_campaign,
    make_running_sprint,
    make_workspace,
    report,
)
from tests.metrics.conftest import A_DAY, said
from tests.money.harbour import Harbour, build_harbour
from tests.races.truths import LOST, check_events, check_money
from tests.racing import outcomes, race
from workspaces.choices import Role
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor
from workspaces.services import publish_all_events

pytestmark = pytest.mark.usefixtures("shared_db")

CROWD = 32
NOW = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)

Deed = Callable[[], Any]


@pytest.fixture
def harbour() -> Harbour:
    return build_harbour(make_workspace("harbour", timezone="America/Chicago"))


@pytest.fixture
def mia(harbour: Harbour) -> Actor:
    return make_actor(harbour.workspace)


@pytest.fixture
def managers(harbour: Harbour) -> list[Actor]:
    return [
        make_actor(harbour.workspace, Role.MANAGER, email=f"manager-{number}@harbour.example")
        for number in range(8)
    ]


def read_feed(workspace: Workspace, *, until: Signal, seen: list[int]) -> None:
    """As a client does it: everything after the last number seen, again and again."""
    is_last_look = False
    while not is_last_look:
        is_last_look = until.is_set()
        after = seen[-1] if seen else 0
        events = Event.objects.of(workspace).after(after).order_by("sequence")
        seen += [sequence for sequence in events.values_list("sequence", flat=True) if sequence is not None]


def while_a_reader_reads(workspace: Workspace, *deeds: Deed) -> list[str]:
    """The outcomes of the deeds; the reader must not have missed an event that came late."""
    left, are_over, seen = iter(range(len(deeds) - 1, -1, -1)), Signal(), list[int]()

    def counted(deed: Deed) -> None:
        try:
            deed()
        finally:
            if next(left) == 0:
                are_over.set()

    found = outcomes(
        *(partial(counted, deed) for deed in deeds), partial(read_feed, workspace, until=are_over, seen=seen)
    )
    publish_all_events()
    read_feed(workspace, until=are_over, seen=seen)
    assert seen == list(range(1, Event.objects.of(workspace).count() + 1))
    return found[:-1]


def test_money__the_same_and_conflicting_plans_approved_and_applied_by_all__moves_once(
    harbour: Harbour, mia: Actor, managers: list[Actor]
) -> None:
    workspace = harbour.workspace
    computed = propose_reallocation(by=mia, at=NOW)
    # They want the money that the first moves, too.
    free = "1811.60"
    rivals = [
        create_reallocation(
            lines=[{"from": "penalty-headlines", "to": target, "amount": free}], by=mia, at=NOW
        )
        for target in ("pricing-calculator", "reserve")
    ]

    def approve(plan: Reallocation, by: Actor) -> Deed:
        return partial(approve_reallocation, plan.pk, plan_digest=plan.plan_digest, by=by, at=NOW)

    def apply(plan: Reallocation, by: Actor) -> Deed:
        def when_approved() -> None:
            # Who applies waits for the approval, or for the end of the plan.
            while Reallocation.objects.get(pk=plan.pk).state == "proposed":
                sleep(0.01)
            apply_reallocation(plan.pk, by=by, at=NOW)

        return when_approved

    plans = [computed, *rivals]
    approvals = [approve(plan, by) for by in managers[:4] for plan in plans]
    applications = [apply(plan, by) for by in managers[4:] for plan in plans]
    others: list[Deed] = [
        partial(pause_campaign, "pricing-calculator", reason="", by=mia, at=NOW),
        partial(pause_campaign, "pricing-calculator", reason="", by=mia, at=NOW),
        partial(kill_campaign, "founder-video", reason="No", by=mia, at=NOW),
        partial(kill_campaign, "founder-video", reason="No", by=mia, at=NOW),
        partial(fund_reserve, amount=Decimal("10.01"), reason="More", by=managers[0], at=NOW),
        partial(fund_reserve, amount=Decimal("10.02"), reason="More", by=managers[1], at=NOW),
        partial(outdate_reallocations, at=NOW),
    ]
    crowd = [*approvals, *applications, *others]
    assert len(crowd) == CROWD - 1  # and the reader

    found = while_a_reader_reads(workspace, *crowd)

    assert set(found) <= LOST | {"done"}
    for which in range(3):
        assert found[which:12:3].count("done") <= 1
        assert found[12 + which : 24 : 3].count("done") <= 1
    paused, killed = found[24:26], found[26:28]
    assert sorted(paused) == sorted(killed) == ["done", "invalid_transition"]
    assert found[28:] == ["done"] * 3
    # The same money: at most one of the three has it.
    applied = [plan for plan in Reallocation.objects.all() if plan.state == "applied"]
    assert len(applied) <= 1
    assert Transfer.objects.filter(line__isnull=False).count() == sum(plan.lines.count() for plan in applied)
    check_money(workspace)
    check_events(workspace)


def test_posts__overlapping_and_in_any_order__leave_the_newest_of_each_day(at: datetime) -> None:
    workspace = make_workspace()
    mia = make_actor(workspace)
    keys = [f"campaign-{number}" for number in range(6)]
    for key in keys:
        make_live_campaign(workspace, key, channel=f"network-{key[-1]}")
    drawn = random.Random(32)
    newest: dict[tuple[str, date], int] = {}
    deeds: list[Deed] = []
    for number in range(CROWD - 1):
        reported_at = at + timedelta(minutes=drawn.randrange(1000), seconds=number)
        picked = drawn.sample([(key, A_DAY - timedelta(days=age)) for key in keys for age in range(4)], 12)
        minutes = int((reported_at - at).total_seconds())
        for place in picked:
            newest[place] = max(newest.get(place, 0), minutes)
        rows = [said(campaign=key, day=day, clicks=minutes, reported_at=reported_at) for key, day in picked]
        deeds.append(partial(record_observations, rows, by=mia, at=at))

    assert while_a_reader_reads(workspace, *deeds) == ["done"] * (CROWD - 1)

    found = Observation.objects.values_list("arm__campaign__key", "day", "clicks")
    assert {(key, day): clicks for key, day, clicks in found} == newest
    assert Event.objects.filter(kind="metrics.posted").count() == CROWD - 1
    check_events(workspace)


def test_judging__by_twenty_workers_at_once__breaches_pauses_and_tells_once(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    workspace = make_workspace()
    owner = make_actor(workspace, Role.OWNER, email="second@pilots.example")
    register_endpoint(url="http://127.0.0.1:9/", by=owner, at=LAUNCH)
    campaign = make_campaign(workspace, launched_at=LAUNCH, arms=["a"])
    make_criteria(campaign, {})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=100, spend=500)
    heard: list[str] = []

    def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
        heard.append(headers["webhook-id"])
        return 200

    monkeypatch.setattr(deliveries, "post", post)

    def work() -> None:
        judge_campaigns([campaign.pk], at=NOW)
        publish_all_events()
        plan_deliveries(at=NOW)
        for delivery_id in WebhookDelivery.objects.due(NOW).values_list("id", flat=True):
            deliver(delivery_id, at=NOW)

    assert race(*[work] * 20) == ["done"] * 20

    assert Breach.objects.count() == 1
    assert (CriterionWatch.objects.count(), Judgement.objects.count()) == (1, 1)
    for kind in ("criterion.breached", "campaign.paused"):
        assert Event.objects.filter(kind=kind).count() == 1
    ids = list(WebhookDelivery.objects.values_list("message_id", flat=True))
    assert sorted(heard) == sorted(ids)
    assert not WebhookDelivery.objects.filter(delivered_at=None).exists()
    check_events(workspace)


def _days(by: Actor, keys: list[str], *, drawn: random.Random, at: datetime) -> Deed:
    rows = [
        said(
            campaign=key,
            arm=arm,
            day=date(2026, 11, day),
            impressions=50_000,
            clicks=drawn.choice([100, 600]),
            spend=900,
            reported_at=at + timedelta(seconds=drawn.randrange(60)),
        )
        for key in drawn.sample(keys, 3)
        for arm in ("a", "b")
        for day in (16, 17, 18)
    ]
    return partial(record_observations, rows, by=by, at=at)


def _crowd(
    drawn: random.Random, workspace: Workspace, mia: Actor, max_: Actor, *, sprint: int, at: datetime
) -> Iterator[Deed]:
    """Whatever people, programs and workers do to a few campaigns, for ever."""
    keys = list(Campaign.objects.of(workspace).launched().values_list("key", flat=True))
    ids = list(Campaign.objects.of(workspace).launched().values_list("pk", flat=True))
    hypotheses = list(Hypothesis.objects.of(workspace).order_by("pk").values_list("pk", flat=True))
    rules = dict(
        Campaign.objects.of(workspace)
        .filter(kill_criteria__position=1, kill_criteria__retired_at=None)
        .values_list("key", "kill_criteria__pk")
    )
    words: dict[str, Any] = {"moved_the_business": False, "learning": "No", "by": mia, "at": at}
    while True:
        key = drawn.choice(keys)
        later = at + timedelta(seconds=drawn.randrange(3600))
        threshold = Decimal(drawn.randrange(30, 60)) / 10_000
        new_rules = [criterion_values(threshold=threshold, guards={"spend": "1000.00"})]
        deeds: list[Deed] = [
            _days(mia, keys, drawn=drawn, at=later),
            partial(judge_campaigns, drawn.sample(ids, len(ids)), at=later),
            partial(judge_campaigns, drawn.sample(ids, 1), at=later),
            partial(sweep, at=later),
            partial(pause_campaign, key, reason="", by=mia, at=later),
            partial(resume_campaign, key, by=mia, at=later),
            partial(resume_campaign, key, by=mia, at=later),
            partial(scale_campaign, key, by=mia, at=later),
            partial(kill_campaign, drawn.choice(keys[:2]), reason="No", by=mia, at=later),
            partial(amend_criteria, key, criteria=new_rules, reason="New", by=max_, at=later),
            partial(
                overrule_breach,
                key,
                rules.get(key, 0),
                reason="Early",
                until=date(2026, 11, 22),
                by=max_,
                at=later,
            ),
            partial(launch_campaign, "draft", by=mia, at=later),
            partial(decide, hypotheses[0], decision=drawn.choice(["kill", "scale"]), **words),
            partial(open_review, sprint, by=mia, at=later),
            partial(propose_reallocation, by=mia, at=later),
            partial(withdraw_and_move, mia, max_, at=later),
            partial(
                adopt_campaign,
                "unplanned",
                values={"kill_criteria": new_rules, "budget": Decimal("5000.00")},
                by=mia,
                at=later,
            ),
        ]
        yield drawn.choice(deeds)


def withdraw_and_move(mia: Actor, max_: Actor, *, at: datetime) -> None:
    """Whatever plan there is: approve and apply it, or take it back."""
    plan = Reallocation.objects.open().order_by("-pk").first()
    if plan is None:
        return
    if plan.pk % 3 == 0:
        withdraw_reallocation(plan.pk, by=mia, at=at)
    elif plan.state == "proposed":
        approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=max_, at=at)
    apply_reallocation(plan.pk, by=mia, at=at)


# Whatever these acts may be refused for, race or not.
REFUSALS = LOST | {
    "already_proposed",
    "already_planned",
    "nothing_to_move",
    "nothing_changed",
    "no_criteria",
    "amended_just_now",
    "not_found",
    "nothing_to_scale",
    "sprint_not_running",
    "not_committed",
    "changed_meanwhile",
    "guard_missing",
}


@pytest.mark.parametrize("seed", [1, 2])
def test_anything__done_to_a_few_campaigns_by_all__leaves_what_can_have_happened(seed: int) -> None:
    workspace = make_workspace()
    mia, max_ = make_actor(workspace), make_actor(workspace, Role.MANAGER)
    sprint = make_running_sprint(mia, "one", "two", "three", at=LAUNCH, days=7)
    make_draft(mia, Hypothesis.objects.order_by("pk")[0], "draft", at=LAUNCH)
    make_campaign(workspace, "unplanned", launched_at=LAUNCH)
    drawn = random.Random(seed)
    crowd = _crowd(drawn, workspace, mia, max_, sprint=sprint.pk, at=NOW)

    found = while_a_reader_reads(workspace, *(next(crowd) for _ in range(CROWD - 1)))

    assert set(found) <= REFUSALS | {"done"}
    assert "done" in found
    sweep(at=NOW + timedelta(hours=2))
    check_money(workspace)
    check_events(workspace)
    open_breaches = Breach.objects.open().values("watch").distinct().count()
    assert open_breaches == Breach.objects.open().count()
