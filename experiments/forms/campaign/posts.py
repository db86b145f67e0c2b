"""What a browser posted: whether it is to be saved, and how it is shown again."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from workspaces.forms.amounts import Typed

Data = Mapping[str, Any] | None


def is_previewing(data: Data) -> bool:
    """Whether somebody asks what the rules would do."""
    return data is not None and "preview" in data


# Buttons that change what is on the form: a row, a template, another hypothesis, a rule to keep.
_CHANGING = ("more", "use", "aim", "keep")


def is_unsent(data: Data) -> bool:
    """Whether only the form is to change, or a preview is asked for: nothing is saved then, nor wrong."""
    return data is not None and (is_previewing(data) or any(name in data for name in _CHANGING))


def typed(data: Data, prefix: str = "") -> dict[str, Any]:
    """What was typed into the fields with that prefix, by the fields' names."""
    given = data or {}
    return {name.removeprefix(prefix): Typed(given.get(name)) for name in given if name.startswith(prefix)}


def answered(data: QueryDict) -> QueryDict:
    """A limit that was asked about takes the answer that was clicked: ``criterion-0-threshold=0.5%``.

    That only fills it in; saving is another button.
    """
    asked_for_preview = "answer_preview" in data
    name, _, text = data.get("answer_preview" if asked_for_preview else "answer", "").partition("=")
    if not name.endswith("-threshold"):
        return data
    changed = data.copy()
    changed[name] = text
    if asked_for_preview:
        changed["preview"] = "rules"
    else:
        changed["more"] = ""
    return changed
