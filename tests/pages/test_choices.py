"""Fields are written as Django writes them."""

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from workspaces.forms.rendering import Renderer

PLAIN = [("", "choose"), ("a", "Ads & more"), ("b", '<b>"bold"</b>'), (3, "drei")]
GROUPED = [("", "choose"), ("Live > now", [("a", "Ads"), ("b", "Bids")]), ("c", "Clicks")]


def written(field: forms.Field, value: object, renderer: DjangoTemplates, **attributes: object) -> str:
    html = field.widget.render("campaign", value, attributes, renderer)
    return re.sub(r"\s*\n\s*", "", html)


@pytest.mark.parametrize("choices", [PLAIN, GROUPED])
@pytest.mark.parametrize("value", ["", "b", "3", "<none>", None])
def test_select__any_choice__is_the_html_of_django(
    choices: list[tuple[object, object]], value: object
) -> None:
    field = forms.ChoiceField(choices=choices)
    attributes = {"id": "id_campaign", "disabled": True, "hidden": False, "aria-label": '"<Arm>"', "size": 3}
    ours, theirs = (written(field, value, one(), **attributes) for one in (Renderer, DjangoTemplates))
    assert ours == theirs
    assert "<option" in ours


def test_select__of_several__is_the_html_of_django() -> None:
    field = forms.MultipleChoiceField(choices=GROUPED)
    ours, theirs = (written(field, ["a", "c"], one()) for one in (Renderer, DjangoTemplates))
    assert ours == theirs
    assert ours.count(" selected") == 2


@pytest.mark.parametrize("value", ["", "two\nlines", '<b>"bold"</b>', 0, 3, True, None])
@pytest.mark.parametrize(
    "widget",
    [
        forms.TextInput,
        forms.NumberInput,
        forms.EmailInput,
        forms.PasswordInput,
        forms.HiddenInput,
        forms.CheckboxInput,
        forms.Textarea,
    ],
)
def test_field__any_value__is_the_html_of_django(widget: type[forms.Widget], value: object) -> None:
    field = forms.Field(widget=widget(attrs={"required": True, "hidden": False, "placeholder": '"<b>"'}))
    ours, theirs = (
        field.widget.render("campaign", value, {"id": "id_campaign"}, one())
        for one in (Renderer, DjangoTemplates)
    )
    assert ours.strip() == theirs.strip()
