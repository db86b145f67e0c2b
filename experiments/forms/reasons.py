"""Acts on a running campaign that ask for words, and some for a day."""

from django import forms
from django.utils.translation import gettext_lazy

from workspaces.forms import DayField, Form, ReasonForm


def _day() -> forms.DateField:
    return DayField(
        label=gettext_lazy("Until"),
        error_messages={"required": gettext_lazy("Say until when. Nothing is kept for ever.")},
    )


class OverruleForm(ReasonForm):
    until = _day()


class KeepForm(ReasonForm):
    until = _day()


class WordsForm(Form):
    """Optional words, for what can be taken back."""

    reason = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3})
    )
