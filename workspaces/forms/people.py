"""Forms about people: who is invited, how they join, and what they say of themselves."""

from django import forms

from workspaces.choices import Role
from workspaces.forms.base import Form, PlainForm
from workspaces.models import User

_LONGEST_ADDRESS = User._meta.get_field("email").max_length  # noqa: SLF001 - the documented way to a field
_LONGEST_NAME = 300


class RoleForm(Form):
    role = forms.ChoiceField(choices=Role.choices)


class InvitationForm(Form):
    email = forms.EmailField(
        max_length=_LONGEST_ADDRESS,
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MARKETER)


class JoinForm(PlainForm):
    name = forms.CharField(
        max_length=_LONGEST_NAME,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        strip=False,
        max_length=4096,
        label="A password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least eight characters, and none that many others use.",
    )


class NameForm(PlainForm):
    name = forms.CharField(
        max_length=_LONGEST_NAME,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class AddressForm(PlainForm):
    email = forms.EmailField(
        max_length=_LONGEST_ADDRESS,
        label="New address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
