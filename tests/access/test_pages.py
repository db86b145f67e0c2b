"""The pages are held to the same table: who sees a button, and who may press it."""

import html
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import resolve, reverse

from api.models import ApiKey
from tests.access.columns import DONE, KEY_ROWS, PLAN_PEOPLE, PLAN_ROWS, Standing
from tests.access.conftest import undone
from tests.access.table import ACTIONS, PAGES, PLAN_STATES, Action
from tests.access.world import ELSEWHERE, SLUG, World
from workspaces.choices import Role, Scope
from workspaces.permissions import Actor

ACTED = [action for action in ACTIONS if action.page]
SHOWN = [action for action in ACTIONS if action.shown_on]
# A form may want more than this table knows of; what counts is that it was not refused to this person.
TAKEN = {200, 302, 409, 422}


def browser(by: Actor) -> Client:
    client = Client()
    client.force_login(by.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def address(page: str, world: World, *, slug: str = SLUG) -> str:
    name, *about = str(world.filled(page)).split(" ")
    return reverse(name, args=[slug, *about])


def is_shown(action: Action, client: Client, world: World) -> bool:
    """Whether its button stands on its page: as a link, a form, or by what the table says."""
    text = html.unescape(client.get(address(action.shown_on, world)).content.decode())
    if action.shown_as:
        return action.shown_as in text
    url = address(action.page, world)
    return f'"{url}"' in text or f'"{url}?' in text


def press(action: Action, client: Client, world: World) -> tuple[int, str]:
    with undone():
        answer = client.post(address(action.page, world), world.filled(dict(action.form)))
    return answer.status_code, html.unescape(answer.content.decode())


@pytest.mark.parametrize("role", Role)
def test_pages__member__shows_the_buttons_of_the_role_and_refuses_the_others(
    world: World, role: Role
) -> None:
    client = browser(world.people[role])
    for page in PAGES:
        assert client.get(address(page, world)).status_code == 200, page
    for action in SHOWN:
        assert is_shown(action, client, world) == role.includes(action.role), (action.service, action.page)
    for action in ACTED:
        status, text = press(action, client, world)
        opened = client.get(address(action.page, world))
        if role.includes(action.role):
            assert status in TAKEN, (action.page, status)
            assert opened.status_code in {200, 405}, action.page
        else:
            assert status == 403, (action.page, status)
            assert f"takes the role {action.role.label} or higher; you are a {role.label}" in text, (
                action.page
            )
            # What can only be posted, and what everybody may read, has nothing to refuse to a reader.
            assert opened.status_code == 403 or is_open_to_readers(action, opened.status_code), action.page


def is_open_to_readers(action: Action, status: int) -> bool:
    return status == 405 or (status == 200 and action.page in PAGES)


def _addresses(world: World, slug: str = SLUG) -> Iterator[str]:
    for page in (*PAGES, *(action.page for action in ACTED)):
        yield address(page, world, slug=slug)


def test_pages__owner_of_another_workspace__finds_nothing_of_this_one(world: World) -> None:
    client = browser(world.stranger)
    for url in _addresses(world):
        assert (client.get(url).status_code, client.post(url).status_code) == (404, 404), url
    for action in ACTED:
        if "{" in action.page:
            # In their own workspace they may do everything, but not with what is here.
            url = address(action.page, world, slug=ELSEWHERE)
            assert client.get(url).status_code in {404, 405}, action.page
            assert client.post(url, world.filled(dict(action.form))).status_code == 404, action.page
    for page in PAGES:
        if "{" in page:
            assert client.get(address(page, world, slug=ELSEWHERE)).status_code == 404, page


def test_pages__nobody_signed_in__is_sent_to_the_door_and_back(world: World) -> None:
    client, start = Client(), f"/w/{SLUG}/"
    for url in _addresses(world):
        for method, answer in (("GET", client.get(url)), ("POST", client.post(url))):
            assert answer.status_code == 302, url
            back_to = parse_qs(urlsplit(answer["Location"]).query)["next"]
            # What only a button leads to is no page to come back to.
            view: Any = resolve(url).func
            has_page = hasattr(view.view_class, "get")
            assert back_to == [url if has_page or method == "GET" else start], url


def test_key_page__by_whose_it_is__offers_and_takes_what_the_table_says(world: World) -> None:
    for row in KEY_ROWS:
        for role, person in world.people.items():
            of_whom = person if row.whose == "own" else world.colleague
            world.secret_of(of_whom, Scope.READ, maker=world.people[Role.OWNER])
            url = address(f"key_revoke {ApiKey.objects.latest('pk').pk}", world)
            client, is_theirs = browser(person), row.codes[role.value] == DONE
            text = html.unescape(client.get(address("settings_keys", world)).content.decode())
            choice = f'<option value="{of_whom.person.pk}"'
            assert ((choice if row.deed == "create" else f'"{url}"') in text) == is_theirs, (row, role)
            with undone():
                if row.deed == "create":
                    given = {"name": "connector", "scopes": ["read"], "for_user": of_whom.person.pk}
                    status = client.post(address("settings_keys", world), given).status_code
                    # Somebody else is no choice of the form that only an owner has.
                    assert status == (200 if is_theirs else 403 if role == Role.VIEWER else 422), (row, role)
                else:
                    assert client.get(url).status_code == (200 if is_theirs else 403), (row, role)
                    assert client.post(url).status_code == (302 if is_theirs else 403), (row, role)


@pytest.mark.parametrize("whose", ["own", "other", "made", "given"])
def test_plan_page__by_whose_it_is__offers_and_takes_what_the_table_says(world: World, whose: str) -> None:
    for row in (row for row in PLAN_ROWS if row.whose == whose):
        for head, role in PLAN_PEOPLE:
            check_plan(row, row.codes[head], world.people[role], world)


def check_plan(row: Standing, code: str, person: Actor, world: World) -> None:
    plan = world.plan_of(row.whose, person, state=PLAN_STATES.get(row.deed, "proposed"))
    client, what = browser(person), (row, person.role)
    url = address(f"plan_{row.deed} {plan.pk}", world)
    page = html.unescape(client.get(address(f"plan {plan.pk}", world)).content.decode())
    assert (f'"{url}"' in page) == (code == DONE), what
    with undone():
        sent = {"plan_digest": plan.plan_digest, "reason": "Not now.", "lines": "1"}
        answer = client.post(url, sent, follow=True)
        plan.refresh_from_db()
        was_done = plan.state != PLAN_STATES.get(row.deed, "proposed") or plan.undone_by.exists()
    assert was_done == (code == DONE), what
    assert (answer.status_code == 403) == (code in {"missing_role", "not_yours"}), what
    opened = client.get(url).status_code
    assert opened in ({200, 405} if code in {DONE, "own_proposal"} else {403, 405}), what
