"""What every form of the pages has in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.forms.utils import ErrorDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workspaces.exceptions import DomainError
from workspaces.forms.amounts import MoneyField
from workspaces.forms.comparing import Shown, shown_in
from workspaces.forms.days import DayField
from workspaces.models import Workspace


class PlainForm(forms.Form):
    """A form in the theme's clothes; a service's refusal goes to the fields it names."""

    # Where a field says nothing itself, the help of the model's field of that name is shown.
    explained_by: ClassVar[type[models.Model] | None] = None

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: dict[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(data, initial=initial, prefix=prefix)
        for name, field in self.fields.items():
            if self.explained_by and not field.help_text:
                field.help_text = _help_of(self.explained_by, name)
            _dress(field.widget)
            _say_what_is_right(field)

    @property
    def wrong(self) -> list[forms.BoundField]:
        """The fields with a complaint that can be led to, in their order on the page."""
        return [field for field in self.visible_fields() if field.errors]

    @property
    def as_shown(self) -> Shown:
        """What its fields show, to be compared with what is stored."""
        return shown_in(self)

    def hold_back(self) -> None:
        """Show what was typed without a word about it: nobody has sent it yet."""
        self._errors = ErrorDict()

    def take(self, error: DomainError) -> None:
        """Put each complaint to its field; what belongs to no field stands above the form."""
        if not error.errors:
            self.add_error(None, error.message)
        for item in error.errors:
            field = (item.field or "").split(".")[0].split("[")[0]
            self.add_error(field if field in self.fields else None, item.message)


class Form(PlainForm):
    """A form of one workspace: its amounts are in its currency, its days begin at its midnight."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        initial: dict[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(data, initial=initial, prefix=prefix)
        self.workspace = workspace
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.workspace = workspace
            if isinstance(field, DayField):
                field.place(
                    today=workspace.local_day(timezone.now()),
                    understood_at=reverse("day", args=[workspace.slug]),
                )


def _help_of(model: type[models.Model], name: str) -> str:
    try:
        return str(getattr(model._meta.get_field(name), "help_text", ""))  # noqa: SLF001 - Django's own way in
    except FieldDoesNotExist:
        return ""


def _dress(widget: forms.Widget) -> None:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return  # The component draws each option.
    if isinstance(widget, forms.CheckboxInput):
        name = "form-check-input"
    elif isinstance(widget, forms.Select):
        name = "form-select"
    else:
        name = "form-control"
    classes = widget.attrs.get("class", "")
    if "qn-blank" not in classes:
        widget.attrs["class"] = f"{classes} {name}".strip()


def _say_what_is_right(field: forms.Field) -> None:
    """Complaints that tell what to do, where the field has none of its own."""
    said, usual = field.error_messages, forms.Field.default_error_messages["required"]
    if said.get("required") == usual:
        said["required"] = next(
            (str(words) for kind, words in _IF_EMPTY.items() if isinstance(field, kind)),
            gettext("Fill this in."),
        )
    if isinstance(field, forms.IntegerField) and field.min_value is not None:
        if field.max_value is None:
            words = gettext("Give a number from {least} up.").format(least=field.min_value)
        else:
            words = gettext("Give a number from {least} to {most}.").format(
                least=field.min_value, most=field.max_value
            )
        said["min_value"] = said["max_value"] = words


_IF_EMPTY: dict[type[forms.Field], Promise] = {
    forms.ChoiceField: _("Choose one."),
    forms.DateField: _("Say which day."),
    forms.FileField: _("Choose a file."),
}


class ReasonForm(Form):
    """The words that an act which cannot be undone takes."""

    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences. It stays on the page and in the activity feed."),
        error_messages={"required": _("Say why. The next person who reads this was not there.")},
    )
