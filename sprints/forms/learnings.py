"""Searching what was learnt."""

from django import forms
from django.db.models import Q

from experiments.choices import Driver, HypothesisKind
from experiments.models import Campaign
from sprints.choices import DecisionKind
from workspaces.forms import Form

_ANY = ("", "any")


class LearningFilter(Form):
    search = forms.CharField(required=False, max_length=200, label="Search")
    decision = forms.ChoiceField(required=False, label="Decision", choices=[_ANY, *DecisionKind.choices])
    kind = forms.ChoiceField(required=False, label="Kind", choices=[_ANY, *HypothesisKind.choices])
    driver = forms.ChoiceField(required=False, label="Driver", choices=[_ANY, *Driver.choices])
    persona = forms.CharField(required=False, max_length=300, label="Persona")
    channel = forms.CharField(required=False, max_length=40, label="Channel")

    @property
    def condition(self) -> Q:
        """The filter as a query over decisions; needs a valid form."""
        given = self.cleaned_data
        lookups = {
            "decision": "decision",
            "kind": "hypothesis__kind",
            "driver": "hypothesis__driver",
            "persona": "hypothesis__persona__icontains",
        }
        condition = Q(**{lookup: given[name] for name, lookup in lookups.items() if given.get(name)})
        if given.get("channel"):
            channel = given["channel"].strip().lower()
            condition &= Q(hypothesis__in=Campaign.objects.filter(channel=channel).values("hypothesis"))
        for word in given.get("search", "").split():
            condition &= (
                Q(learning__icontains=word)
                | Q(hypothesis__title__icontains=word)
                | Q(hypothesis__change__icontains=word)
                | Q(hypothesis__audience__icontains=word)
            )
        return condition
