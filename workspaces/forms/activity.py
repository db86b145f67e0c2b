"""The filter over the activity feed."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from workspaces.choices import EventKind
from workspaces.forms.days import DayField
from workspaces.forms.filters import FilterForm
from workspaces.models import Membership, Workspace
from workspaces.models.event import happened_to

_ANYTHING = ("", _("anything"))
QUICKNO = "quickno"

# What people call a group of kinds, by the first part of the kinds' names.
_TOPICS = {
    "campaign": _("campaigns and arms"),
    "criterion": _("kill criteria"),
    "hypothesis": _("hypotheses"),
    "sprint": _("sprints"),
    "zombie": _("zombies"),
    "reallocation": _("money"),
    "metrics": _("numbers"),
    "member": _("people, keys and settings"),
}
_PREFIXES = {
    "campaign": ("campaign", "arm"),
    "criterion": ("criterion", "criteria", "criterion_template"),
    "reallocation": ("reallocation", "ledger"),
    "member": (
        "member",
        "invitation",
        "api_key",
        "workspace",
        "policy",
        "source",
        "webhook_endpoint",
        "channel",
    ),
}


def kinds_about(topic: str) -> list[str]:
    """The event kinds of a topic of the filter."""
    prefixes = _PREFIXES.get(topic, (topic,))
    return [kind.value for kind in EventKind if kind.value.partition(".")[0] in prefixes]


class ActivityFilter(FilterForm):
    about = forms.ChoiceField(required=False, label=_("About"), choices=[_ANYTHING, *_TOPICS.items()])
    who = forms.ChoiceField(required=False, label=pgettext_lazy("a person", "By"))
    since = DayField(required=False, label=_("From"), looks_back=True)
    until = DayField(required=False, label=_("To"), looks_back=True)
    # Comes with the link of a campaign's page.
    campaign = forms.ChoiceField(required=False, label=_("Campaign"))

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        workspace: Workspace,
        people: Iterable[Membership],
        campaign: tuple[str, str] | None = None,
    ) -> None:
        """``campaign``: key and name of the one that is asked for, the only one to choose."""
        super().__init__(data, workspace=workspace)
        if campaign is None:
            del self.fields["campaign"]
        else:
            cast("forms.ChoiceField", self.fields["campaign"]).choices = [("", gettext("any")), campaign]
        who = cast("forms.ChoiceField", self.fields["who"])
        who.choices = [
            ("", gettext("anybody")),
            (QUICKNO, gettext("Quickno itself")),
            *((str(member.user_id), str(member.user)) for member in people),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", gettext("This day is before the first one."))
        return cleaned

    @property
    def condition(self) -> Q:
        """What the chosen filter lets through; days are the workspace's."""
        chosen, condition = self.cleaned_data, Q()
        if chosen["about"]:
            condition &= Q(kind__in=kinds_about(chosen["about"]))
        if chosen["who"] == QUICKNO:
            condition &= Q(actor__isnull=True)
        elif chosen["who"]:
            condition &= Q(actor=chosen["who"])
        if chosen.get("campaign"):
            condition &= happened_to(chosen["campaign"])
        if chosen["since"]:
            condition &= Q(at__date__gte=chosen["since"])
        if chosen["until"]:
            condition &= Q(at__date__lte=chosen["until"])
        return condition
