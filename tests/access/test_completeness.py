"""Nothing can be done that the table does not know of."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from django.urls import URLResolver, get_resolver, resolve

from api.views.docs import DocsView, NothingHere, SchemaView
from tests.access.rest import BASE
from tests.access.table import (
    ACTIONS,
    ASKED,
    INNER,
    KEY_SERVICES,
    PAGES,
    PARTS,
    PLAN_SERVICES,
    READS,
    SUMS,
)

APPS = ("workspaces", "experiments", "sprints", "api", "notices")
METHODS = ("get", "post", "put", "patch", "delete")
# Addresses outside any workspace: the door, and what is the same for everybody.
OPEN = {"home", "theme", "healthz", "join", "notices_stop", "workspace_new", "help_picture"}
# What a page or a call may use without saying who asks: it answers, and changes nothing.
ANSWERS = {
    "invalid",
    "listed",
    "quoted",
    # Whoever reads the feed helps to number what has been committed, as the worker does.
    "publish_events",
    "missing_for_launch",
    "doubts_about_rules",
    "silent_rules",
    "read_mapping",
    "suggest_decision",
    "read_plan",
    "answer_once",
    "fingerprint_of",
    # Around a service, which asks: whether its form has been sent before, and where that has led.
    "find_landing",
    "find_twin",
    "fingerprint_of_form",
    "send_once",
    # What something says, to be compared when it is changed.
    "basis_of",
    "drafted",
    "heard_in",
    "planned",
    "policy_of",
    "settings_of",
    "scores_of",
    "stated",
}
# What somebody does to their own account and wishes, or by a link that was made for them.
OWN = {
    # By whom, the table of beginners says.
    "begin_workspace",
    "change_address",
    "choose",
    "find_to_stop",
    "join",
    "join_by_hand",
    "join_by_letter",
    "send_letter",
    "set_name",
    "show_first_steps",
    "stop",
}


def modules_below(name: str) -> Iterator[ModuleType]:
    root = importlib.import_module(name)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{name}."):
        yield importlib.import_module(found.name)


def functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """Its own public functions."""
    for name, found in vars(module).items():
        function = inspect.unwrap(found) if callable(found) else None
        if isinstance(function, FunctionType) and function.__module__ == module.__name__ and name[0] != "_":
            yield function


def asks_who_acts(function: FunctionType) -> bool:
    return "by" in inspect.signature(function).parameters


def test_table__holds_every_service_that_is_told_who_acts() -> None:
    known = {action.service for action in ACTIONS} | INNER | SUMS | set(PARTS)
    known |= set(PLAN_SERVICES.values()) | set(KEY_SERVICES.values())
    services = {
        f"{function.__module__}.{function.__name__}".replace(".services.", ".", 1)
        for app in APPS
        for module in modules_below(f"{app}.services")
        for function in functions_of(module)
        if asks_who_acts(function)
    }
    assert known == services


def test_views__use_no_service_that_is_not_told_who_acts() -> None:
    used = {
        name
        for app in APPS
        for module in modules_below(f"{app}.views")
        for name, found in vars(module).items()
        if inspect.isfunction(inspect.unwrap(found) if callable(found) else None)
        and ".services" in found.__module__
        and not asks_who_acts(inspect.unwrap(found))
    }
    assert used - ANSWERS - OWN == set()


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for found in resolver.url_patterns:
        path = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from patterns(found, path)
        else:
            yield path, found


def verbs(callback: Any) -> set[str]:
    """The methods by which a view of the API can be called."""
    names = getattr(callback, "actions", None) or {name for name in METHODS if hasattr(callback.cls, name)}
    return {name.upper() for name in names if name in METHODS}


def route_of(path: str) -> str:
    """The route that answers a path of the table; a placeholder is a number or, of a campaign, its key."""
    return str(resolve(BASE + re.sub(r"\{\w+\}", "1", path)).route)


def test_table__holds_every_call_of_the_api() -> None:
    plans = [f"POST reallocations/1/{deed}/" for deed in PLAN_SERVICES]
    calls = [*(action.rest for action in ACTIONS if action.rest), *READS, *ASKED, *plans]
    known = {(method, route_of(path)) for method, path in (call.split(" ") for call in calls)}
    said = {
        (method, path)
        for path, pattern in patterns(get_resolver())
        if path.startswith(BASE[1:]) and pattern.callback.cls not in {SchemaView, DocsView, NothingHere}
        for method in verbs(pattern.callback)
    }
    assert known == said


def test_table__holds_every_page() -> None:
    pages = [*PAGES, *(action.page for action in ACTIONS if action.page)]
    known = {page.split(" ")[0] for page in pages} | {f"plan_{deed}" for deed in PLAN_SERVICES}
    known |= {"key_revoke"}
    outside = ("api/", "admin/", "accounts/")
    there = [(path, pattern) for path, pattern in patterns(get_resolver()) if not path.startswith(outside)]
    assert {pattern.name for path, pattern in there if path.startswith("w/<slug:slug>/")} == known
    assert {pattern.name for path, pattern in there if not path.startswith("w/<slug:slug>/")} == OPEN
