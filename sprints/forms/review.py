"""Deciding about a hypothesis."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from sprints.choices import DecisionKind
from sprints.models import Sprint
from workspaces.forms import Form
from workspaces.models import Workspace

CHILD_FIELDS = {"child_title": "title", "child_change": "change", "child_because": "because"}

CHILD_NEEDS = {
    "child_title": _("Name the new hypothesis."),
    "child_change": _("Say what changes: the same again would be tested twice."),
}


class DecisionForm(Form):
    """What a person decides, what was learnt, and where it goes from here."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=DecisionKind.choices,
        error_messages={"required": _("Choose one of the four.")},
    )
    moved_the_business = forms.ChoiceField(
        label=_("Did it move the business forward?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say yes or no.")},
    )
    learning = forms.CharField(
        max_length=5000,
        label=_("What did we learn?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences that somebody will search for next year."),
        error_messages={
            "required": _("Write down what was learnt: a no without a learning was paid for twice.")
        },
    )
    carry_to = forms.ChoiceField(
        required=False,
        label=_("If inconclusive, go on in"),
        help_text=_("Its campaigns keep running there. Left empty, they are completed."),
    )
    child_title = forms.CharField(
        required=False, max_length=300, label=_("Title"), help_text=_("How the backlog will name it.")
    )
    child_change = forms.CharField(
        required=False,
        max_length=500,
        label=_("What changes"),
        help_text=_("What you do differently this time."),
    )
    child_because = forms.CharField(
        required=False, max_length=1000, label=_("Because"), help_text=_("Left empty, as in this one.")
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        workspace: Workspace,
        initial: dict[str, Any] | None = None,
        sprints: Iterable[Sprint],
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial)
        carry_to = cast("forms.ChoiceField", self.fields["carry_to"])
        carry_to.choices = [
            ("", _("no other sprint")),
            *((str(sprint.pk), str(sprint)) for sprint in sprints),
        ]

    def clean(self) -> dict[str, Any]:
        """A hypothesis that evolves becomes another one: a copy would ask the same question twice."""
        given = super().clean() or self.cleaned_data
        if given.get("decision") == DecisionKind.EVOLVE:
            for name, missing in CHILD_NEEDS.items():
                if name not in self.errors and not given.get(name):
                    self.add_error(name, missing)
        return given

    @property
    def is_final(self) -> bool:
        """Whether the hypothesis is decided by it, once and for all; carried on, it is asked again."""
        return self.values()["carry_to"] is None

    def values(self) -> dict[str, Any]:
        """The arguments of ``services.decisions.decide``, as far as a person gives them."""
        given = self.cleaned_data
        kind = given["decision"]
        child = {field: given[name] for name, field in CHILD_FIELDS.items() if given.get(name)}
        return {
            "decision": kind,
            "moved_the_business": given["moved_the_business"] == "yes",
            "learning": given["learning"],
            "child": child if kind == DecisionKind.EVOLVE else None,
            "carry_to": int(given["carry_to"])
            if given.get("carry_to") and kind == DecisionKind.INCONCLUSIVE
            else None,
        }
