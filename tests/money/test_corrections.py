"""What came in by mistake is taken back out, up to what the reserve holds, and both stay in the books."""

import html
from datetime import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from api.services import create_key
from sprints.choices import AccountKind, ReallocationState, TransferKind
from sprints.exceptions import Invalid, TransferRefused
from sprints.models import Reallocation, Transfer
from sprints.selectors.accounts import balances
from sprints.services.corrections import correct_reserve
from sprints.services.reallocations import create_reallocation
from tests.factories import fill_reserve, make_actor, make_workspace
from tests.money.harbour import build_harbour
from tests.pages.forms import form_at, form_in
from workspaces.choices import Role, Scope
from workspaces.exceptions import NotAllowed
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

LEDGER = "/api/v1/ledger/"
MISTYPED = {"amount": "1,200.50", "reason": "Typed twice"}


@pytest.fixture
def reserve(workspace: Workspace) -> Workspace:
    return fill_reserve(workspace, "5000.00")


@pytest.fixture
def client(reserve: Workspace, dana: Actor) -> Client:
    client = Client()
    client.force_login(dana.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def url(name: str) -> str:
    return reverse(name, args=["harbour"])


def corrections() -> list[Decimal]:
    return list(Transfer.objects.filter(kind=TransferKind.CORRECTION).values_list("amount", flat=True))


class TestCorrectReserve:
    def test_correct_reserve__by_a_manager__takes_it_outside_and_tells_of_it(
        self, reserve: Workspace, dana: Actor, now: datetime
    ) -> None:
        row = correct_reserve(amount=Decimal("1200.50"), reason=" Typed twice ", by=dana, at=now)
        assert (row.kind, row.source_kind, row.target_kind, row.reason) == (
            TransferKind.CORRECTION,
            AccountKind.RESERVE,
            AccountKind.OUTSIDE,
            "Typed twice",
        )
        found = balances(reserve, at=now)
        reserve.refresh_from_db()
        assert found.reserve == reserve.reserve == Decimal("3799.50")
        assert found.outside == Decimal("-3799.50")
        event = Event.objects.get(kind="ledger.corrected")
        assert event.actor == dana.user
        assert event.data == {
            "amount": "1200.50",
            "currency": "USD",
            "reserve": "3799.50",
            "reason": "Typed twice",
        }

    def test_correct_reserve__all_there_is__leaves_nothing(
        self, reserve: Workspace, dana: Actor, now: datetime
    ) -> None:
        correct_reserve(amount=Decimal("5000.00"), reason="Wrong workspace", by=dana, at=now)
        reserve.refresh_from_db()
        assert reserve.reserve == 0

    def test_correct_reserve__a_cent_more_than_there_is__names_what_is_there(
        self, reserve: Workspace, dana: Actor, now: datetime
    ) -> None:
        said = r"The reserve can give at most \$5,000\.00; \$5,000\.01 was asked\."
        with pytest.raises(TransferRefused, match=said) as refusal:
            correct_reserve(amount=Decimal("5000.01"), reason="Too much", by=dana, at=now)
        assert (refusal.value.code, refusal.value.status) == ("overdrawn", 409)
        assert corrections() == []
        assert not Event.objects.filter(kind="ledger.corrected").exists()

    def test_correct_reserve__without_a_reason__is_refused(
        self, reserve: Workspace, dana: Actor, now: datetime
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            correct_reserve(amount=Decimal(100), reason="  ", by=dana, at=now)
        assert [(error.field, error.code) for error in refusal.value.errors] == [("reason", "required")]

    @pytest.mark.parametrize(
        ("currency", "amount", "code"),
        [
            ("USD", "0", "not_positive"),
            ("USD", "-5.00", "not_positive"),
            ("USD", "NaN", "not_finite"),
            ("USD", "10.005", "too_fine"),
            ("JPY", "10.5", "too_fine"),
            ("BHD", "10.0005", "too_fine"),
        ],
    )
    def test_correct_reserve__an_amount_that_is_none__names_the_field(
        self, now: datetime, db: None, currency: str, amount: str, code: str
    ) -> None:
        workspace = fill_reserve(make_workspace("elsewhere", currency=currency), "500")
        owner = Actor.of_member(workspace.memberships.get())
        with pytest.raises(Invalid) as refusal:
            correct_reserve(amount=Decimal(amount), reason="Mistyped", by=owner, at=now)
        assert [(error.field, error.code) for error in refusal.value.errors] == [("amount", code)]

    @pytest.mark.parametrize(("currency", "unit"), [("JPY", "1"), ("USD", "0.01"), ("BHD", "0.001")])
    def test_correct_reserve__the_smallest_unit_of_a_currency__is_taken_and_told_exactly(
        self, now: datetime, db: None, currency: str, unit: str
    ) -> None:
        workspace = fill_reserve(make_workspace("elsewhere", currency=currency), "500")
        owner = Actor.of_member(workspace.memberships.get())
        correct_reserve(amount=Decimal(unit), reason="Mistyped", by=owner, at=now)
        assert balances(workspace, at=now).reserve == 500 - Decimal(unit)
        assert Event.objects.get(kind="ledger.corrected").data["amount"] == unit

    def test_correct_reserve__by_a_marketer__is_refused(
        self, reserve: Workspace, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(NotAllowed, match="takes the role manager"):
            correct_reserve(amount=Decimal(1), reason="Mistyped", by=mia, at=now)

    def test_correct_reserve__money_that_a_plan_wanted__ends_the_plan(
        self, workspace: Workspace, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        build_harbour(workspace)
        workspace.refresh_from_db()
        line = {"from": "reserve", "to": "founder-video", "amount": workspace.reserve}
        plan = create_reallocation(lines=[line], by=mia, at=now)
        correct_reserve(amount=Decimal("0.01"), reason="A cent", by=dana, at=now)
        assert Reallocation.objects.get(pk=plan.pk).state == ReallocationState.OUTDATED


class TestPage:
    def test_page__first_sent__asks_once_more_and_moves_nothing(self, client: Client) -> None:
        asked = client.post(url("correct"), {**form_at(client, url("correct")), **MISTYPED})
        page = html.unescape(asked.content.decode())
        assert asked.status_code == 200
        assert "Take <em>$1,200.50</em> back out?" in page
        assert "The reserve holds $3,799.50 after it." in page
        assert corrections() == []
        done = client.post(url("correct"), {**form_in(asked.content.decode()), "sure": "yes"}, follow=True)
        assert done.redirect_chain == [(url("money"), 302)]
        assert "$1,200.50 was taken back out of the reserve." in done.content.decode()
        assert corrections() == [Decimal("1200.50")]

    def test_page__sent_twice__takes_it_once(self, client: Client) -> None:
        data = {**form_at(client, url("correct")), **MISTYPED, "sure": "yes"}
        first, second = (client.post(url("correct"), data, follow=True) for _ in range(2))
        assert first.redirect_chain == second.redirect_chain
        assert corrections() == [Decimal("1200.50")]

    def test_page__the_same_once_more__is_asked_about_and_can_be_meant(self, client: Client) -> None:
        first, second = (
            client.post(url("correct"), {**form_at(client, url("correct")), **MISTYPED, "sure": "yes"})
            for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (302, 409)
        assert corrections() == [Decimal("1200.50")]
        client.post(url("correct"), form_in(second.content.decode()))
        assert corrections() == [Decimal("1200.50")] * 2

    def test_page__change_it__shows_the_form_as_it_was_typed(self, client: Client) -> None:
        data = {**form_at(client, url("correct")), **MISTYPED, "change": "yes"}
        page = client.post(url("correct"), data).content.decode()
        assert 'value="1,200.50"' in page
        assert corrections() == []

    def test_page__more_than_there_is__is_refused_before_it_is_asked_about(self, client: Client) -> None:
        data = {**form_at(client, url("correct")), **MISTYPED, "amount": "5,000.01"}
        answer = client.post(url("correct"), data)
        assert answer.status_code == 422
        assert "The reserve can give at most $5,000.00" in answer.content.decode()

    def test_money_page__nothing_in_the_reserve__offers_nothing_to_take_out(
        self, client: Client, dana: Actor, now: datetime
    ) -> None:
        assert url("correct") in client.get(url("money")).content.decode()
        correct_reserve(amount=Decimal(5000), reason="All of it", by=dana, at=now)
        assert url("correct") not in client.get(url("money")).content.decode()

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("en", "took money back out of the reserve. $0.01. “Typed twice.”"),
            ("de", "hat Geld aus der Reserve zurückgenommen. 0,01 $. „Typed twice.“"),
        ],
    )
    def test_feed__a_correction__is_told_in_words(
        self, client: Client, dana: Actor, now: datetime, language: str, words: str
    ) -> None:
        correct_reserve(amount=Decimal("0.01"), reason="Typed twice", by=dana, at=now)
        dana.person.language = language
        dana.person.save()
        page = html.unescape(client.get(url("activity")).content.decode()).replace("\xa0", " ")
        assert words in page


class TestRest:
    def test_correct__by_a_manager__answers_with_the_row(self, reserve: Workspace, dana: Actor) -> None:
        program = APIClient(headers={"Quickno-Workspace": "harbour"})
        program.force_login(dana.person)
        body = {"amount": "1200.50", "reason": "Typed twice"}
        answers = [
            program.post(f"{LEDGER}correct/", body, headers={"Idempotency-Key": "once"}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        row = answers[0].json()
        assert row == answers[1].json()
        assert (row["kind"], row["from"], row["to"], row["amount"]) == (
            "correction",
            "reserve",
            "outside",
            "1200.50",
        )
        assert corrections() == [Decimal("1200.50")]
        refused = program.post(f"{LEDGER}correct/", {**body, "amount": "3799.51"})
        assert (refused.status_code, refused.json()["code"]) == (409, "overdrawn")
        assert "$3,799.50" in refused.json()["detail"]

    def test_correct__by_a_key_of_a_manager__is_refused(
        self, reserve: Workspace, dana: Actor, now: datetime
    ) -> None:
        _, secret = create_key(name="nightly", scopes=list(Scope), for_user=dana.person, by=dana, at=now)
        program = APIClient(headers={"Authorization": f"Bearer {secret}"})
        answer = program.post(f"{LEDGER}correct/", {"amount": "1.00", "reason": "Mistyped"})
        assert (answer.status_code, answer.json()["code"]) == (403, "person_required")
        assert corrections() == []

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER])
    def test_correct__by_whoever_may_not_fund__is_refused(self, reserve: Workspace, role: Role) -> None:
        program = APIClient(headers={"Quickno-Workspace": "harbour"})
        program.force_login(make_actor(reserve, role, email="low@harbour.example").person)
        answer = program.post(f"{LEDGER}correct/", {"amount": "1.00", "reason": "Mistyped"})
        assert (answer.status_code, answer.json()["code"]) == (403, "missing_role")
