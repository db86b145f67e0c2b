"""Making notices of what happened, and of a workspace's morning: once each, whoever dies in between."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from notices.choices import WATCHED, DigestWhen, NoticeKind
from notices.models import Channel, Notice, NoticeCursor, Wishes
from notices.selectors import wishes_of_all
from sprints.models import Reallocation
from sprints.selectors.today import waits_for
from workspaces.choices import EventKind
from workspaces.models import Event, Membership, Workspace
from workspaces.permissions import Actor, Permission

# Events that one workspace's notices are made of in one go.
MOST_EVENTS = 1000
# What is older is no news: an installation that was off for a week does not write about all of it.
NEWS_FOR = timedelta(hours=24)
# When a workspace's morning begins, by its own clock.
MORNING_HOUR = 7


def plan_notices(*, at: datetime) -> int:
    """Make the notices of every published event that people or channels want; return how many."""
    behind = Workspace.objects.filter(last_event_sequence__gt=0).exclude(
        pk__in=NoticeCursor.objects.filter(after_sequence=F("workspace__last_event_sequence")).values(
            "workspace"
        )
    )
    return sum(_plan_events(pk, at=at) for pk in list(behind.order_by("pk").values_list("pk", flat=True)))


def plan_digests(*, at: datetime) -> int:
    """Make the digests of every workspace whose morning has come and that has none of today yet."""
    made = 0
    for workspace in Workspace.objects.order_by("pk"):
        local = at.astimezone(workspace.tz)
        if local.hour >= MORNING_HOUR:
            made += _plan_morning(workspace, at=at)
    return made


def _locked_cursor(workspace: Workspace) -> NoticeCursor:
    """The lock makes one planner at a time of each workspace, and its commit moves cursor and notices on."""
    NoticeCursor.objects.get_or_create(workspace=workspace)
    return NoticeCursor.objects.select_for_update().get(workspace=workspace)


@transaction.atomic
def _plan_events(workspace_id: int, *, at: datetime) -> int:
    workspace = Workspace.objects.get(pk=workspace_id)
    cursor = _locked_cursor(workspace)
    passed = Event.objects.of(workspace).after(cursor.after_sequence).order_by("sequence")
    last = passed[:MOST_EVENTS].values_list("sequence", flat=True)
    until = max((sequence for sequence in last if sequence is not None), default=None)
    if until is None:
        return 0
    news = list(passed.filter(sequence__lte=until, kind__in=WATCHED, at__gt=at - NEWS_FOR))
    cursor.after_sequence = until
    cursor.save(update_fields=["after_sequence"])
    made = [
        *_to_people(workspace, news),
        *_to_channels(workspace, news),
        *_invitations(workspace, news),
    ]
    return _make(made, at=at)


def _to_people(workspace: Workspace, news: Sequence[Event]) -> list[Notice]:
    told = [(kind, event) for event in news if (kind := NoticeKind.of(event)) is not None]
    if not told or not settings.MAIL_IS_SET_UP:
        return []
    notices = []
    for member, wishes in wishes_of_all(workspace):
        wanted = _wanted(member, wishes, told)
        if wanted:
            notices.append(_about(workspace, wanted, user=member.user))
    return notices


def _wanted(member: Membership, wishes: Wishes, told: Sequence[tuple[NoticeKind, Event]]) -> list[Event]:
    """The events for a member; plans only for those whose yes they wait for."""
    actor = Actor.of_member(member)
    plans = [event.subject_id for kind, event in told if kind == NoticeKind.PLAN_WAITING]
    mine: set[str] = set()
    if plans and actor.can(Permission.APPROVE):
        mine_to_say = waits_for(member.user, may_approve=True, may_apply=actor.can(Permission.APPLY))
        waiting = Reallocation.objects.of(member.workspace_id).filter(mine_to_say, pk__in=plans)
        mine = {str(pk) for pk in waiting.values_list("pk", flat=True)}
    return [
        event
        for kind, event in told
        if kind in wishes.kinds and (kind != NoticeKind.PLAN_WAITING or event.subject_id in mine)
    ]


def _to_channels(workspace: Workspace, news: Sequence[Event]) -> list[Notice]:
    notices = []
    for channel in Channel.objects.of(workspace):
        wanted = [
            event
            for event in news
            if NoticeKind.of(event) in channel.kinds and event.at >= channel.created_at
        ]
        if wanted:
            notices.append(_about(workspace, wanted, channel=channel))
    return notices


def _invitations(workspace: Workspace, news: Sequence[Event]) -> list[Notice]:
    if not settings.MAIL_IS_SET_UP:
        return []
    return [
        _about(workspace, [event], invitation_id=int(event.subject_id))
        for event in news
        if event.kind == EventKind.INVITATION_SENT
    ]


def _about(workspace: Workspace, events: Sequence[Event], **to: object) -> Notice:
    return Notice(workspace=workspace, event=events[0], event_ids=[event.pk for event in events], **to)


@transaction.atomic
def _plan_morning(workspace: Workspace, *, at: datetime) -> int:
    today = workspace.local_day(at)
    if NoticeCursor.objects.filter(workspace=workspace, digest_on__gte=today).exists():
        return 0
    cursor = _locked_cursor(workspace)
    if cursor.digest_on is not None and cursor.digest_on >= today:
        return 0
    cursor.digest_on = today
    cursor.save(update_fields=["digest_on"])
    readers = wishes_of_all(workspace) if settings.MAIL_IS_SET_UP else []
    made = [
        Notice(workspace=workspace, user=member.user, day=today)
        for member, wishes in readers
        if wishes.digest != DigestWhen.NEVER
    ]
    channels = Channel.objects.of(workspace).filter(has_digest=True)
    made += [Notice(workspace=workspace, channel=channel, day=today) for channel in channels]
    return _make(made, at=at)


def _make(notices: Sequence[Notice], *, at: datetime) -> int:
    for notice in notices:
        notice.message_id = f"notice-{secrets.token_hex(16)}"
        notice.created_at = notice.next_attempt_at = at
    return len(Notice.objects.bulk_create(notices))
