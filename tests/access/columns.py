"""The columns of the table: who tries, and what the table says that they hear."""

import re
from dataclasses import dataclass

from tests.access.table import KEYS, PLANS, Action
from workspaces.choices import Role, Scope

DONE = "done"


@dataclass(frozen=True, slots=True)
class Key:
    """A key with one scope that acts for somebody of that role, made by somebody of another."""

    scope: Scope
    role: Role
    maker: Role

    def __str__(self) -> str:
        return f"key of a {self.role.value} with {self.scope.value}, made by a {self.maker.value}"


# Every scope for every role. Who made a key gives it nothing and takes nothing from it.
KEY_COLUMNS = [
    Key(scope, role, [maker for maker in Role if maker != role][shift % 3])
    for shift, scope in enumerate(Scope)
    for role in Role
]


def code_for_person(action: Action, role: Role) -> str:
    return DONE if role.includes(action.role) else "missing_role"


def code_for_key(action: Action, key: Key) -> str:
    """A key does what its scope *and* its person's role allow."""
    if action.scope is None:
        return "person_required"
    return code_for_person(action, key.role) if key.scope == action.scope else "missing_scope"


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of ``PLANS`` or ``KEYS``: what each column hears of that deed on what is whose."""

    deed: str
    whose: str
    codes: dict[str, str]

    def __str__(self) -> str:
        return f"{self.deed} {self.whose}"


def _read(text: str) -> list[Standing]:
    """Two spaces part the columns, because a heading may have one in it."""
    (_, _, *heads), *rows = [re.split(r" {2,}", line.strip()) for line in text.strip().splitlines()]
    return [Standing(deed, whose, dict(zip(heads, codes, strict=True))) for deed, whose, *codes in rows]


PLAN_ROWS = _read(PLANS)
KEY_ROWS = _read(KEYS)
# The columns of ``PLANS`` that are people, and those that are keys with every scope.
PLAN_PEOPLE = [(role.value, role) for role in Role]
PLAN_KEYS = [("key of marketer", Role.MARKETER), ("key of manager", Role.MANAGER)]
