"""Amounts and rules read alike on every page, in events and in refusals."""

import re
from datetime import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from experiments.models.sentences import sentence
from sprints.models import Sprint
from sprints.selectors.board import read_board
from sprints.selectors.graveyard import read_noes
from sprints.services.reallocations import apply_reallocation, approve_reallocation, create_reallocation
from tests.factories import criterion_values, make_draft
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency, limit_in_currency, round_in_currency
from workspaces.permissions import Actor
from workspaces.templatetags.quickno import strong


@pytest.mark.parametrize(
    ("amount", "currency", "whole", "text"),
    [
        ("1500", "USD", False, "$1,500.00"),
        ("-1500.5", "EUR", False, "\u2212€1,500.50"),
        ("1500.5", "USD", True, "$1,500"),
        ("1500", "JPY", False, "¥1,500"),
    ],
)
def test_amount__in_its_currency__has_the_places_that_the_currency_has(
    amount: str, currency: str, *, whole: bool, text: str
) -> None:
    assert in_currency(Decimal(amount), currency, whole=whole) == text


def test_amount__limit_or_guard__loses_no_digit() -> None:
    assert limit_in_currency(Decimal("0.0125"), "USD") == "0.0125 USD"
    assert round_in_currency(Decimal("1500.00"), "USD") == "$1,500"
    assert round_in_currency(Decimal("1500.25"), "USD") == "$1,500.25"


def test_rule__shares_money_and_counts__is_spelt_as_on_the_pages(
    team: dict[Role, Actor], now: datetime
) -> None:
    guards = {"spend": "1500.00", "clicks": 12000}
    draft = make_draft(
        team[Role.MARKETER],
        None,
        at=now,
        kill_criteria=[
            criterion_values(guards=guards, confidence=0.975),
            criterion_values(metric="cpa", comparator="above", threshold=Decimal("18.5"), guards=guards),
        ],
    )
    share, cost = (criterion.rule_text for criterion in draft.kill_criteria.order_by("position"))
    assert share == (
        "Pause the campaign when the CTR is probably below 0.5%, once $1,500 of spend and 12,000 clicks "
        "are in and we are 97.5% sure."
    )
    assert cost.startswith("Pause the campaign when a conversion probably costs more than $18.50, once $1,5")
    marked = strong(sentence(draft.kill_criteria.order_by("position")[0], "USD"))
    assert re.sub(r"</?strong>", "", marked) == share


def test_saving__money_moved_on__is_the_same_on_the_board_and_in_the_graveyard(
    browse: Browse, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia, dana = team[Role.MARKETER], team[Role.MANAGER]
    plan = create_reallocation(
        lines=[{"from": week.killed.key, "to": "reserve", "amount": "300.00"}], by=mia, at=now
    )
    approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
    apply_reallocation(plan.pk, by=dana, at=now)
    board = read_board(Sprint.objects.get(workspace=workspace, number=1), at=now)
    assert board.saved == read_noes(workspace).saved == Decimal(2500)


def test_plan__gain_in_outcomes__is_said_with_its_interval(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = {"expected": 1142.4, "low": 93.2, "high": 1950.7, "measure": "conversions"}
    # A plan stays what was shown, so it is proposed with this gain.
    monkeypatch.setattr("sprints.selectors.evidence.gains", lambda *_: {"expected_outcomes": outcomes})
    plan = create_reallocation(
        lines=[{"from": week.killed.key, "to": "reserve", "amount": "300.00"}],
        by=team[Role.MARKETER],
        at=now,
    )
    page = browse(Role.VIEWER).get(reverse("plan", args=["harbour", plan.pk])).content.decode()
    assert "That should win about 1,142 more conversions." in page
    assert "Expected gain with 95% interval: +93 to +1,951 conversions" in page
    assert "+$300.00" in page
