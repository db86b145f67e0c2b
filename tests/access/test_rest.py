"""The API is held to the same table, over its real addresses, with sessions and with keys."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.access.columns import (
    DONE,
    KEY_COLUMNS,
    PLAN_KEYS,
    PLAN_PEOPLE,
    PLAN_ROWS,
    Standing,
    code_for_key,
    code_for_person,
)
from tests.access.rest import ask, signed_in, with_key
from tests.access.table import ACTIONS, ASKED, PLAN_SERVICES, PLAN_STATES, READS, Action
from tests.access.world import World
from workspaces.choices import Scope
from workspaces.permissions import Actor

ACTED = [action for action in ACTIONS if action.rest]
ASKING = [*((call, None) for call in READS), *ASKED.items()]
REFUSED = {"missing_role", "missing_scope", "person_required", "not_yours"}
# What they may not they are told with 403; what the state of a plan forbids with 409.
STATUS = {**dict.fromkeys(REFUSED, 403), "own_proposal": 409, "not_found": 404}


def differences(
    client: APIClient, world: World, expected: Callable[[Action], str]
) -> dict[str, tuple[str, int, str]]:
    """Where REST does not answer as the table says: what was expected, the status and the code."""
    wrong = {}
    for action in ACTED:
        code = expected(action)
        status, said = ask(client, action.rest, world, action.body)
        is_right = (status, said) == (403, code) if code != DONE else status in {200, 201, 204}
        if not is_right:
            wrong[action.rest] = (code, status, said)
    return wrong


def test_rest__person__may_what_the_table_says(world: World) -> None:
    for role, person in world.people.items():
        client = signed_in(person)
        assert differences(client, world, partial(code_for_person, role=role)) == {}, role
        for call, body in ASKING:
            assert ask(client, call, world, body) == (200, ""), (role, call)


@pytest.mark.parametrize("scope", Scope)
def test_rest__key__may_what_its_scope_and_its_person_may(world: World, scope: Scope) -> None:
    for key in (key for key in KEY_COLUMNS if key.scope == scope):
        client = with_key(world, world.people[key.role], scope, maker=world.people[key.maker])
        assert differences(client, world, partial(code_for_key, key=key)) == {}, key
        reading = (200, "") if scope == Scope.READ else (403, "missing_scope")
        for call, body in ASKING:
            assert ask(client, call, world, body) == reading, (key, call)


def test_rest__owner_of_another_workspace__finds_nothing_of_this_one(world: World) -> None:
    client = signed_in(world.stranger)
    for call, body in [*((action.rest, action.body) for action in ACTED), *ASKING]:
        status, code = ask(client, call, world, body)
        if "{" in call:
            assert (status, code) == (404, "not_found"), call
        else:
            # What only its body names is not there either.
            assert status != 403, call
            assert "{live}" not in str(body) or status == 422, call
    for path in ("sprints/", "hypotheses/", "campaigns/", "zombies/", "reallocations/", "ledger/"):
        assert client.get(f"/api/v1/{path}").json()["results"] == [], path
    client.credentials(HTTP_QUICKNO_WORKSPACE=world.workspace.slug)
    for call, body in [*((action.rest, action.body) for action in ACTED), *ASKING]:
        assert ask(client, call, world, body) == (404, "not_found"), call


def test_rest__nobody_signed_in__is_asked_who_it_is(world: World) -> None:
    for call, body in [*((action.rest, action.body) for action in ACTED), *ASKING]:
        assert ask(APIClient(), call, world, body)[0] == 401, call


@pytest.mark.parametrize("deed", PLAN_SERVICES)
def test_rest__plan__by_whose_it_is_as_the_table_says(world: World, deed: str) -> None:
    columns = [(head, world.people[role], signed_in(world.people[role])) for head, role in PLAN_PEOPLE]
    for head, role in PLAN_KEYS:
        person = world.people[role]
        columns.append((head, person, with_key(world, person, *Scope, maker=world.director)))
    for row in (row for row in PLAN_ROWS if row.deed == deed):
        for head, person, client in columns:
            code = row.codes[head]
            heard = heard_of_plan(row, person, client, world)
            if code == DONE:
                assert heard in {(200, ""), (201, "")}, (row, head, heard)
            else:
                assert heard == (STATUS[code], code), (row, head)
        stranger = signed_in(world.stranger)
        assert heard_of_plan(row, world.colleague, stranger, world) == (404, "not_found"), row


def heard_of_plan(row: Standing, person: Actor, client: APIClient, world: World) -> tuple[int, str]:
    plan = world.plan_of(row.whose, person, state=PLAN_STATES.get(row.deed, "proposed"))
    bodies: dict[str, dict[str, Any]] = {
        "approve": {"plan_digest": plan.plan_digest},
        "reject": {"reason": "Not now."},
        "replace": {"lines": [1]},
    }
    return ask(client, f"POST reallocations/{plan.pk}/{row.deed}/", world, bodies.get(row.deed))
