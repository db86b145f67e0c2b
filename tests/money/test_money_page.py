"""The page of the accounts, and what the form of a plan by hand offers."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sprints.forms import PlanByHandForm
from sprints.selectors.accounts import balances
from sprints.views.money import ACCOUNTS_SHOWN
from tests.beginnings import Begin
from tests.money.harbour import Harbour, build_harbour, finish
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace, now: datetime) -> Iterator[Harbour]:
    with time_machine.travel(now, tick=False):
        yield begin(build_harbour, workspace)


@pytest.fixture
def browser(harbour: Harbour, mia: Actor) -> Client:
    client = Client()
    client.force_login(mia.person)
    return client


def form_of(workspace: Workspace, at: datetime, data: dict[str, str] | None = None) -> PlanByHandForm:
    return PlanByHandForm(data, workspace=workspace, balances=balances(workspace, at=at))


def offered(form: PlanByHandForm, name: str) -> dict[str, str]:
    found = re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', str(form[name]))
    return dict(found)


class TestAccounts:
    def test_page__many_finished_campaigns__turns_their_accounts(
        self, harbour: Harbour, workspace: Workspace, browser: Client
    ) -> None:
        for number in range(ACCOUNTS_SHOWN + 3):
            finish(workspace, f"spent-{number:02}", "completed", budget="50.00", spent="50.00")
        url = reverse("money", args=[workspace.slug])
        first, second = (browser.get(url + query).content.decode() for query in ("", "?settled=2"))
        shown = [
            set(re.findall(r"spent-\d\d", page.partition('id="accounts"')[2].partition('id="ledger"')[0]))
            for page in (first, second)
        ]
        assert [len(keys) for keys in shown] == [ACCOUNTS_SHOWN, 3]
        assert not shown[0] & shown[1]
        assert f"{ACCOUNTS_SHOWN + 3} finished campaigns with nothing left to move" in first
        assert re.search(r"<details[^>]* open>", second)
        assert not re.search(r"<details[^>]* open>", first)


class TestLedger:
    def test_page__launches_at_once__say_once_when_and_by_whom_and_each_name_once(
        self, harbour: Harbour, workspace: Workspace, browser: Client
    ) -> None:
        page = browser.get(reverse("money", args=[workspace.slug])).content.decode()
        groups = page.partition('id="ledger"')[2].split("<tbody>")[1:]
        [launches] = [group for group in groups if ">Founder video<" in group]
        rows = launches.count("<tr>")
        assert rows > 1
        assert launches.count("<th") == 1
        # The day with its reason, the kind, who, and whence each has its budget.
        assert launches.count(f'rowspan="{rows}"') == 4
        assert launches.count("Founder video") == launches.count(">Outside<") == 1
        assert "Budget of" not in page


class TestChoices:
    def test_form__of_a_plan_by_hand__offers_who_can_give_with_what_and_who_can_take(
        self, harbour: Harbour, workspace: Workspace, now: datetime
    ) -> None:
        form = form_of(workspace, now)
        givers, takers = offered(form, "from_0"), offered(form, "to_0")
        assert givers["penalty-headlines"] == "Penalty headlines: $1,811.60 free"
        assert "penalty-headlines" not in takers
        assert takers["founder-video"] == "Founder video"
        assert re.fullmatch(r"the reserve: \$[\d,]+\.\d\d free", givers["reserve"])
        assert takers["reserve"] == "the reserve"

    def test_form__chosen_account_has_nothing_left__keeps_it_chosen_for_the_refusal(
        self, harbour: Harbour, workspace: Workspace, now: datetime
    ) -> None:
        spent = finish(workspace, "spent", "completed", budget="50.00", spent="50.00")
        form = form_of(workspace, now, {"from_0": spent.key, "to_0": "nobody", "reason": "It does well."})
        assert offered(form, "from_0")["spent"] == spent.name
        assert "spent" not in offered(form, "from_1")
        assert not form.is_valid()
        assert "from_0" not in form.errors
        assert "to_0" in form.errors
