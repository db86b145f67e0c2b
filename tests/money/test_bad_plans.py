"""Plans that cannot be, sent to REST and the page: line, field, what is wrong and what would be right."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from experiments.choices import CampaignStatus
from sprints.models import Reallocation
from tests.beginnings import Begin
from tests.factories import make_campaign, make_workspace
from tests.money.harbour import Harbour, build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor

BASE = "/api/v1/reallocations/"
RESERVE, FOUNDER = "reserve", "founder-video"


@pytest.fixture(autouse=True)
def harbour(begin: Begin, workspace: Workspace, now: datetime) -> Iterator[Harbour]:
    built = begin(build_more, workspace)
    with time_machine.travel(now, tick=False):
        yield built


def build_more(workspace: Workspace) -> Harbour:
    """Beside the four: a draft, a discarded one, and another workspace's."""
    built = build_harbour(workspace)
    make_campaign(workspace, "drafted", status=CampaignStatus.DRAFT)
    make_campaign(workspace, "dropped", status=CampaignStatus.DISCARDED)
    make_campaign(make_workspace("other"), "theirs")
    return built


@pytest.fixture
def program(mia: Actor) -> APIClient:
    client = APIClient()
    client.force_login(mia.person)
    return client


@pytest.fixture
def browser(mia: Actor) -> Client:
    client = Client()
    client.force_login(mia.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def line(source: Any = RESERVE, target: Any = FOUNDER, amount: Any = "1.00", **more: Any) -> dict[str, Any]:
    return {"from": source, "to": target, "amount": amount, **more}


def complaints(answer: Any) -> list[tuple[str, str, str]]:
    """Field, as ``lines.0.amount`` however the row is told, with code and words."""
    return [
        (
            f"lines.{error['row']}.{error['field']}" if "row" in error else error.get("field", ""),
            error["code"],
            error["message"],
        )
        for error in answer.json()["errors"]
    ]


@pytest.mark.parametrize(
    ("lines", "status", "field", "code", "words"),
    [
        ([], 422, "lines", "required", "give at least one line"),
        ([line(amount="0")], 422, "lines.0.amount", "not_positive", "more than zero, not 0"),
        ([line(amount="0.00")], 422, "lines.0.amount", "not_positive", "more than zero"),
        ([line(amount="-5")], 422, "lines.0.amount", "not_positive", "more than zero, not -5"),
        ([line(amount="NaN")], 422, "lines.0.amount", "not_a_number", "such as “2500.00”"),
        ([line(amount="Infinity")], 422, "lines.0.amount", "not_a_number", "such as “2500.00”"),
        ([line(amount="1e400")], 422, "lines.0.amount", "too_large", "more than the ledger can hold"),
        ([line(amount="1e-400")], 422, "lines.0.amount", "too_fine", "the smallest unit is 0.01"),
        ([line(amount="10.005")], 422, "lines.0.amount", "too_fine", "the smallest unit is 0.01"),
        ([line(amount=True)], 422, "lines.0.amount", "not_a_number", "such as “2500.00”"),
        ([line(amount="1,000.00")], 422, "lines.0.amount", "not_a_number", "such as “2500.00”"),
        ([line(RESERVE, RESERVE)], 422, "lines.0.to", "same_account", "from reserve to itself"),
        ([line(FOUNDER, FOUNDER)], 422, "lines.0.to", "same_account", "from founder-video to itself"),
        ([line("outside")], 422, "lines.0.from", "unknown_campaign", "funding the reserve"),
        ([line(target="outside")], 422, "lines.0.to", "unknown_campaign", "funding the reserve"),
        ([line(target="nobody")], 422, "lines.0.to", "unknown_campaign", "Give the key of one, or “reserve”"),
        ([line(target="theirs")], 422, "lines.0.to", "unknown_campaign", "no campaign “theirs”"),
        ([line("theirs", RESERVE)], 422, "lines.0.from", "unknown_campaign", "no campaign “theirs”"),
        ([line("")], 422, "lines.0.from", "required", "say something"),
        ([line(1)], 422, "lines.0.from", "not_a_text", "This is a text"),
        ([line("a\x00b")], 422, "lines.0.from", "null_characters_not_allowed", "Null characters"),
        ([line(target="penalty-headlines")], 409, "lines.0.to", "cannot_receive", "is killed: it cannot"),
        ([line(target="webinar-replay")], 409, "lines.0.to", "cannot_receive", "is completed: it cannot"),
        ([line(target="dropped")], 409, "lines.0.to", "cannot_receive", "is discarded: it cannot"),
        ([line(target="drafted")], 409, "lines.0.to", "cannot_receive", "when it is launched"),
        ([line(), line(amount="2.00")], 422, "lines.1.to", "duplicate_line", "put both in one line"),
        ([line(), line(FOUNDER, RESERVE)], 422, "lines.1.to", "opposite_line", "put the difference in one"),
        ([line(amount="1200.01")], 409, "lines.0.amount", "overdrawn", "at most $1,200.00"),
        (
            [line("pricing-calculator", amount="800.01")],
            409,
            "lines.0.amount",
            "overdrawn",
            "at most $800.00 ($200.00 are held back",
        ),
        ([line()] * 1_000, 422, "lines", "too_many", "at most 100 lines, not 1000"),
        ([line(note="x")], 422, "lines.0.note", "unknown_field", "There are: from, to, amount, reason"),
        ([[]], 422, "lines.0", "invalid", "This is an object"),
        ("none", 422, "lines", "not_a_list", "list"),
    ],
)
def test_create__a_line_that_cannot_be__is_named_with_what_would_be_right(
    program: APIClient, lines: Any, status: int, field: str, code: str, words: str
) -> None:
    answer = program.post(BASE, {"lines": lines}, format="json")
    assert answer.status_code == status, answer.content
    (complaint,) = complaints(answer)
    assert complaint[:2] == (field, code)
    assert words in complaint[2]
    assert answer.json()["code"] in {code, "invalid_lines"}
    assert not Reallocation.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ('"lines"', 422),
        ("5", 422),
        ("null", 422),
        ("{}", 422),
        ('{"lines": null}', 422),
        ('{"lines"', 400),
        ('{"lines": [{"from": "reserve", "to": "founder-video", "amount": NaN}]}', 400),
        ('{"lines": [{"from": "reserve", "to": "founder-video", "amount": 1e400}]}', 422),
        ('{"lines": [{"from": "reserve", "to": "founder-video", "amount": 1, "amount": 2}]}', 400),
    ],
)
def test_create__body_of_another_shape__is_a_problem_document(
    program: APIClient, body: str, status: int
) -> None:
    answer = program.post(BASE, body, content_type="application/json")
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert not Reallocation.objects.exists()


