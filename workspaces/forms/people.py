"""Forms about people: who is invited, how they join, and what they say of themselves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from workspaces.choices import Role
from workspaces.forms.base import Form, PlainForm
from workspaces.models import User

_LONGEST_ADDRESS = User._meta.get_field("email").max_length  # noqa: SLF001 - the documented way to a field
_LONGEST_NAME = 300


class RoleForm(Form):
    role = forms.ChoiceField(choices=Role.choices, label=_("Role"))


class InvitationForm(Form):
    email = forms.EmailField(
        max_length=_LONGEST_ADDRESS,
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=Role.choices, label=_("Role"))


class JoinForm(PlainForm):
    name = forms.CharField(
        max_length=_LONGEST_NAME,
        label=_("Your name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        strip=False,
        max_length=4096,
        label=_("A password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least eight characters, and none that many others use."),
    )


class NameForm(PlainForm):
    name = forms.CharField(
        max_length=_LONGEST_NAME,
        label=_("Your name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class AddressForm(PlainForm):
    email = forms.EmailField(
        max_length=_LONGEST_ADDRESS,
        label=_("New address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
