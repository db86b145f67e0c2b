"""Searching what was learnt and what was killed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from experiments.choices import Driver, HypothesisKind
from experiments.models import Campaign
from sprints.choices import DecisionKind
from sprints.selectors.graveyard import QUARTER, No
from workspaces.forms import FilterForm
from workspaces.models import Workspace
from workspaces.templatetags.quickno import channel

_ANY = ("", _("any"))
YEAR = timedelta(days=365)


class LearningFilter(FilterForm):
    """What of the learnings is shown; personas and channels are those that there are."""

    arranging = ("by",)

    search = forms.CharField(required=False, max_length=200, label=_("Search"))
    decision = forms.ChoiceField(required=False, label=_("Decision"), choices=[_ANY, *DecisionKind.choices])
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[_ANY, *HypothesisKind.choices])
    driver = forms.ChoiceField(required=False, label=_("Driver"), choices=[_ANY, *Driver.choices])
    persona = forms.ChoiceField(required=False, label=_("Persona"))
    channel = forms.ChoiceField(required=False, label=_("Channel"))
    by = forms.ChoiceField(
        required=False,
        label=_("Compare by"),
        choices=[("", _("driver")), ("persona", _("persona")), ("channel", _("channel"))],
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        workspace: Workspace,
        personas: Iterable[str],
        channels: Iterable[str],
    ) -> None:
        super().__init__(data, workspace=workspace)
        named = sorted(((key, channel(key)) for key in channels), key=lambda choice: choice[1].casefold())
        for name, choices in (("persona", [(one, one) for one in personas]), ("channel", named)):
            cast("forms.ChoiceField", self.fields[name]).choices = [_ANY, *choices]

    @property
    def grouping(self) -> str:
        """What hypotheses are compared by."""
        given = self.cleaned_data.get("by") if self.is_bound and self.is_valid() else ""
        return given or "driver"

    @property
    def grouping_label(self) -> str:
        """The same in the reader's words."""
        labels: dict[str, object] = {"driver": _("driver"), "persona": _("persona"), "channel": _("channel")}
        return str(labels[self.grouping])

    @property
    def condition(self) -> Q:
        """The filter as a query over decisions; needs a valid form."""
        given = self.cleaned_data
        lookups = {
            "decision": "decision",
            "kind": "hypothesis__kind",
            "driver": "hypothesis__driver",
            "persona": "hypothesis__persona",
        }
        condition = Q(**{lookup: given[name] for name, lookup in lookups.items() if given.get(name)})
        if given.get("channel"):
            ran_there = Campaign.objects.filter(channel=given["channel"])
            condition &= Q(hypothesis__in=ran_there.values("hypothesis"))
        for word in given.get("search", "").split():
            condition &= (
                Q(learning__icontains=word)
                | Q(hypothesis__title__icontains=word)
                | Q(hypothesis__change__icontains=word)
                | Q(hypothesis__audience__icontains=word)
            )
        return condition


class GraveyardFilter(FilterForm):
    period = forms.ChoiceField(
        required=False,
        label=_("Killed"),
        choices=[("", _("in the last quarter")), ("year", _("in the last year")), ("all", _("ever"))],
    )
    sort = forms.ChoiceField(
        required=False,
        label=_("Order"),
        choices=[
            ("", _("newest first")),
            ("lived", _("quickest first")),
            ("saved", _("most saved first")),
            ("spent", _("most spent first")),
        ],
    )

    @property
    def since(self) -> timedelta | None:
        """How far it looks back; ``None`` for as far as there is."""
        given = self.cleaned_data.get("period") if self.is_valid() else ""
        return {"year": YEAR, "all": None}.get(given or "", QUARTER)

    def in_order(self, noes: Sequence[No]) -> list[No]:
        """As it was asked for; the reader gets the latest first."""
        order = self.cleaned_data.get("sort") if self.is_valid() else ""
        if order == "lived":
            return sorted(noes, key=lambda no: (no.days, -no.saved))
        if order == "saved":
            return sorted(noes, key=lambda no: -no.saved)
        return sorted(noes, key=lambda no: -no.spent) if order == "spent" else list(noes)
