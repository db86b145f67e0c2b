"""The rooms of a workspace: adding, choosing, trying and removing them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from notices.choices import NoticeKind
from notices.forms import ChannelForm, ChannelWishesForm
from notices.models import Channel
from notices.services import add_channel, change_channel, remove_channel, test_channel
from workspaces.exceptions import NotFound
from workspaces.forms import Form
from workspaces.permissions import Permission
from workspaces.views.access import FormView, WorkspaceView

SECTION = "settings"


class ChannelsView(FormView):
    """Everybody sees which rooms hear what; a manager adds them."""

    template_name = "notices/channels.html"
    section = SECTION
    form_class = ChannelForm
    permission_to_send = Permission.MANAGE_CHANNELS

    def context(self, form: Form) -> dict[str, Any]:
        channels = Channel.objects.of(self.workspace).select_related("created_by")
        rows = [(channel, [NoticeKind(kind).label for kind in channel.kinds]) for channel in channels]
        return {**super().context(form), "channels": rows}

    def save(self, form: Form) -> str:
        values = form.cleaned_data
        channel = add_channel(
            name=values["name"],
            url=values["url"],
            kinds=[NoticeKind(kind) for kind in values["kinds"]],
            has_digest=values["has_digest"],
            by=self.actor,
            at=self.at,
        )
        return _("{channel} is added. Try whether a message arrives.").format(channel=channel)

    def done_url(self) -> str:
        return self.page_url("settings_channels")


class _OneChannel(FormView):
    section = SECTION
    permission = Permission.MANAGE_CHANNELS

    def channel(self) -> Channel:
        channel = Channel.objects.of(self.workspace).filter(pk=self.kwargs["channel_id"]).first()
        if channel is None:
            raise NotFound(_("There is no such channel here."))
        return channel

    def done_url(self) -> str:
        return self.page_url("settings_channels")


class ChannelView(_OneChannel):
    template_name = "notices/channel.html"
    form_class = ChannelWishesForm

    def get_initial(self) -> dict[str, Any]:
        channel = self.channel()
        return {"kinds": channel.kinds, "has_digest": channel.has_digest}

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "channel": self.channel()}

    def save(self, form: Form) -> str:
        channel = change_channel(
            self.kwargs["channel_id"],
            kinds=[NoticeKind(kind) for kind in form.cleaned_data["kinds"]],
            has_digest=form.cleaned_data["has_digest"],
            by=self.actor,
            at=self.at,
        )
        return _("{thing} is saved.").format(thing=channel)


class RemoveChannelView(_OneChannel):
    """Asks first."""

    template_name = "components/reason_page.html"
    form_class = Form

    def context(self, form: Form) -> dict[str, Any]:
        return {
            **super().context(form),
            "title": _("Remove the channel {channel}?").format(channel=self.channel()),
            "note": _("It hears nothing more, and its address is forgotten."),
            "verb": _("Remove it"),
            "cancel_url": self.done_url(),
        }

    def save(self, form: Form) -> str:
        channel = remove_channel(self.kwargs["channel_id"], by=self.actor, at=self.at)
        return _("{thing} is removed.").format(thing=channel)


class TestChannelView(WorkspaceView):
    """Says at once whether a message arrived, and if not, why."""

    http_method_names = ["post", "options"]
    permission = Permission.MANAGE_CHANNELS

    def post(self, request: HttpRequest) -> HttpResponse:
        problem = test_channel(self.kwargs["channel_id"], by=self.actor, at=self.at)
        if problem:
            messages.error(request, problem)
        else:
            messages.success(request, _("The service took the message. Look into the room."))
        return redirect(self.page_url("settings_channels"))
