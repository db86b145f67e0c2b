"""The campaigns and arms that numbers may be of: chosen from a list, or typed where that would be long."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from experiments.models import Arm
from experiments.services.exports import LEFT_OUT
from experiments.services.values import listed, quoted
from workspaces.forms import Form
from workspaces.forms.rendering import escaped
from workspaces.models import Workspace
from workspaces.models.prepared import Given, Prepared
from workspaces.templatetags.quickno import channel

# More campaigns than a list can be read with: then a name is typed, and the browser offers what fits.
MANY_CAMPAIGNS = 30
MOST_NAMED = 3
MOST_TYPED = 1000
# The lists that a browser offers names from.
CAMPAIGNS, CAMPAIGNS_AND_ARMS = "launched-campaigns", "launched-campaigns-and-arms"

Choice = tuple[str, Any]

_LAUNCHED: Prepared[Any] = Prepared(
    lambda: (
        Arm.objects.filter(
            workspace=Given("workspace", models.IntegerField()), campaign__launched_at__isnull=False
        )
        .order_by("campaign__name", "campaign_id", "position")
        .values_list("campaign__key", "campaign__name", "campaign__channel", "key", "name")
    )
)


class Launched:
    """What was launched in a workspace, by key; an arm's is ``campaign/arm``, as in a post of numbers."""

    def __init__(self, workspace: Workspace) -> None:
        self.campaigns: dict[str, str] = {}
        self.arms: dict[str, list[Choice]] = {}
        self._channels: dict[str, str] = {}
        for campaign, name, channel_key, arm, arm_name in _LAUNCHED.read(workspace=workspace.pk):
            self.campaigns[campaign] = name
            self._channels[campaign] = channel_key
            self.arms.setdefault(campaign, []).append((f"{campaign}/{arm}", arm_name))

    @property
    def is_many(self) -> bool:
        return len(self.campaigns) > MANY_CAMPAIGNS

    @cached_property
    def with_channel(self) -> dict[str, str]:
        """The campaigns, each with where it runs."""
        words = {key: str(channel(key)) for key in set(self._channels.values())}
        return {key: f"{name} ({words[self._channels[key]]})" for key, name in self.campaigns.items()}

    @cached_property
    def campaigns_and_arms(self) -> dict[str, str]:
        """Every campaign, and after it each of its arms."""
        words = _("{campaign}, arm {arm}")
        found: dict[str, str] = {}
        for campaign, name in self.campaigns.items():
            found[campaign] = name
            for key, arm in self.arms[campaign]:
                found[key] = words.format(campaign=name, arm=arm)
        return found


class NamedField(forms.CharField):
    """One of many, typed: by its name, by its key, or as the browser's list says it, with both."""

    def __init__(self, known: Mapping[str, str], *, list_id: str, hint: str, **more: Any) -> None:
        attrs = {"list": list_id, "placeholder": hint, "autocomplete": "off", "class": "form-control"}
        super().__init__(required=False, max_length=MOST_TYPED, widget=forms.TextInput(attrs=attrs), **more)
        self.known = known

    def prepare_value(self, value: Any) -> Any:
        return _in_full(value, self.known[value]) if value in self.known else value

    def clean(self, value: Any) -> str:
        typed = " ".join(super().clean(value).split())
        if not typed or typed in self.known:
            return typed
        named = [key for key, name in self.known.items() if name.casefold() == typed.casefold()]
        if len(named) == 1:
            return named[0]
        if named:
            raise ValidationError(
                _("Several are called “{name}”: {names}. Say it with the key.").format(
                    name=quoted(typed), names=self._listed(named)
                )
            )
        # The key holds, whatever the name has become since the page was made.
        key = typed.rpartition("(")[2].rstrip(")")
        if typed.endswith(")") and key in self.known:
            return key
        raise ValidationError(self._unknown(typed))

    def _unknown(self, typed: str) -> str:
        said = typed.casefold()
        # By its beginning or a word of it, and then as it may have been misspelled.
        by_name = {self.known[key].casefold(): key for key in reversed(list(self.known))}
        near = [key for key, name in self.known.items() if said in name.casefold() or said in key]
        near += [by_name[name] for name in get_close_matches(said, by_name, n=MOST_NAMED)]
        near = list(dict.fromkeys(near))[:MOST_NAMED]
        if not near:
            return _("Nothing here is called “{name}”.").format(name=quoted(typed))
        return _("Nothing here is called “{name}”. Do you mean {names}?").format(
            name=quoted(typed), names=self._listed(near)
        )

    def _listed(self, keys: list[str]) -> str:
        return listed([_in_full(key, self.known[key]) for key in keys[:MOST_NAMED]], last="or")


def add_other(form: Form, name: str, launched: Launched, *, called: str) -> forms.BoundField:
    """A field beside the choices for a name, in which any other campaign can be typed."""
    form.fields[f"{name}-other"] = NamedField(
        launched.campaigns,
        list_id=CAMPAIGNS,
        hint=_("or another: its name or key"),
        label=_("Another campaign here for “{name}”").format(name=called),
    )
    return form[f"{name}-other"]


def arm_choices(launched: Launched, campaign: str) -> list[Choice]:
    """The arms of a campaign, or none of them."""
    return [*launched.arms.get(campaign, []), (LEFT_OUT, _("leave it out"))]


def datalist(list_id: str, known: Mapping[str, str]) -> SafeString:
    """What the browser offers while one types into a field that names the list."""
    options = [f'<option value="{escaped(_in_full(key, name))}">' for key, name in known.items()]
    return mark_safe(f'<datalist id="{escaped(list_id)}">{"".join(options)}</datalist>')  # noqa: S308 - escaped


def _in_full(key: str, name: str) -> str:
    return f"{name} ({key})"
