"""Money whose smallest unit is no hundredth: yen are whole, dinars have a thousand fils, on every surface."""

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from experiments.models import Campaign
from sprints.exceptions import Invalid
from sprints.models import Reallocation
from sprints.services.ledger import fund_reserve
from tests.beginnings import Begin
from tests.factories import make_actor, make_draft, make_hypothesis, make_sprint, make_workspace
from tests.money.harbour import finish, run
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

BASE = "/api/v1/"
# By currency: its smallest unit, and an amount that is finer still.
UNITS = {"JPY": ("1", "10.5"), "USD": ("0.01", "10.005"), "BHD": ("0.001", "10.0005")}
AMOUNTS = {"amount", "budget", "spent", "spend", "holdback", "available", "reserve", "outside", "change"}
AMOUNTS |= {"before", "after", "daily_budget", "pace", "pace_before", "spend_per_day", "total"}


@pytest.fixture(params=list(UNITS))
def currency(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def workspace(begin: Begin, currency: str, now: datetime) -> Iterator[Workspace]:
    with time_machine.travel(now, tick=False):
        yield begin(build_tills, currency)


def build_tills(currency: str) -> Workspace:
    """Two campaigns that run, one well and one poorly, and one that is over with an odd rest."""
    workspace = make_workspace("tills", timezone="America/Chicago", currency=currency)
    coin = Decimal(UNITS[currency][0])
    run(workspace, "founder-video", budget=str(6000 + coin), trials=14)
    run(workspace, "pricing-calculator", budget=str(3000 + coin), trials=8)
    finish(workspace, "penalty-headlines", "killed", budget=str(1001 + coin), spent="700")
    return workspace


def client_of(actor: Actor) -> APIClient:
    client = APIClient()
    client.force_login(actor.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def mia_writes(mia: Actor) -> APIClient:
    return client_of(mia)


@pytest.fixture
def dana_approves(dana: Actor) -> APIClient:
    return client_of(dana)


def ask(client: APIClient, method: str, path: str, body: Any = None) -> Any:
    answer = getattr(client, method)(f"{BASE}{path}", body, format="json")
    assert answer.status_code < 300, answer.content
    return answer.json()


def amounts_in(body: Any) -> Iterator[tuple[str, str]]:
    """Every amount of money in an answer, with its name."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name in AMOUNTS and isinstance(value, str | int | float):
                yield name, str(value)
            else:
                yield from amounts_in(value)
    elif isinstance(body, list):
        for item in body:
            yield from amounts_in(item)


def assert_in_units(body: Any, workspace: Workspace) -> None:
    places = workspace.currency_exponent
    written = re.compile(r"-?\d+" + (rf"\.\d{{{places}}}" if places else ""))
    found = list(amounts_in(body))
    assert found
    assert [item for item in found if not written.fullmatch(item[1])] == []


def approved_and_applied(client: APIClient, plan: dict[str, Any]) -> None:
    digest = {"plan_digest": plan["plan_digest"]}
    ask(client, "post", f"reallocations/{plan['id']}/approve/", digest)
    ask(client, "post", f"reallocations/{plan['id']}/apply/")


def test_money__from_funding_to_undoing__is_in_whole_units_and_sums_up(
    workspace: Workspace, mia_writes: APIClient, dana_approves: APIClient, currency: str
) -> None:
    unit = Decimal(UNITS[currency][0])
    funded = ask(dana_approves, "post", "ledger/fund/", {"amount": str(500 + unit), "reason": "More"})
    assert Decimal(funded["amount"]) == 500 + unit
    mia, dana = mia_writes, dana_approves
    another = client_of(make_actor(workspace, Role.MANAGER, email="omar@harbour.example"))

    proposed = ask(mia, "post", "reallocations/propose/", {"sprint": _sprint(workspace)})
    part = ask(dana, "post", f"reallocations/{proposed['id']}/replace/", {"lines": [0]})
    assert part["lines"] == proposed["lines"][:1]
    approved_and_applied(another, part)
    undoing = ask(mia, "post", f"reallocations/{part['id']}/undo/")
    approved_and_applied(another, undoing)
    by_hand = ask(
        mia,
        "post",
        "reallocations/",
        {"lines": [{"from": "reserve", "to": "founder-video", "amount": str(unit)}]},
    )
    approved_and_applied(dana, by_hand)

    balances = ask(mia, "get", "ledger/balances/")
    for body in (
        proposed,
        part,
        undoing,
        by_hand,
        balances,
        ask(mia, "get", "ledger/"),
        ask(mia, "get", "reallocations/"),
        ask(mia, "get", "campaigns/"),
        ask(mia, "get", f"reallocations/{by_hand['id']}/spend/"),
        ask(mia, "get", "events/"),
    ):
        assert_in_units(body, workspace)
    sides = [balances["outside"], balances["reserve"], *(one["budget"] for one in balances["campaigns"])]
    assert sum(map(Decimal, sides)) == 0
    assert all(one.amount % unit == 0 for plan in Reallocation.objects.all() for one in plan.lines.all())


def _sprint(workspace: Workspace) -> int:
    by = make_actor(workspace, Role.MARKETER, email="planner@harbour.example")
    return make_sprint(by, at=datetime.fromisoformat("2026-11-19T16:12:00+00:00")).pk


def test_launch__in_odd_units__takes_the_reserve_to_its_last_coin(
    workspace: Workspace,
    mia: Actor,
    mia_writes: APIClient,
    dana_approves: APIClient,
    currency: str,
    now: datetime,
) -> None:
    unit = Decimal(UNITS[currency][0])
    ask(dana_approves, "post", "ledger/fund/", {"amount": str(100 + unit), "reason": "More"})
    idea = make_hypothesis(workspace, "late", owner=mia.user)
    make_draft(mia, idea, "late", at=now, budget=2500 + 7 * unit)
    sprint = make_sprint(mia, idea, at=now)
    ask(mia_writes, "post", f"sprints/{sprint.pk}/start/")
    workspace.refresh_from_db()
    assert workspace.reserve == 0
    assert Campaign.objects.get(key="late").budget == 2500 + 7 * unit
    assert_in_units(ask(mia_writes, "get", "events/"), workspace)


def test_amount__finer_than_the_unit__is_refused_with_the_unit(
    workspace: Workspace, mia_writes: APIClient, currency: str
) -> None:
    unit, finer = UNITS[currency]
    lines = [{"from": "penalty-headlines", "to": "founder-video", "amount": finer}]
    answer = mia_writes.post(f"{BASE}reallocations/", {"lines": lines}, format="json")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["row"], error["field"], error["code"]) == (422, 0, "amount", "too_fine")
    assert f"finer than {currency} goes: the smallest unit is {unit}" in error["message"]


def test_pages_and_files__have_the_decimals_of_the_currency(
    workspace: Workspace, mia: Actor, mia_writes: APIClient, dana: Actor, currency: str
) -> None:
    plan = ask(mia_writes, "post", "reallocations/propose/", {"sprint": _sprint(workspace)})
    browser = Client()
    browser.force_login(dana.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    places = workspace.currency_exponent
    mark = {"JPY": "¥", "USD": r"\$", "BHD": "BHD\xa0?"}[currency]
    decimals = re.compile(rf"{mark}[0-9,]+\.([0-9]+)")
    for name, *args in (
        ("money",),
        ("plan", plan["id"]),
        ("campaign", "founder-video"),
        ("campaigns",),
        ("today",),
    ):
        page = browser.get(reverse(name, args=[workspace.slug, *args])).content.decode()
        found = decimals.findall(page)
        assert re.search(mark, page), name
        assert {len(digits) for digits in found} <= ({places} if places else set()), name
    for name, column in (("ledger_csv", "amount"), ("accounts_csv", "free"), ("plans_csv", "amount")):
        text = browser.get(reverse(name, args=[workspace.slug])).getvalue().decode()
        cells = [row[column] for row in csv.DictReader(text.splitlines())]
        assert cells
        assert {-int(Decimal(cell).as_tuple().exponent) for cell in cells} == {places}, name


@pytest.mark.parametrize(
    ("currency", "most"),
    [("USD", "99999999999.99"), ("JPY", "99999999999"), ("BHD", "99999999999.999")],
)
def test_fund_reserve__an_amount_that_is_too_large__names_the_most_in_its_currency(
    now: datetime, db: None, currency: str, most: str
) -> None:
    owner = make_workspace("elsewhere", currency=currency).memberships.get()
    with pytest.raises(Invalid, match=rf"more than the ledger can hold, {most}\.$"):
        fund_reserve(amount=Decimal("1e12"), reason="More", by=Actor.of_member(owner), at=now)
