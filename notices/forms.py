"""What a person, and what a room, wants to hear of."""

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from notices.choices import DigestWhen, NoticeKind
from notices.services.speaking import LONGEST_URL
from workspaces.forms import Form


class WishesForm(Form):
    kinds = forms.MultipleChoiceField(
        required=False,
        choices=NoticeKind.choices,
        widget=forms.CheckboxSelectMultiple,
        label=_("At once, by letter"),
    )
    digest = forms.ChoiceField(
        choices=DigestWhen.choices, label=_("In the morning, a letter with all that waits")
    )

    def offer(self, kinds: list[NoticeKind]) -> None:
        """Offer only what can come to this person."""
        field = cast("forms.MultipleChoiceField", self.fields["kinds"])
        field.choices = [(kind.value, kind.label) for kind in kinds]


class ChannelWishesForm(Form):
    kinds = forms.MultipleChoiceField(
        required=False,
        choices=NoticeKind.choices,
        initial=list(NoticeKind.values),
        widget=forms.CheckboxSelectMultiple,
        label=_("What it hears of at once"),
    )
    has_digest = forms.BooleanField(required=False, label=_("Every morning, what waits for somebody"))


class ChannelForm(ChannelWishesForm):
    name = forms.CharField(
        max_length=80, label=_("Name"), help_text=_("What the room is called, such as #growth.")
    )
    url = forms.CharField(
        max_length=LONGEST_URL,
        label=_("Address"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "The webhook's address that Slack, Teams, Discord or Google Chat gives out, or "
            "mmosts://host/token for Mattermost. It holds a secret and is not shown again."
        ),
    )
    field_order = ("name", "url")
