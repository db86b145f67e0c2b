"""Acts on a running campaign that ask for words, and some for a day."""

from django import forms

from workspaces.forms import DayField, Form, ReasonForm


def _day() -> forms.DateField:
    return DayField(
        label="Until",
        error_messages={"required": "Say until when. Nothing is kept for ever."},
    )


class OverruleForm(ReasonForm):
    until = _day()


class KeepForm(ReasonForm):
    until = _day()


class WordsForm(Form):
    """Optional words, for what can be taken back."""

    reason = forms.CharField(
        required=False, max_length=500, label="Reason", widget=forms.Textarea(attrs={"rows": 3})
    )
