"""How fields become HTML."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_WIDGETS = "django/forms/widgets/"
_INPUTS = {f"{_WIDGETS}{kind}.html" for kind in ("text", "number", "email", "password", "hidden", "checkbox")}


class Renderer(DjangoTemplates):
    """Django's own, but for fields, of which a page has dozens: a template for each takes long.

    They are the same elements and attributes as its templates write.
    """

    def render(
        self, template_name: str, context: Mapping[str, Any], request: HttpRequest | None = None
    ) -> SafeString:
        widget = context.get("widget", {})
        if template_name in _INPUTS:
            written = _input(widget)
        elif template_name == f"{_WIDGETS}select.html":
            written = _select(widget)
        elif template_name == f"{_WIDGETS}textarea.html":
            written = _textarea(widget)
        else:
            written = super().render(template_name, dict(context), request)
        return mark_safe(written)  # noqa: S308 - escaped piece by piece


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{conditional_escape(str(widget["value"]))}"'
    return f'<input type="{widget["type"]}" {_name(widget)}{value}{_written(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    value = conditional_escape(widget["value"] or "")
    return f"<textarea {_name(widget)}{_written(widget['attrs'])}>\n{value}</textarea>"


def _select(widget: Mapping[str, Any]) -> str:
    groups = "".join(_group(name, options) for name, options, _ in widget["optgroups"])
    return f"<select {_name(widget)}{_written(widget['attrs'])}>{groups}</select>"


def _group(name: str | None, options: list[dict[str, Any]]) -> str:
    written = "".join(
        f'<option value="{escaped(option["value"])}"{_written(option["attrs"])}>'
        f"{escaped(option['label'])}</option>"
        for option in options
    )
    return f'<optgroup label="{conditional_escape(name)}">{written}</optgroup>' if name else written


def escaped(value: Any) -> str:
    """For an option; what was escaped for a page before is known."""
    return _escaped_text(value) if type(value) is str else conditional_escape(value)


@lru_cache(maxsize=4096)
def _escaped_text(text: str) -> str:
    return conditional_escape(text)


def _name(widget: Mapping[str, Any]) -> str:
    return f'name="{conditional_escape(widget["name"])}"'


def _written(attributes: Mapping[str, Any]) -> str:
    # Most options have none.
    if not attributes:
        return ""
    return "".join(
        f" {conditional_escape(name)}"
        if value is True
        else f' {conditional_escape(name)}="{conditional_escape(str(value))}"'
        for name, value in attributes.items()
        if value is not False
    )
