"""Every table can be taken away: the file holds what the page shows, and nothing in it runs."""

import csv
from datetime import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign
from sprints.services.reallocations import create_reallocation
from tests.factories import fill_reserve
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor
from workspaces.views.downloads import harmless


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def rows(client: Client, name: str, *args: object, query: str = "") -> list[dict[str, str]]:
    answer = client.get(url(name, *args) + query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="harbour-')
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(body.splitlines()))


@pytest.fixture
def client(browse: Browse, week: Week) -> Client:
    return browse(Role.VIEWER)


def test_campaigns_csv__each_list__has_its_own_campaigns(client: Client) -> None:
    running = {row["campaign"]: row for row in rows(client, "campaigns_csv")}
    assert set(running) == {"founder-video", "brand-search"}
    assert (running["founder-video"]["state"], running["founder-video"]["spent"]) == ("paused", "6600.00")
    assert float(running["founder-video"]["sure_it_should_stop"]) > 0.95
    assert (running["brand-search"]["budget"], running["brand-search"]["hypothesis"]) == ("0.00", "")
    over = rows(client, "campaigns_csv", query="?show=over&")
    assert [row["campaign"] for row in over] == ["office-skits"]
    assert [row["campaign"] for row in rows(client, "campaigns_csv", query="?show=drafts")] == ["inbox-quote"]


def test_campaign_days_csv__reported_days__are_rows_with_the_metric(client: Client, week: Week) -> None:
    days = rows(client, "campaign_days_csv", "founder-video")
    assert [row["spent"] for row in days] == ["2200.00"] * 3
    assert {row["metric"] for row in days} == {"cpa"}
    assert all(Decimal(row["events"]) == 18 for row in days)
    assert float(days[0]["value"]) == pytest.approx(2200 / 18)
    assert rows(client, "campaign_days_csv", "inbox-quote") == []


def test_campaign_arms_csv__as_the_page_compares_them__names_the_control(client: Client) -> None:
    arms = {row["arm"]: row for row in rows(client, "campaign_arms_csv", "founder-video")}
    assert (arms["a"]["control"], arms["b"]["control"]) == ("yes", "no")
    # As reported, and the cost that allows for conversions still to come.
    assert Decimal(arms["a"]["events"]) == 27
    assert 0 < float(arms["a"]["value"]) < 3300 / 27
    assert arms["a"]["chance_to_beat_control"] == ""
    assert float(arms["b"]["chance_to_beat_control"]) == pytest.approx(0.5, abs=0.1)
    assert rows(client, "campaign_arms_csv", "inbox-quote") == []


def test_zombies_csv__open_flag__has_its_signal_and_money(client: Client) -> None:
    [zombie] = [row for row in rows(client, "zombies_csv") if row["signal"] == "unplanned"]
    assert (zombie["campaign"], zombie["money_since"]) == ("brand-search", "186.40")


def test_sprints_csv__two_hypotheses__are_two_rows(client: Client) -> None:
    taken = rows(client, "sprints_csv")
    assert [(row["sprint"], row["state"], row["hypothesis"]) for row in taken] == [
        ("1", "running", "About founder-video"),
        ("1", "running", "About office-skits"),
    ]


def test_accounts_and_plans_csv__money_planned__is_there_to_the_cent(
    client: Client, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    fill_reserve(workspace, "900.00")
    line = {"from": "reserve", "to": "brand-search", "amount": "100.50"}
    plan = create_reallocation(lines=[line], by=team[Role.MARKETER], at=now)
    accounts = {row["account"]: row for row in rows(client, "accounts_csv")}
    assert set(accounts) == {"reserve", "founder-video", "office-skits", "brand-search"}
    assert accounts["reserve"]["free"] == "900.00"
    assert (accounts["founder-video"]["budget"], accounts["founder-video"]["spent"]) == ("2500.00", "6600.00")
    [planned] = rows(client, "plans_csv")
    assert (planned["plan"], planned["state"]) == (str(plan.number), "proposed")
    assert (planned["from"], planned["to"], planned["amount"]) == ("reserve", "brand-search", "100.50")
    assert (planned["approved_by"], planned["approved_at"]) == ("", "")


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_cell__that_a_spreadsheet_would_run__is_quoted(client: Client, start: str) -> None:
    Campaign.objects.filter(key="brand-search").update(name=f"{start}1+1")
    told = {row["campaign"]: row["name"] for row in rows(client, "campaigns_csv")}
    assert told["brand-search"].startswith("'")
    assert harmless(Decimal("-4.00")) == Decimal("-4.00")


@pytest.mark.parametrize(
    ("page", "file"),
    [
        (("campaigns",), ("campaigns_csv",)),
        (("campaign", "founder-video"), ("campaign_days_csv", "founder-video")),
        (("campaign", "founder-video"), ("campaign_arms_csv", "founder-video")),
        (("zombies",), ("zombies_csv",)),
        (("sprints",), ("sprints_csv",)),
        (("money",), ("accounts_csv",)),
        (("money",), ("ledger_csv",)),
        (("backlog",), ("backlog_csv",)),
        (("graveyard",), ("graveyard_csv",)),
        (("activity",), ("activity_csv",)),
    ],
)
def test_page__with_a_table__offers_its_file(
    client: Client, page: tuple[str, ...], file: tuple[str, ...]
) -> None:
    shown = client.get(url(*page)).content.decode()
    assert f'href="{url(*file)}' in shown
