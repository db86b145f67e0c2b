"""The page of a plan: its sentence, its money drawn, what proves it, what is approved."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experiments.choices import ZombieSignal
from sprints.models import Reallocation
from sprints.models.ledger import ReallocationLine
from sprints.selectors.plan_pages import Growth, do_nothing, read_flows, read_proof
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    reject_reallocation,
)
from sprints.templatetags import _flows
from sprints.templatetags.plans import account_bars
from tests.beginnings import Begin
from tests.money.harbour import Harbour, build_harbour, finish, flag
from workspaces.models import Workspace
from workspaces.permissions import Actor

Read = Callable[[Reallocation], str]


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.fixture
def plan(begin: Begin, harbour: Harbour, mia: Actor, now: datetime) -> Reallocation:
    return begin(propose_reallocation, by=mia, at=now)


@pytest.fixture
def read(dana: Actor, client: Client, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The page as Dana, who may approve, reads it; the day is the one on which the plan was made."""
    monkeypatch.setattr("sprints.views.plans.why_outdated", lambda *_, **__: [])
    client.force_login(dana.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return lambda plan: unescape(client.get(reverse("plan", args=["harbour", plan.pk])).content.decode())


def lines_of(plan: Reallocation) -> list[ReallocationLine]:
    return list(plan.lines.select_related("source_campaign", "target_campaign"))


def flow_label(plan: Reallocation) -> str:
    return _flows.told(read_flows(lines_of(plan), plan.evidence), "USD")


def test_plan_page__waiting__opens_with_the_sum_and_what_it_should_win(
    plan: Reallocation, read: Read
) -> None:
    page = read(plan)
    gain = plan.evidence["expected_outcomes"]
    assert "Move <em>$3,251.60</em> from what fails to what works." in page
    assert f"That should win about {gain['expected']:.0f} more conversions." in page
    assert f"+{gain['low']:.0f} to +{gain['high']:.0f} conversions" in page


def test_plan_page__waiting__names_the_digest_beside_the_button(plan: Reallocation, read: Read) -> None:
    page = read(plan)
    digest = f"{plan.plan_digest[:4]} {plan.plan_digest[4:8]}"
    assert f'You approve exactly this plan, digest <code class="text-nowrap">{digest}</code>.' in page
    assert f"{plan.proposed_by} cannot approve their own plan." in page


def test_plan_page__waiting__says_under_its_own_title_what_goes_on(plan: Reallocation, read: Read) -> None:
    page = read(plan)
    assert '<span class="qn-label">If you do nothing</span>' in page
    assert "Pricing calculator goes on spending $200.00 a day, and $2,451.60 stays idle." in page
    assert "If you do nothing:" not in page


def test_plan_page__campaign_that_is_left_out__is_named_with_the_reason(
    harbour: Harbour, mia: Actor, read: Read, now: datetime
) -> None:
    flag(harbour.founder, ZombieSignal.OVERDUE)
    page = read(propose_reallocation(by=mia, at=now))
    assert "Not in the plan:" in page
    assert "does well, but receives nothing: it is" in page


def test_plan_page__applied_and_rejected__say_what_has_become_of_the_money(
    plan: Reallocation, mia: Actor, dana: Actor, now: datetime, read: Read
) -> None:
    line = {"from": "webinar-replay", "to": "reserve", "amount": "40.00"}
    rejected = create_reallocation(lines=[line], by=mia, at=now)
    reject_reallocation(rejected.pk, reason="Not this week.", by=dana, at=now)
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    apply_reallocation(plan.pk, by=dana, at=now)
    assert "<em>$3,251.60</em> moved from what failed to what works." in read(plan)
    page = read(rejected)
    assert "Not moved: <em>$40.00</em> back to the reserve." in page
    assert "Rejected Thu 19 Nov, 10:12.</strong> Not this week." in page


def test_flow__plan_of_the_rule__is_told_with_all_its_sums(plan: Reallocation) -> None:
    names = {row["campaign"]: row["name"] for row in plan.evidence["campaigns"]}
    assert flow_label(plan) == (
        f"Three accounts give $3,251.60: {names['pricing-calculator']} $800.00, "
        f"{names['penalty-headlines']} $1,811.60, {names['webinar-replay']} $640.00. "
        f"{names['founder-video']} gets $3,000.00 and the reserve $251.60."
    )


def test_flow__one_line__is_told_without_a_sum(harbour: Harbour, mia: Actor, now: datetime) -> None:
    line = {"from": "reserve", "to": "founder-video", "amount": "250.00"}
    plan = create_reallocation(lines=[line], by=mia, at=now)
    assert flow_label(plan) == f"The reserve gives $250.00. {harbour.founder.name} gets $250.00."


def test_flow__name_with_markup__is_escaped_in_the_drawing(plan: Reallocation) -> None:
    lines = lines_of(plan)
    for line in lines:
        assert line.source_campaign is not None
        line.source_campaign.name = "<script>alert(1)</script>"
    drawn = _flows.money_flow(read_flows(lines, plan.evidence), "USD", _flows.WIDE)
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn


def test_plan_page__more_donors_than_a_drawing_holds__has_the_table_alone(
    harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime, read: Read
) -> None:
    lines = []
    for number in range(_flows.MOST_ACCOUNTS + 1):
        campaign = finish(workspace, f"old-{number}", "killed", budget="100.00", spent="50.00")
        lines.append({"from": campaign.key, "to": "founder-video", "amount": "5.00"})
    drawn, alone = (create_reallocation(lines=rows, by=mia, at=now) for rows in (lines[:-1], lines))
    assert "six accounts give $30.00" in read(drawn).lower()
    page = read(alone)
    assert "accounts give" not in page
    assert page.count('<td data-label="From">') == len(lines)


def test_proof__plan_of_the_rule__compares_weighs_and_measures_the_growth(plan: Reallocation) -> None:
    proof = read_proof(plan)
    assert [(duel.receiver["campaign"], duel.donor["campaign"]) for duel in proof.duels] == [
        ("founder-video", "pricing-calculator")
    ]
    assert [standing.row["campaign"] for standing in proof.standings] == [
        "founder-video",
        "pricing-calculator",
    ]
    (growth,) = proof.growths
    assert growth == Growth(growth.name, Decimal(6000), Decimal(9000), allowed=Decimal(3000))
    assert growth.share == 1
    assert {one.row["campaign"]: one.given for one in proof.untold} == {
        "penalty-headlines": Decimal("1811.60"),
        "webinar-replay": Decimal("640.00"),
    }


def test_proof__cap_that_has_changed_since__is_not_said(plan: Reallocation) -> None:
    plan.workspace.growth_cap = 0.25
    (growth,) = read_proof(plan).growths
    assert growth.allowed is None
    assert growth.share == Decimal("0.5")


def test_proof__plan_by_hand__keeps_to_no_cap(harbour: Harbour, mia: Actor, now: datetime) -> None:
    line = {"from": "reserve", "to": "founder-video", "amount": "600.00"}
    proof = read_proof(create_reallocation(lines=[line], by=mia, at=now))
    assert proof.growths == [Growth(harbour.founder.name, Decimal(6000), Decimal(6600), allowed=None)]
    assert proof.duels == []


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("If you do nothing: $5.00 stays idle.", "$5.00 stays idle."),
        ("If you do nothing, nothing is lost.", None),
    ],
)
def test_do_nothing__frozen_sentence__loses_its_title(sentence: str, said: str | None) -> None:
    assert do_nothing({"do_nothing": {"sentence": sentence}}) == said


@pytest.mark.parametrize(
    ("after", "look"), [("150.00", 'class="f-traction"'), ("60.00", 'stroke-dasharray="3 2"')]
)
def test_bars__change__is_added_or_taken(workspace: Workspace, after: str, look: str) -> None:
    context: Any = {"workspace": workspace}
    bars = account_bars(context, "100.00", after, Decimal(150), "40.00")
    assert f"Budget before $100.00, after ${after}, spent $40.00" in bars
    assert [one for one in ('class="f-traction"', 'stroke-dasharray="3 2"') if one in bars] == [look]
