"""Forms of the settings pages: policy and sources."""

from functools import cache
from zoneinfo import available_timezones

from babel.core import Locale, get_global
from babel.numbers import get_currency_name, get_territory_currencies
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workspaces.choices import MultipleComparisons, ReallocationRule, SourceKind
from workspaces.forms.amounts import MoneyField, ShareField
from workspaces.forms.base import Form, PlainForm
from workspaces.models import Source, Workspace
from workspaces.models.spelling import reader_locale
from workspaces.models.words import WORD_LENGTH
from workspaces.models.workspace import KEY_VALIDATOR


# Looking for them reads hundreds of files.
@cache
def _zones() -> list[tuple[str, str]]:
    return [
        (name, name.replace("_", " "))
        for name in sorted(available_timezones())
        if "/" in name or name == "UTC"
    ]


def _blank_and_zones() -> list[tuple[str, str]]:
    return [("", ""), *_zones()]


def _source_zones() -> list[tuple[str, str]]:
    return [("", gettext("the workspace's")), *_zones()]


# Of which places the money of today is, without what only bankers use; named in each language once.
@cache
def _named_currencies(locale: Locale) -> list[tuple[str, str]]:
    today = {code for place in get_global("territory_currencies") for code in get_territory_currencies(place)}
    return [(code, f"{code}, {get_currency_name(code, locale=locale)}") for code in sorted(today)]


def _currencies() -> list[tuple[str, str]]:
    return [("", ""), *_named_currencies(reader_locale())]


class NewWorkspaceForm(PlainForm):
    """What cannot be guessed of a new workspace; the rest of its policy has usual values."""

    name = forms.CharField(
        max_length=120, label=_("Name"), help_text=_("The team's or the company's. It can be changed later.")
    )
    currency = forms.ChoiceField(
        choices=_currencies,
        label=_("Currency"),
        help_text=_("For good, because the ledger cannot be rewritten."),
    )
    timezone = forms.ChoiceField(
        choices=_blank_and_zones,
        label=_("Time zone"),
        widget=forms.Select(attrs={"data-own-zone": ""}),
        help_text=_("Whose midnight ends a day. It can be changed later."),
    )


class PolicyForm(Form):
    """``name`` and ``timezone`` first; the rest is what campaigns are held to."""

    explained_by = Workspace

    name = forms.CharField(max_length=120, label=_("Name of the workspace"))
    timezone = forms.ChoiceField(choices=_zones, label=_("Time zone"))
    grace_hours = forms.IntegerField(min_value=0, max_value=720, label=_("Grace after a breach, in hours"))
    blind_after_hours = forms.IntegerField(min_value=1, max_value=720, label=_("Blind after, in hours"))
    undead_minimum_spend = MoneyField(allow_zero=True, label=_("Spend let pass after a stop"))
    barren_target_multiple = forms.DecimalField(
        min_value=1,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label=_("Barren after so many target costs"),
    )
    plan_expiry_hours = forms.IntegerField(min_value=1, max_value=720, label=_("A plan waits so many hours"))
    growth_cap = ShareField(allow_zero=True, label=_("Growth in one plan, at most"))
    reallocation_rule = forms.ChoiceField(
        choices=ReallocationRule.choices, widget=forms.RadioSelect, label=_("How a reallocation is computed")
    )
    apply_on_approval = forms.BooleanField(
        required=False, label=_("Move the money as soon as a plan is approved")
    )
    settled_days_only = forms.BooleanField(
        required=False, label=_("Judge what comes late on settled days only")
    )
    uses_learnt_spread = forms.BooleanField(
        required=False, label=_("Take the usual spread from our own campaigns")
    )
    multiple_comparisons = forms.ChoiceField(
        choices=MultipleComparisons.choices, label=_("Several comparisons in one sprint")
    )
    requires_two_steps = forms.BooleanField(required=False, label=_("Ask every member for two-step sign-in"))
    conversion_name = forms.CharField(
        required=False,
        max_length=WORD_LENGTH,
        label=_("One conversion is called"),
        widget=forms.TextInput(attrs={"list": "one-conversion", "autocomplete": "off"}),
    )
    conversion_name_plural = forms.CharField(
        required=False,
        max_length=WORD_LENGTH,
        label=_("Several conversions are called"),
        widget=forms.TextInput(attrs={"list": "several-conversions", "autocomplete": "off"}),
    )


class SourceForm(Form):
    explained_by = Source

    name = forms.CharField(max_length=80, label=_("Name"))
    kind = forms.ChoiceField(choices=SourceKind.choices, label=_("Kind"))
    timezone = forms.ChoiceField(required=False, choices=_source_zones, label=_("Time zone"))
    day_close_hours = forms.IntegerField(
        min_value=0, max_value=72, initial=6, label=_("A day closes, in hours after midnight")
    )
    attribution_lag_days = forms.IntegerField(
        min_value=0, max_value=90, initial=3, label=_("A day settles, in days after it")
    )
    precedence = forms.IntegerField(min_value=0, max_value=32767, initial=20, label=_("Precedence"))


class NewSourceForm(SourceForm):
    key = forms.CharField(
        max_length=40,
        label=_("Key"),
        validators=[KEY_VALIDATOR],
        help_text=_("How posts name it: lower-case letters, digits, hyphens."),
    )
    field_order = ("key",)
