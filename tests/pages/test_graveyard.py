"""What was killed and what was learnt: the stones, the table behind them, the filters, the files."""

import csv
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign
from experiments.services.campaigns import kill_campaign
from sprints.selectors.graveyard import No, read_noes
from sprints.services.decisions import decide
from sprints.templatetags._stones import NARROW, WIDE, stones
from tests.factories import make_running_sprint, report
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


def read(client: Client, name: str, query: str = "") -> str:
    response = client.get(reverse(name, args=["harbour"]) + query)
    assert response.status_code == 200
    return b"".join(response).decode()


@pytest.fixture
def buried(workspace: Workspace, team: dict[Role, Actor], now: datetime) -> None:
    """Three noes: one within a day and learnt from, one by hand on its third day, and one long ago."""
    mia = team[Role.MARKETER]
    for key, started, ended in (("long-ago", 200, 160), ("slow", 2, 0), ("quick", 0, 0)):
        make_running_sprint(mia, key, at=now - timedelta(days=started), days=4)
        campaign = Campaign.objects.get(key=key)
        day = workspace.local_day(now - timedelta(days=max(started, 1)))
        report(campaign, day, arm="a", spend="400.00", reported_at=now)
        kill_campaign(key, reason="Nobody came.", by=mia, at=now - timedelta(days=ended))
    hypothesis = Campaign.objects.get(key="quick").hypothesis
    assert hypothesis is not None
    decide(hypothesis.pk, decision="kill", moved_the_business=False, learning="=Ask first", by=mia, at=now)


def test_graveyard__nobody_is_dead__says_what_it_will_show(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor]
) -> None:
    page = read(browse(Role.VIEWER), "graveyard")
    assert "whom to congratulate" in page
    assert "<table" not in page


@pytest.mark.usefixtures("buried")
def test_graveyard__a_quarter_and_ever__counts_those_of_its_span(browse: Browse) -> None:
    client = browse(Role.VIEWER)
    quarter, ever = read(client, "graveyard"), read(client, "graveyard", "?period=all")
    assert "Two noes since" in quarter
    assert "Three noes." in ever
    assert "long-ago" not in quarter
    assert "And the longest yes" in ever
    assert "41 days" in ever


@pytest.mark.usefixtures("buried")
def test_graveyard__quick_no_with_a_learning__congratulates_its_owner(
    browse: Browse, team: dict[Role, Actor]
) -> None:
    page = read(browse(Role.VIEWER), "graveyard")
    stone = page[page.index('class="qn-stone"') : page.index('id="all"')]
    assert "“=Ask first”" in stone
    assert "lived 1 day" in stone
    assert str(team[Role.MARKETER].user) in stone
    assert stone.count('class="qn-stone"') == 1


@pytest.mark.usefixtures("buried")
def test_graveyard__sorted__begins_with_what_was_asked_for(browse: Browse) -> None:
    client = browse(Role.VIEWER)
    for sort, order in (("lived", ["quick", "slow", "long-ago"]), ("", ["quick", "slow", "long-ago"])):
        rows = list(csv.DictReader(read(client, "graveyard_csv", f"?period=all&sort={sort}").splitlines()))
        assert [row["campaign"] for row in rows] == order
    spent = list(csv.DictReader(read(client, "graveyard_csv", "?period=all&sort=spent").splitlines()))
    amounts = [Decimal(row["spent"]) for row in spent]
    assert amounts == sorted(amounts, reverse=True)


@pytest.mark.usefixtures("buried")
def test_graveyard_csv__learning_that_looks_like_a_formula__is_harmless(browse: Browse) -> None:
    [row] = [
        row
        for row in csv.DictReader(read(browse(Role.VIEWER), "graveyard_csv").splitlines())
        if row["campaign"] == "quick"
    ]
    assert row["learning"] == "'=Ask first"
    assert Decimal(row["budget"]) - Decimal(row["spent"]) == Decimal(row["saved"])
    assert row["days_lived"] == "1"


