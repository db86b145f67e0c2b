"""What was typed is not lost because the session was: it is there again after signing in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign, Hypothesis
from sprints.models import Transfer
from tests.pages.conftest import Browse, Week
from tests.pages.forms import form_at, form_in
from workspaces.choices import Role
from workspaces.models import User, Workspace
from workspaces.permissions import Actor
from workspaces.views import kept

PASSWORD = "a long password that nobody guesses"
NOT_SAVED = "Not saved yet."
HERE = "http://testserver"


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


@pytest.fixture
def sign_in(team: dict[Role, Actor]) -> Any:
    """Sign in on the page, where one was led to, and go on to where that leads."""
    for actor in team.values():
        assert actor.user is not None
        actor.user.set_password(PASSWORD)
        actor.user.save()

    def signed_in(client: Client, role: Role, led_to: Any) -> Any:
        assert led_to.status_code == 302
        assert led_to["Location"].startswith(reverse("account_login"))
        user = team[role].user
        assert user is not None
        return client.post(led_to["Location"], {"login": user.email, "password": PASSWORD}, follow=True)

    return signed_in


def expire(client: Client) -> None:
    """The session is over, and the browser has its cookie still."""
    client.session.flush()


def test_funding__session_over__comes_back_filled_and_is_not_booked(
    browse: Browse, workspace: Workspace, sign_in: Any
) -> None:
    dana = browse(Role.MANAGER)
    data = {**form_at(dana, url("fund")), "amount": "1500", "reason": "For November"}
    expire(dana)
    back = sign_in(dana, Role.MANAGER, dana.post(url("fund"), data))
    assert back.redirect_chain[-1][0] == url("fund")
    page = back.content.decode()
    assert NOT_SAVED in page
    form = form_in(page)
    assert (form["amount"], form["reason"]) == (["1500"], ["For November"])
    assert not Transfer.objects.exists()
    dana.post(url("fund"), form)
    assert Transfer.objects.count() == 1


def test_review__session_over_while_deciding__keeps_the_learning(
    browse: Browse, week: Week, sign_in: Any
) -> None:
    mia = browse(Role.MARKETER)
    decide = url("decide", 1, week.paused.hypothesis_id)
    data = {
        **form_at(mia, url("sprint_review", 1), action=decide),
        "decision": "kill",
        "moved_the_business": "no",
        "learning": "Two lines that took me an hour.\nReally.",
    }
    expire(mia)
    page = sign_in(mia, Role.MARKETER, mia.post(decide, data)).content.decode()
    assert NOT_SAVED in page
    form = form_in(page)
    assert form["learning"] == ["Two lines that took me an hour.\nReally."]
    assert form["decision"] == ["kill"]
    assert form["moved_the_business"] == ["no"]


def test_hypothesis__half_written__comes_back_without_complaints(
    browse: Browse, workspace: Workspace, sign_in: Any
) -> None:
    mia = browse(Role.MARKETER)
    address = url("hypothesis_new")
    sent = {"title": "Half a claim", "guardrail_metrics": ["ctr", "roas"], "price_of_exposure": "9.50"}
    data = {**form_at(mia, address), **sent, "size": "yes"}
    expire(mia)
    page = sign_in(mia, Role.MARKETER, mia.post(address, data)).content.decode()
    form = form_in(page)
    assert form["title"] == ["Half a claim"]
    assert form["guardrail_metrics"] == ["ctr", "roas"]
    assert form["price_of_exposure"] == ["9.50"]
    assert "qn-errors" not in page
    assert not Hypothesis.objects.exists()


def test_campaign__fill_it_in_with_a_session_that_is_over__keeps_what_was_typed(
    browse: Browse, week: Week, sign_in: Any
) -> None:
    mia = browse(Role.MARKETER)
    address = url("campaign_new")
    typed = {"name": "Half a campaign", "arm-0-name": "Studio", "criterion-0-threshold": "0.5%"}
    data = {**form_at(mia, address), **typed, "use": "yes", "template": "usual:ctr_floor"}
    expire(mia)
    page = sign_in(mia, Role.MARKETER, mia.post(address, data)).content.decode()
    assert NOT_SAVED in page
    form = form_in(page)
    assert {name: form[name][0] for name in typed} == typed
    assert "qn-errors" not in page
    assert not Campaign.objects.filter(name="Half a campaign").exists()


def test_edit__session_over_and_changed_meanwhile__is_told_on_saving(
    browse: Browse, week: Week, sign_in: Any
) -> None:
    mia, dana = browse(Role.MARKETER), browse(Role.MANAGER)
    address = url("hypothesis_edit", week.backlog.pk)
    data = {**form_at(mia, address), "title": "B"}
    dana.post(address, {**form_at(dana, address), "title": "A"})
    expire(mia)
    form = form_in(sign_in(mia, Role.MARKETER, mia.post(address, data)).content.decode())
    assert mia.post(address, form).status_code == 409


def test_somebody_else__signs_in_there__does_not_see_it(
    browse: Browse, workspace: Workspace, sign_in: Any
) -> None:
    dana = browse(Role.MANAGER)
    data = {**form_at(dana, url("fund")), "amount": "1500", "reason": "Between us"}
    expire(dana)
    led_to = dana.post(url("fund"), data)
    assert "Between us" not in sign_in(dana, Role.OWNER, led_to).content.decode()
    # Nor is it there when its writer comes back later.
    assert "Between us" not in dana.get(url("fund")).content.decode()


def test_kept__other_page_second_look_or_an_hour_later__is_not_there(
    browse: Browse, workspace: Workspace, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = browse(Role.MANAGER)
    data = {**form_at(dana, url("fund")), "amount": "1500", "reason": "Once"}

    def come_back() -> str:
        expire(dana)
        page: str = sign_in(dana, Role.MANAGER, dana.post(url("fund"), data)).content.decode()
        return page

    assert "Once" in come_back()
    assert "Once" not in dana.get(url("fund")).content.decode()
    monkeypatch.setattr(kept, "KEPT_FOR", timedelta(0))
    assert "Once" not in come_back()


def test_kept__secrets_and_what_is_too_long__are_not(
    browse: Browse, workspace: Workspace, sign_in: Any
) -> None:
    dana = browse(Role.MANAGER)
    address = url("settings_channels")
    secret = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    data = {**form_at(dana, address), "name": "#ads", "url": secret, "password": "hush"}
    expire(dana)
    led_to = dana.post(address, data)
    assert "#ads" in str(dict(dana.session))
    assert secret not in str(dict(dana.session))
    assert "hush" not in str(dict(dana.session))
    assert form_in(sign_in(dana, Role.MANAGER, led_to).content.decode())["name"] == ["#ads"]

    data = {**form_at(dana, url("fund")), "reason": "x" * kept.MOST_BYTES}
    expire(dana)
    page = sign_in(dana, Role.MANAGER, dana.post(url("fund"), data)).content.decode()
    assert "too long to be kept" in page
    assert len(str(dict(dana.session))) < 2000


def test_kept__of_many_pages__are_the_last_three(browse: Browse, workspace: Workspace) -> None:
    olga = browse(Role.OWNER)
    addresses = [url("fund"), url("hypothesis_new"), url("sprint_new"), url("source_new")]
    opened = [form_at(olga, address) for address in addresses]
    expire(olga)
    for address, form in zip(addresses, opened, strict=True):
        olga.post(address, form)
    assert list(olga.session["kept_posts"]) == addresses[1:]


def test_stranger__posts_without_a_form_of_ours__leaves_nothing(workspace: Workspace) -> None:
    stranger = Client()
    for once in ("", "1.made-up", "1.made-up:signature"):
        stranger.post(url("fund"), {"reason": "x", "once": once})
    assert "kept_posts" not in stranger.session


def test_button__session_over__is_back_on_its_page_with_a_sentence(
    browse: Browse, week: Week, sign_in: Any
) -> None:
    mia = browse(Role.MARKETER)
    action = url("zombie_acknowledge", week.zombie.pk)
    data = form_at(mia, url("zombies"), action=action)
    expire(mia)
    led_to = mia.post(action, data, headers={"referer": f"{HERE}{url('zombies')}?x=1"})
    back = sign_in(mia, Role.MARKETER, led_to)
    assert back.status_code == 200
    assert back.redirect_chain[-1][0] == f"{url('zombies')}?x=1"
    assert "nothing was done. Press the button again" in back.content.decode()
    week.zombie.refresh_from_db()
    assert week.zombie.state == "open"


@pytest.mark.parametrize("referer", ["", "https://elsewhere.example/w/harbour/zombies/", "http://[", "own"])
def test_button__page_unknown_foreign_or_none_to_open__leads_to_today(
    browse: Browse, week: Week, sign_in: Any, referer: str
) -> None:
    mia = browse(Role.MARKETER)
    action = url("zombie_acknowledge", week.zombie.pk)
    data = form_at(mia, url("zombies"), action=action)
    expire(mia)
    said = f"{HERE}{action}" if referer == "own" else referer
    back = sign_in(mia, Role.MARKETER, mia.post(action, data, headers={"referer": said}))
    assert (back.status_code, back.redirect_chain[-1][0]) == (200, url("today"))
    assert "Press the button again" in back.content.decode()


def test_preview_while_typing__session_over__puts_no_page_into_the_form(browse: Browse, week: Week) -> None:
    mia = browse(Role.MARKETER)
    data = {**form_at(mia, url("campaign_new")), "preview": "rules"}
    expire(mia)
    answer = mia.post(url("campaign_new"), data, headers={"hx-request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")


class TestOldPage:
    """A page older than its reader's last sign-in has a token against forgery that no longer holds."""

    @pytest.fixture
    def strict(self, team: dict[Role, Actor], workspace: Workspace) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.user(team), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    def user(self, team: dict[Role, Actor]) -> User:
        user = team[Role.MANAGER].user
        assert user is not None
        return user

    def opened(self, client: Client, team: dict[Role, Actor]) -> dict[str, Any]:
        data = {**form_at(client, url("fund")), "amount": "1500", "reason": "Typed before"}
        # Signing in elsewhere in this browser renews the token.
        client.force_login(self.user(team), backend="allauth.account.auth_backends.AuthenticationBackend")
        client.cookies.pop("csrftoken")
        client.get(url("fund"))
        return data

    @pytest.mark.parametrize("header", ["origin", "referer"])
    def test_old_page__sent_from_here__comes_back_filled_and_does_nothing(
        self, strict: Client, team: dict[Role, Actor], header: str
    ) -> None:
        data = self.opened(strict, team)
        said = HERE if header == "origin" else f"{HERE}{url('fund')}"
        answer = strict.post(url("fund"), data, headers={header: said}, follow=True)
        assert answer.redirect_chain == [(url("fund"), 302)]
        page = answer.content.decode()
        assert NOT_SAVED in page
        form = form_in(page)
        assert form["reason"] == ["Typed before"]
        assert not Transfer.objects.exists()
        assert strict.post(url("fund"), form, headers={"origin": HERE}).status_code == 302
        assert Transfer.objects.count() == 1

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://testserver.evil.example"},
            {"referer": "https://evil.example/testserver"},
        ],
    )
    def test_old_page__sent_from_elsewhere__is_refused_and_keeps_nothing(
        self, strict: Client, team: dict[Role, Actor], headers: dict[str, str]
    ) -> None:
        data = self.opened(strict, team)
        answer = strict.post(url("fund"), data, headers=headers)
        assert answer.status_code == 403
        assert "kept_posts" not in strict.session

    def test_old_page__of_another_person__is_refused_and_keeps_nothing(
        self, strict: Client, team: dict[Role, Actor], browse: Browse
    ) -> None:
        data = {**form_at(browse(Role.OWNER), url("fund")), "amount": "1", "reason": "Not mine"}
        strict.get(url("fund"))
        assert strict.post(url("fund"), data, headers={"origin": HERE}).status_code == 403
        assert "kept_posts" not in strict.session


def test_sign_out__pages_seen_before__are_forgotten_by_the_browser(browse: Browse) -> None:
    """It keeps whole pages for whoever goes back, and would show them to the next at the same machine."""
    dana = browse(Role.MANAGER)
    left = dana.post(reverse("account_logout"))
    assert left["Clear-Site-Data"] == '"cache"'
    assert dana.get(url("money"))["Location"].startswith(reverse("account_login"))
