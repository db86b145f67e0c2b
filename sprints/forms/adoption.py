"""Giving a campaign that nobody planned a rule, a budget and, if there is one, a hypothesis."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from experiments.forms.campaign import Draft, is_unsent, typed
from experiments.models.hypothesis import HypothesisQuerySet
from experiments.models.team_words import words_of
from workspaces.forms import DayField, Form, MoneyField
from workspaces.models import Workspace

MOST_CRITERIA = 4


class AdoptForm(Form):
    hypothesis = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=_("Hypothesis"),
        help_text=_("What it is meant to show, if anybody knows."),
    )
    budget = MoneyField(label=_("Budget"), help_text=_("From now on, in addition to what it has spent."))
    runs_until = DayField(required=False, label=_("Last day"))


class AdoptDraft(Draft):
    """The plan that an unplanned campaign never had."""

    form: AdoptForm
    needs_rule = True

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        hypotheses: HypothesisQuerySet,
        channel: str,
    ) -> None:
        self.channel = channel
        if is_unsent(data):
            self.form = AdoptForm(workspace=workspace, initial=typed(data))
        else:
            self.form = AdoptForm(data, workspace=workspace)
        cast("forms.ChoiceField", self.form.fields["hypothesis"]).choices = [
            ("", pgettext_lazy("hypothesis", "none")),
            *hypotheses.values_list("pk", "title"),
        ]
        aim = self.aim_among(hypotheses)
        self.take_rules(data, workspace=workspace, aim=aim, most=MOST_CRITERIA)
        self.take_plan(data, workspace=workspace)
        self.speak(words_of(aim, workspace))

    @property
    def values(self) -> dict[str, Any]:
        """As the service takes them; what was left empty is left out."""
        given = {name: value for name, value in self.form.cleaned_data.items() if value}
        return {**given, "kill_criteria": [form.values for form in self.criteria.filled]}
