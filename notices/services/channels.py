"""The rooms in which a team hears of notices."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from notices.choices import NoticeKind
from notices.models import Channel
from notices.services.speaking import bare_url, read_address, speak
from workspaces.choices import EventKind
from workspaces.exceptions import Invalid, NotFound, Refused
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

MOST_CHANNELS = 10


@transaction.atomic
def add_channel(
    *, name: str, url: str, kinds: Iterable[NoticeKind], has_digest: bool, by: Actor, at: datetime
) -> Channel:
    """Speak to a room from now on."""
    by.require(Permission.MANAGE_CHANNELS)
    plugin = read_address(url)
    # The lock makes the counts true.
    workspace = Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    channels = Channel.objects.of(workspace)
    if channels.filter(name=name).exists():
        raise Invalid.field(
            "name",
            "name_taken",
            _("There is a channel “{name}” already. Call this one otherwise.").format(name=name),
        )
    if channels.count() >= MOST_CHANNELS:
        raise Refused(
            "too_many_channels",
            _("There are {number} channels already. Remove one first.").format(number=MOST_CHANNELS),
        )
    channel = Channel.objects.create(
        workspace=workspace,
        name=name,
        url=bare_url(plugin, shown=False),
        shown_url=bare_url(plugin, shown=True),
        kinds=_checked(kinds, has_digest=has_digest),
        has_digest=has_digest,
        created_at=at,
        created_by=by.person,
    )
    _tell(EventKind.CHANNEL_ADDED, channel, by=by, at=at)
    return channel


@transaction.atomic
def change_channel(
    channel_id: int, *, kinds: Iterable[NoticeKind], has_digest: bool, by: Actor, at: datetime
) -> Channel:
    """Change what a room hears; another room is another channel."""
    by.require(Permission.MANAGE_CHANNELS)
    channel = _find(channel_id, by=by)
    channel.kinds, channel.has_digest = _checked(kinds, has_digest=has_digest), has_digest
    channel.save(update_fields=["kinds", "has_digest"])
    _tell(EventKind.CHANNEL_CHANGED, channel, by=by, at=at)
    return channel


@transaction.atomic
def remove_channel(channel_id: int, *, by: Actor, at: datetime) -> Channel:
    by.require(Permission.MANAGE_CHANNELS)
    channel = _find(channel_id, by=by)
    _tell(EventKind.CHANNEL_REMOVED, channel, by=by, at=at)
    channel.delete()
    return channel


def test_channel(channel_id: int, *, by: Actor, at: datetime) -> str:
    """Say something there now; return an empty text, or why it did not arrive."""
    by.require(Permission.MANAGE_CHANNELS)
    with transaction.atomic():
        channel = _find(channel_id, by=by)
        _tell(EventKind.CHANNEL_TESTED, channel, by=by, at=at)
    return speak(
        channel.url,
        title=f"Quickno, {by.workspace}",
        body=_("{person} tries whether notices arrive here. They do.").format(person=by.person)
        + f"\n{settings.SITE_ADDRESS}",
    )


def _checked(kinds: Iterable[NoticeKind], *, has_digest: bool) -> list[str]:
    chosen = sorted(set(kinds))
    if not chosen and not has_digest:
        raise Invalid.field("kinds", "nothing_chosen", _("Choose at least one thing that the room hears of."))
    return [str(kind) for kind in chosen]


def _find(channel_id: int, *, by: Actor) -> Channel:
    channel = Channel.objects.of(by.workspace).select_for_update().filter(pk=channel_id).first()
    if channel is None:
        raise NotFound(_("There is no such channel here."))
    return channel


def _tell(kind: EventKind, channel: Channel, *, by: Actor, at: datetime) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("channel", channel.pk),
        data={
            "name": channel.name,
            "url": channel.shown_url,
            "kinds": channel.kinds,
            "digest": channel.has_digest,
        },
    )
