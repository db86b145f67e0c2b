"""Parts of a page that are drawn once and kept, for as long as what they are drawn from says the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from django import template
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import connection
from django.template import Context
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from workspaces.models.content import digest_of

register = template.Library()

_numbers = count()


@register.tag
def drawn_from(parser: Parser, token: Token) -> "DrawnNode":
    """``{% drawn_from row may_plan words=team_words %}…{% enddrawn_from %}``: drawn from these alone.

    Inside there is nothing but what is named here, and ``workspace``. So whoever shows something that is not
    named shows nothing, and never what it was yesterday. It cannot hold a form: its tokens are each page's.
    """
    name, *bits = token.split_contents()
    named = [bit if "=" in bit else f"{bit}={bit}" for bit in bits]
    given = token_kwargs(named, parser)
    if named or not given:
        raise template.TemplateSyntaxError(f"{name} takes names, or name=value, and at least one.")
    nodes = parser.parse((f"end{name}",))
    parser.delete_first_token()
    return DrawnNode(nodes, given)


class DrawnNode(template.Node):
    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist, self.given = nodelist, given
        # Of this place in this reading of the template: where it is edited, it is read again.
        self.number = next(_numbers)

    def render(self, context: Context) -> SafeString:
        drawing = self._kept(context) if settings.KEEPS_DRAWINGS else self._anew(context)
        return mark_safe(drawing)  # noqa: S308 - what a template has drawn

    def _kept(self, context: Context) -> str:
        values, (cache, common) = self._values(context), _common(context)
        key = f"{self.number}.{common}.{digest_of(values)}"
        kept: str | None = cache.get(key)
        if kept is None:
            with _asking() as asked:
                kept = str(self.nodelist.render(context.new(values | {"workspace": context["workspace"]})))
            # The database may say something else the next time.
            if not asked:
                cache.set(key, kept)
        return kept

    def _anew(self, context: Context) -> str:
        with context.push(**self._values(context)):
            return str(self.nodelist.render(context))

    def _values(self, context: Context) -> dict[str, Any]:
        return {name: value.resolve(context) for name, value in self.given.items()}


def _common(context: Context) -> tuple[BaseCache, str]:
    """Where drawings are kept, and what all of one template are drawn from besides what they are given."""
    common: tuple[BaseCache, str] | None = context.render_context.get("drawn")
    if common is None:
        # A day is said otherwise when it is this year's.
        today, zone = timezone.localdate(), timezone.get_current_timezone_name()
        said = digest_of(translation.get_language(), today, zone, context["workspace"])
        common = context.render_context["drawn"] = caches["drawn"], said
    return common


@contextmanager
def _asking() -> Iterator[list[str]]:
    """What was asked of the database meanwhile."""
    asked: list[str] = []

    def noted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(noted):
        yield asked
