"""What names in the files of one source stand for, to be changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.forms.launched import CAMPAIGNS, Choice, Launched, add_other, arm_choices, datalist
from experiments.models import ImportMapping
from experiments.services.exports import ASK_AGAIN, LEFT_OUT, Level, target_of
from workspaces.forms import Form
from workspaces.models import Workspace


class NamesForm(Form):
    """Remembered names and what they stand for, each with a field."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        names: Iterable[ImportMapping],
    ) -> None:
        super().__init__(data, workspace=workspace)
        self.launched = Launched(workspace)
        campaigns = [] if self.launched.is_many else list(self.launched.with_channel.items())
        self.rows: list[tuple[ImportMapping, forms.BoundField, forms.BoundField | None]] = []
        for name in names:
            target, other = target_of(name), None
            choices: list[Choice]
            if name.level == Level.CAMPAIGN:
                choices = [*campaigns, (LEFT_OUT, _("leave it out"))]
            elif name.level == Level.COLUMN:
                choices = [(target, target)]
            else:
                choices = arm_choices(self.launched, target.partition("/")[0])
            if target not in {key for key, _name in choices}:
                choices.insert(0, (target, str(name.campaign or name.arm)))
            field = forms.ChoiceField(
                label=_("What “{name}” stands for").format(name=name),
                choices=[*choices, (ASK_AGAIN, _("ask again with the next file"))],
                initial=target,
                widget=forms.Select(attrs={"class": "form-select"}),
            )
            self.fields[f"n{name.pk}"] = field
            if name.level == Level.CAMPAIGN and self.launched.is_many:
                other = add_other(self, f"n{name.pk}", self.launched, called=str(name))
            self.rows.append((name, self[f"n{name.pk}"], other))

    @property
    def datalists(self) -> list[SafeString]:
        is_offered = any(other for _name, _field, other in self.rows)
        return [datalist(CAMPAIGNS, self.launched.campaigns)] if is_offered else []

    @property
    def targets(self) -> dict[int, str]:
        """What was chosen or typed, by the id of the name."""
        return {
            name.pk: (other and self.cleaned_data[other.name]) or self.cleaned_data[field.name]
            for name, field, other in self.rows
        }
