"""Days, as the browser's calendar sends them."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from workspaces.models.reading import day_in


class DayField(forms.DateField):
    """A day, chosen from the browser's calendar; typed, it is written as programs write it."""

    # What the browser's calendar sends and takes, in whichever language it shows it.
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and value.strip() and day_in(value.strip()) is None:
            raise ValidationError(_("Write the day as 2026-11-20."), code="invalid")
        return super().to_python(value)
