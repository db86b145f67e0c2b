"""What is stored beside what was typed, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _

# The fields of several forms by their names on the page, each with its label and what it shows.
Shown = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of which something else is stored than was typed."""

    label: str
    stored: str
    typed: str


def shown_in(form: forms.BaseForm, *, about: str = "") -> Shown:
    """What a form shows. ``about``: what its labels begin with, where there are several forms."""
    fields = (form[name] for name in form.fields)
    before = f"{about}: " if about else ""
    return {field.html_name: (f"{before}{field.label}", _text_in(field)) for field in fields}


def differences(stored: Shown, typed: Shown) -> list[Difference]:
    names = [*typed, *(name for name in stored if name not in typed)]
    nothing = ("", "")
    return [
        Difference(typed.get(name, stored.get(name, nothing))[0], theirs, mine)
        for name in names
        if (theirs := stored.get(name, nothing)[1]) != (mine := typed.get(name, nothing)[1])
    ]


def _text_in(field: forms.BoundField) -> str:
    value = field.value()
    if isinstance(field.field, forms.ChoiceField):
        chosen = set(map(str, _several(value)))
        return ", ".join(str(label) for key, label in _options(field.field) if str(key) in chosen)
    if isinstance(field.field, forms.BooleanField):
        return _("yes") if value else _("no")
    text = field.field.widget.format_value(value)
    return "" if text is None else str(text).strip().replace("\r\n", "\n")


def _several(value: object) -> Iterable[object]:
    if value is None:
        return []
    return value if isinstance(value, list | tuple | set) else [value]


def _options(field: forms.ChoiceField) -> Iterable[tuple[object, object]]:
    for key, label in cast("Iterable[tuple[object, Any]]", field.choices):
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield key, label