def test_create__every_line_of_nothing__names_each(program: APIClient) -> None:
    lines = [line(amount="0"), line("pricing-calculator", amount="0.00")]
    answer = program.post(BASE, {"lines": lines}, format="json")
    assert [complaint[:2] for complaint in complaints(answer)] == [
        ("lines.0.amount", "not_positive"),
        ("lines.1.amount", "not_positive"),
    ]
    assert answer.json()["detail"].startswith("2 of 2 lines cannot be.")


@pytest.mark.parametrize(
    ("rows", "code"), [([], "required"), ([9], "unknown_line"), ([-1], "unknown_line"), ([0, 1], "all_lines")]
)
def test_replace__no_part_of_the_plan__has_one_code_here_and_there(
    program: APIClient, rows: list[int], code: str
) -> None:
    lines = [line(), line("pricing-calculator")]
    plan = program.post(BASE, {"lines": lines}, format="json").json()
    answer = program.post(f"{BASE}{plan['id']}/replace/", {"lines": rows}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert Reallocation.objects.get().state == "proposed"


# The page. Its second line is filled and its first is not: what is wrong has to find its line all the same.


@pytest.mark.parametrize(
    ("source", "target", "amount", "status", "field", "words"),
    [
        (RESERVE, FOUNDER, "0", 422, "amount_1", "Give an amount above zero"),
        (RESERVE, FOUNDER, "-5", 422, "amount_1", "Give an amount above zero"),
        (RESERVE, FOUNDER, "NaN", 422, "amount_1", "Amounts here are in USD"),
        (RESERVE, FOUNDER, "Infinity", 422, "amount_1", "Amounts here are in USD"),
        (RESERVE, FOUNDER, "1e400", 422, "amount_1", "is not an amount"),
        (RESERVE, FOUNDER, "10.005", 422, "amount_1", "can be read in two ways"),
        (RESERVE, FOUNDER, "10.0055", 422, "amount_1", "more than 2 decimals"),
        (RESERVE, FOUNDER, "9" * 20, 422, "amount_1", "more than the ledger can hold"),
        (RESERVE, FOUNDER, "", 422, "amount_1", "A line takes all three"),
        (RESERVE, RESERVE, "1", 422, "to_1", "from reserve to itself"),
        ("outside", FOUNDER, "1", 422, "from_1", "Select a valid choice"),
        (RESERVE, "theirs", "1", 422, "to_1", "Select a valid choice"),
        (RESERVE, "drafted", "1", 422, "to_1", "Select a valid choice"),
        (RESERVE, "penalty-headlines", "1", 409, "to_1", "is killed: it cannot receive money"),
        (RESERVE, FOUNDER, "1200.01", 409, "amount_1", "The reserve can give at most $1,200.00"),
    ],
)
def test_page__a_line_that_cannot_be__has_its_complaint_at_its_field(
    browser: Client,
    workspace: Workspace,
    source: str,
    target: str,
    amount: str,
    status: int,
    field: str,
    words: str,
) -> None:
    address = reverse("plan_new", args=[workspace.slug])
    sent = {"from_1": source, "to_1": target, "amount_1": amount, "reason": "It does well."}
    answer = browser.post(address, sent)
    assert answer.status_code == status, answer.content
    errors = json.loads(answer.context["form"].errors.as_json())
    assert list(errors) == [field]
    assert words in errors[field][0]["message"]
    assert not Reallocation.objects.exists()


@pytest.mark.parametrize(
    ("second", "words"),
    [((RESERVE, FOUNDER), "put both in one line"), ((FOUNDER, RESERVE), "put the difference in one line")],
)
def test_page__two_lines_of_the_same_two__complains_at_the_second(
    browser: Client, workspace: Workspace, second: tuple[str, str], words: str
) -> None:
    sent = {"from_0": RESERVE, "to_0": FOUNDER, "amount_0": "1", "reason": "It does well."}
    sent |= {"from_3": second[0], "to_3": second[1], "amount_3": "2"}
    answer = browser.post(reverse("plan_new", args=[workspace.slug]), sent)
    assert list(answer.context["form"].errors) == ["to_3"]
    assert words in answer.content.decode()


def test_page__no_line__says_that_a_plan_moves_something(browser: Client, workspace: Workspace) -> None:
    answer = browser.post(reverse("plan_new", args=[workspace.slug]), {"reason": "It does well."})
    assert answer.status_code == 422
    assert "Say from where, to where and how much." in answer.content.decode()


def test_page__approving_a_part_without_a_line__says_what_to_choose(
    browser: Client, program: APIClient, workspace: Workspace
) -> None:
    plan = program.post(BASE, {"lines": [line(), line("pricing-calculator")]}, format="json").json()
    answer = browser.post(reverse("plan_replace", args=[workspace.slug, plan["id"]]), follow=True)
    assert f"Choose the lines of plan {plan['number']} that are to be proposed." in answer.content.decode()
