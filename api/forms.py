"""The form by which a person makes a key."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from workspaces.choices import Scope
from workspaces.forms import Form
from workspaces.models import Membership, Workspace


class KeyForm(Form):
    name = forms.CharField(
        max_length=100, label=_("Name"), help_text=_("What uses it: “nightly Meta connector”.")
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        label=_("What it may do"),
        error_messages={"required": _("A key without a scope can do nothing. Choose at least one.")},
    )
    for_user = forms.TypedChoiceField(coerce=int, label=_("Acts for"))

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        people: Iterable[Membership],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial)
        field = cast("forms.TypedChoiceField", self.fields["for_user"])
        field.choices = [(member.user_id, str(member.user)) for member in people]
