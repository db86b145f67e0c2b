"""A part of a page that is kept shows what it names and no more, also where no test draws it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Node, NodeList, Template
from django.template.base import FilterExpression, TokenType, Variable
from django.template.defaulttags import ForNode, WithNode
from django.template.loader import get_template
from django.template.loader_tags import IncludeNode
from django.templatetags.i18n import BlockTranslateNode

from workspaces.templatetags.drawn import DrawnNode

TEMPLATES: Path = settings.BASE_DIR / "templates"
ALWAYS_THERE = {"workspace", "forloop", "True", "False", "None"}
# What a partial may be given, and does without.
OPTIONAL = {"css", "folds", "look"}


def compiled(name: str) -> Template:
    template: Template = get_template(name).template  # type: ignore[attr-defined]
    return template


def parts_of(template: Template) -> list[DrawnNode]:
    return [node for node in template.nodelist.get_nodes_by_type(DrawnNode) if isinstance(node, DrawnNode)]


def looked_up(thing: object, *, deep: int = 8) -> Iterator[str]:
    """The names that a compiled expression, or whatever holds some, looks up in the context."""
    if isinstance(thing, Variable):
        yield from (thing.lookups or ())[:1]
    elif isinstance(thing, FilterExpression):
        yield from looked_up(thing.var)
        for _name, arguments in thing.filters:
            yield from looked_up([value for is_variable, value in arguments if is_variable])
    elif isinstance(thing, dict):
        yield from looked_up(list(thing.values()), deep=deep)
    elif isinstance(thing, list | tuple) and not isinstance(thing, NodeList):
        for one in thing:
            yield from looked_up(one, deep=deep)
    elif hasattr(thing, "__dict__") and deep and not isinstance(thing, Node | NodeList | type):
        yield from looked_up(vars(thing), deep=deep - 1)


def set_by(node: Node) -> set[str]:
    """The names that it sets for what comes after it, itself or by what it holds."""
    own = (getattr(node, name, None) for name in ("target_var", "asvar", "variable"))
    inside = (set_by(one) for nodes in held(node) for one in nodes)
    return {name for name in own if isinstance(name, str)}.union(*inside)


def held(node: Node) -> list[NodeList]:
    branches = [nodes for _condition, nodes in getattr(node, "conditions_nodelists", [])]
    return branches + [value for value in vars(node).values() if isinstance(value, NodeList)]


def bound_in(node: Node) -> set[str]:
    """The names that what it holds has besides."""
    if isinstance(node, ForNode):
        return set(node.loopvars)
    if isinstance(node, WithNode | BlockTranslateNode):
        return {*node.extra_context, getattr(node, "countervar", None) or "forloop"}
    return set()


def spoken(node: Node) -> set[str]:
    """The names in the sentences of ``blocktranslate``, which Django keeps as they were written."""
    if not isinstance(node, BlockTranslateNode):
        return set()
    tokens = [*node.singular, *(node.plural or [])]
    names = (token.contents for token in tokens if token.token_type == TokenType.VAR)
    return {name.split("|")[0].split(".")[0] for name in names}


def unnamed(nodes: Sequence[Node], named: set[str], *, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """What these nodes look up beyond the names that are there."""
    named = set(named)
    for node in nodes:
        inner = named | bound_in(node)
        own = {key: value for key, value in vars(node).items() if key not in {"origin", "token"}}
        yield from set(looked_up(own)) - named
        yield from spoken(node) - inner
        if isinstance(node, IncludeNode):
            included = node.template.var
            assert isinstance(included, str)
            if included not in inside:
                given = set(node.extra_context) | (ALWAYS_THERE if node.isolated_context else named)
                yield from unnamed(compiled(included).nodelist, given, inside=(*inside, included))
        # A part inside a part has names of its own.
        elif not isinstance(node, DrawnNode):
            for nodes_inside in held(node):
                yield from unnamed(nodes_inside, inner, inside=inside)
        named |= set_by(node)


def forgotten_by(part: DrawnNode) -> set[str]:
    return set(unnamed(part.nodelist, ALWAYS_THERE | set(part.given)))


@pytest.mark.parametrize(
    "name",
    [
        str(path.relative_to(TEMPLATES))
        for path in sorted(TEMPLATES.rglob("*.html"))
        if "{% drawn_from" in path.read_text()
    ],
)
def test_drawn_from__everything_inside__is_named(name: str) -> None:
    parts = parts_of(compiled(name))
    assert parts
    assert [forgotten_by(part) - OPTIONAL for part in parts] == [set()] * len(parts)


@pytest.mark.parametrize(
    ("inside", "forgotten"),
    [
        ("{{ row.name }}{{ today|default:limit }}", {"today", "limit"}),
        ("{% for one in row.days %}{{ one }}{{ forloop.counter }}{% endfor %}{{ one }}", {"one"}),
        ("{% if row.is_over and may_plan %}x{% elif other %}y{% endif %}", {"may_plan", "other"}),
        ("{% blocktranslate with day=row.day %}{{ day }} of {{ name }}{% endblocktranslate %}", {"name"}),
        ("{% money cost as said %}{% blocktranslate %}{{ said }}{% endblocktranslate %}", {"cost"}),
        ('{% if row.x %}{% firstof "a" as look %}{% endif %}{{ look }}', set()),
        ('{% include "components/empty.html" with text=row.text %}', {"url", "action"}),
        ('{% include "components/empty.html" with text=row.text url=row.url action=verb only %}', {"verb"}),
    ],
)
def test_unnamed__a_name_that_is_not_there__is_found(inside: str, forgotten: set[str]) -> None:
    template = Template(f"{{% load drawn i18n quickno %}}{{% drawn_from row %}}{inside}{{% enddrawn_from %}}")
    assert [forgotten_by(part) for part in parts_of(template)] == [forgotten]
