"""Who may do what: the one table that services, REST and pages are held to.

Written by hand, from the text and not from the code. In ``args``, ``body``, addresses and forms, ``{name}``
stands for a thing of ``world.py``.
"""

from dataclasses import replace

from tests.access.table.managers import BY_MANAGERS, BY_OWNERS, KEPT_BY_MANAGERS
from tests.access.table.marketers import METRICS, PLAN, PROPOSE
from tests.access.table.reading import ASKED, PAGES, READS, SUMS
from tests.access.table.services import BY_QUICKNO, INNER, PARTS
from tests.access.table.shapes import Action
from tests.access.table.whose import BEGINNERS, KEY_SERVICES, KEYS, PLAN_SERVICES, PLAN_STATES, PLANS
from workspaces.choices import Role, Scope


def _takes(role: Role, scope: Scope | None, actions: list[Action]) -> list[Action]:
    return [replace(action, role=role, scope=scope) for action in actions]


# The role that an action takes, and the scope by which a key may do it; ``None``: no key ever.
ACTIONS = [
    *_takes(Role.MARKETER, Scope.PLAN_WRITE, PLAN),
    *_takes(Role.MARKETER, Scope.METRICS_WRITE, METRICS),
    *_takes(Role.MARKETER, Scope.BUDGET_PROPOSE, PROPOSE),
    *_takes(Role.MANAGER, Scope.PLAN_WRITE, KEPT_BY_MANAGERS),
    *_takes(Role.MANAGER, None, BY_MANAGERS),
    *_takes(Role.OWNER, None, BY_OWNERS),
]

__all__ = [
    "ACTIONS",
    "ASKED",
    "BEGINNERS",
    "BY_QUICKNO",
    "INNER",
    "KEYS",
    "KEY_SERVICES",
    "PAGES",
    "PARTS",
    "PLANS",
    "PLAN_SERVICES",
    "PLAN_STATES",
    "READS",
    "SUMS",
    "Action",
]
