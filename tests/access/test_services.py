"""Every service asks who acts, and answers as the table says."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from api.models import ApiKey
from tests.access.columns import (
    DONE,
    KEY_COLUMNS,
    KEY_ROWS,
    PLAN_KEYS,
    PLAN_PEOPLE,
    PLAN_ROWS,
    Standing,
    code_for_key,
    code_for_person,
)
from tests.access.conftest import undone
from tests.access.table import (
    ACTIONS,
    BY_QUICKNO,
    KEY_SERVICES,
    PARTS,
    PLAN_SERVICES,
    PLAN_STATES,
    SUMS,
    Action,
)
from tests.access.world import World
from workspaces.choices import Role, Scope
from workspaces.exceptions import DomainError
from workspaces.permissions import Actor

# What belongs to another workspace is not there; what only names it in its values is told so by name.
NOT_THERE = {"not_found", "unknown_campaign", "not_a_member", "invalid_lines"}
# A preview says by row what cannot be, and refuses nothing.
ANSWERED_IN_WORDS = {"experiments.observations.recording.preview_observations"}


def service(name: str) -> Callable[..., Any]:
    """``app.module.function``, as the table spells it."""
    app, _, rest = name.partition(".")
    module, _, function = rest.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"{app}.services.{module}"), function)
    return found


def heard(name: str, by: Actor, world: World, /, **args: Any) -> str:
    """The code of the refusal; ``done`` where there is none. Nothing stays."""
    with undone():
        try:
            service(name)(**args, by=by, at=world.at)
        except DomainError as error:
            return error.code
    return DONE


def differences(world: World, by: Actor, expected: Callable[[Action], str]) -> dict[str, tuple[str, str]]:
    """Where the services do not do as the table says: what was expected, and what was heard."""
    found = {
        f"{action.service}({', '.join(action.args)})": (
            expected(action),
            heard(action.service, by, world, **world.filled(dict(action.args))),
        )
        for action in ACTIONS
    }
    return {name: codes for name, codes in found.items() if codes[0] != codes[1]}


def test_services__person__may_what_the_table_says(world: World) -> None:
    for role in Role:
        wrong = differences(world, world.people[role], partial(code_for_person, role=role))
        assert wrong == {}, role


def test_services__quickno_itself__plans_and_decides_nothing(world: World) -> None:
    def expected(action: Action) -> str:
        if action.args.get("resolution") == "killed":
            return DONE
        return BY_QUICKNO.get(action.service, DONE if action.scope == Scope.PLAN_WRITE else "missing_role")

    assert differences(world, Actor.quickno(world.workspace), expected) == {}


@pytest.mark.parametrize("scope", Scope)
def test_services__key__may_what_its_scope_and_its_person_may(world: World, scope: Scope) -> None:
    for key in KEY_COLUMNS:
        if key.scope == scope:
            by = world.key_of(world.people[key.role], scope, maker=world.people[key.maker])
            assert differences(world, by, partial(code_for_key, key=key)) == {}, key


def test_services__owner_of_another_workspace__finds_nothing_of_this_one(world: World) -> None:
    here = {name for name in world.things if name not in {"today", "in_four_days"}}
    for action in ACTIONS:
        args = world.filled(dict(action.args))
        is_about_here = any(f"{{{name}}}" in str(action.args) for name in here)
        if action.service in ANSWERED_IN_WORDS:
            continue
        code = heard(action.service, world.stranger, world, **args)
        if is_about_here:
            assert code in NOT_THERE, (action.service, code)
        else:
            assert code not in {"missing_role", "missing_scope"}, (action.service, code)


@pytest.mark.parametrize("deed", PLAN_SERVICES)
def test_plans__by_whose_they_are__as_the_table_says(world: World, deed: str) -> None:
    columns = [(head, world.people[role]) for head, role in PLAN_PEOPLE]
    for head, role in PLAN_KEYS:
        columns.append((head, world.key_of(world.people[role], *Scope, maker=world.director)))
    for row in (row for row in PLAN_ROWS if row.deed == deed):
        told = {head: heard_of_plan(row, by, world) for head, by in columns}
        assert told == row.codes, row
        assert heard_of_plan(row, world.stranger, world) == "not_found", row


def heard_of_plan(row: Standing, by: Actor, world: World) -> str:
    """What they hear who try it on the plan that the row is about."""
    person = (
        world.colleague if by is world.stranger else replace(by, scopes=None, key_name="", key_maker=None)
    )
    with undone():
        plan = world.plan_of(row.whose, person, state=PLAN_STATES.get(row.deed, "proposed"))
        besides: dict[str, dict[str, Any]] = {
            "approve": {"plan_digest": plan.plan_digest},
            "reject": {"reason": "Not now."},
            "replace": {"rows": [1]},
        }
        given = {"reallocation_id": plan.pk, **besides.get(row.deed, {})}
        return heard(PLAN_SERVICES[row.deed], by, world, **given)


def test_keys__by_whose_they_are__as_the_table_says(world: World) -> None:
    for row in KEY_ROWS:
        told = {role.value: heard_of_key(row, by, world) for role, by in world.people.items()}
        assert told == row.codes, row
    assert heard_of_key(Standing("revoke", "other", {}), world.stranger, world) == "not_found"


def heard_of_key(row: Standing, by: Actor, world: World) -> str:
    person = by if row.whose == "own" else world.colleague
    with undone():
        world.secret_of(person, Scope.READ, maker=world.people[Role.OWNER])
        args: dict[str, dict[str, Any]] = {
            "create": {"name": "connector", "scopes": [Scope.READ], "for_user": person.user},
            "revoke": {"key_id": ApiKey.objects.latest("pk").pk},
        }
        return heard(KEY_SERVICES[row.deed], by, world, **args[row.deed])


def test_parts__asked_by_a_viewer__ask_for_the_permission_themselves(world: World) -> None:
    for name, args in PARTS.items():
        assert heard(name, world.people[Role.VIEWER], world, **world.filled(args)) == "missing_role", name


def test_sums__anybody_who_reads__may_ask_for_them(world: World) -> None:
    for name in SUMS:
        for by in (*world.people.values(), world.key_of(world.colleague, Scope.READ, maker=world.director)):
            assert heard_of_sum(name, by, world) != "missing_role", (name, by)
        writer = world.key_of(world.colleague, Scope.PLAN_WRITE, maker=world.director)
        assert heard_of_sum(name, writer, world) == "missing_scope", name


def heard_of_sum(name: str, by: Actor, world: World) -> str:
    try:
        service(name)(values={}, by=by)
    except DomainError as error:
        return error.code
    return DONE