@pytest.mark.usefixtures("buried")
def test_stones__wide_and_narrow__state_the_same_finding(workspace: Workspace) -> None:
    noes = read_noes(workspace).noes
    drawings = [stones(noes, "USD", size) for size in (WIDE, NARROW)]
    labels = {drawing.split('aria-label="')[1].split('"')[0] for drawing in drawings}
    assert len(labels) == 1
    assert "Three kills by days lived: one after 1 day, one after 3 days, one after 41 days." in labels.pop()


def test_stones__no_room_for_each__print_the_money_of_a_days_highest_and_name_the_unit_once() -> None:
    noes = [
        No(Campaign(), days, Decimal(0), Decimal(saved), None, "", "", None, has_rule=False)
        for days, saved in ((1, 900), (2, 800), (2, 700), (2, 600), (3, 500), (3, 400), (3, 300), (3, 200))
    ]
    drawn = stones(noes, "USD", NARROW)
    assert re.findall(r">(\$\d+)</text>", drawn) == ["$900", "$800", "$500"]
    assert re.findall(r">(\d days?|\d)</text>", drawn)[:3] == ["1 day", "2", "3"]


@pytest.mark.usefixtures("buried")
def test_stones__slow_one__lies_beyond_the_broken_axis_and_stands_on_no_day(workspace: Workspace) -> None:
    noes = read_noes(workspace).noes
    drawing, quick = stones(noes, "USD"), stones([no for no in noes if not no.is_slow], "USD")
    assert drawing.count('class="f-burn"') == 1
    assert 'class="f-burn"' not in quick
    assert drawing.count('class="f-ink"') == quick.count('class="f-ink"') == 2


def test_learnings__by_driver_and_by_channel__counts_each_hypothesis_where_it_belongs(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, "one", "two", at=now)
    for key, kind in (("one", "scale"), ("two", "kill")):
        hypothesis = Campaign.objects.get(key=key).hypothesis
        assert hypothesis is not None
        decide(hypothesis.pk, decision=kind, moved_the_business=False, learning="So.", by=mia, at=now)
    client = browse(Role.VIEWER)
    page = read(client, "learnings")
    assert "1 of 2 won (50%)" in page
    assert "of 2, 1 scaled, 0 evolved, 0 inconclusive, 1 killed." in page
    channel = read(client, "learnings", "?by=channel")
    assert "Meta Ads: of 2, 1 scaled" in channel
    assert "1 of 1 won (100%)" in read(client, "learnings", "?decision=scale")


def test_learnings__personas_and_channels__are_chosen_from_what_was_decided(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, "one", at=now, persona="Bookkeeper")
    make_running_sprint(mia, "two", at=now, persona="Head of finance")
    decided = Campaign.objects.get(key="one").hypothesis
    assert decided is not None
    decide(decided.pk, decision="kill", moved_the_business=False, learning="So.", by=mia, at=now)
    client = browse(Role.VIEWER)
    page = read(client, "learnings")
    assert '<option value="Bookkeeper">' in page
    assert "Head of finance" not in page
    assert '<option value="meta">Meta Ads</option>' in page
    assert "One learning fits this filter." in read(client, "learnings", "?persona=Bookkeeper&channel=meta")
    # A persona that nobody has is as good as none.
    assert "One learning that" in read(client, "learnings", "?persona=Head of finance")


def test_learnings__decided_on_different_days__draws_how_fast_and_says_each_day(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, "one", "two", at=now)
    for days, key in enumerate(("one", "two")):
        hypothesis = Campaign.objects.get(key=key).hypothesis
        assert hypothesis is not None
        at = now + timedelta(days=2 * days)
        decide(hypothesis.pk, decision="kill", moved_the_business=False, learning="So.", by=mia, at=at)
    page = read(browse(Role.VIEWER), "learnings")
    assert "Trust: decided on day 1, 3; the median is day 2." in page
    assert '<th scope="row">Trust</th><td>1, 3</td>' in page
