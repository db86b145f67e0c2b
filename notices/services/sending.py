"""Notices on their way: letters over one connection, messages channel by channel. At least once, each."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from notices.choices import DigestWhen, NoticeKind
from notices.models import Channel, Notice
from notices.selectors import items_of, read_morning, wishes_of
from notices.services.speaking import speak
from notices.services.wishes import DIGEST, EVENTS, stop_token
from workspaces.models import Event, Membership, User
from workspaces.permissions import Actor
from workspaces.services.letters import MAIL_ERRORS, write_letter

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 100
# A post office that answers so is at work and refuses this letter, not every letter.
_ABOUT_THIS_LETTER = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)


WrittenT = TypeVar("WrittenT")


class NothingToSay(Exception):
    """Why a notice is no longer worth sending."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a notice says, to be put into a letter or a message."""

    template: str
    subject: str
    context: Mapping[str, Any]
    language: str
    to: str = ""
    stop_url: str = ""


def due_letters(at: datetime) -> QuerySet[Notice]:
    return Notice.objects.due(at).filter(channel__isnull=True).order_by("next_attempt_at", "id")


def send_letters(*, at: datetime) -> int:
    """Send the letters that are due; return how many left. Survives being called twice at a time.

    A post office that is out of reach is tried once, and all that is due waits as long as the letter that
    found it so: work of other kinds is not held up by asking for each.
    """
    due = list(
        due_letters(at).select_related(
            "workspace", "user", "invitation__workspace", "invitation__invited_by"
        )[:MOST_AT_ONCE]
    )
    sent, connection = 0, get_connection()
    try:
        for notice in due:
            if not notice.claim(at=at):
                continue
            said = _written(notice, partial(_letter, notice, at=at), at=at)
            if said is None:
                continue
            try:
                _post(notice, said, connection)
            except _ABOUT_THIS_LETTER as error:
                notice.settle(f"{type(error).__name__}: {error}", arrived=False, at=at)
            except MAIL_ERRORS as error:
                notice.settle(f"{type(error).__name__}: {error}", arrived=False, at=at)
                if notice.next_attempt_at is not None:
                    due_letters(at).update(next_attempt_at=notice.next_attempt_at)
                break
            else:
                notice.settle("Handed to the mail server.", arrived=True, at=at)
                sent += 1
    finally:
        with suppress(*MAIL_ERRORS):
            connection.close()
    return sent


def channels_due(at: datetime) -> list[int]:
    due = Notice.objects.due(at).filter(channel__isnull=False).order_by("channel")
    return list(due.values_list("channel", flat=True).distinct())


def send_to_channel(channel_id: int, *, at: datetime) -> int:
    """Say in a room what is due there; after the first message that does not arrive the others wait, too."""
    due = Notice.objects.due(at).filter(channel=channel_id).order_by("next_attempt_at", "id")
    sent = 0
    for notice in list(due.select_related("workspace", "channel__created_by")[:MOST_AT_ONCE]):
        channel = notice.channel
        if channel is None or not notice.claim(at=at):
            continue
        message = _written(notice, partial(_message, notice, channel, at=at), at=at)
        if message is None:
            continue
        title, body = message
        problem = speak(channel.url, title=title, body=body)
        notice.settle(problem or "Arrived.", arrived=not problem, at=at)
        if problem:
            if notice.next_attempt_at is not None:
                due.update(next_attempt_at=notice.next_attempt_at)
            break
        sent += 1
    return sent


def _written(notice: Notice, write: Callable[[], WrittenT], *, at: datetime) -> WrittenT | None:
    """What a notice says; ``None`` where it says nothing any more, or cannot be put into words."""
    try:
        return write()
    except NothingToSay as reason:
        _drop(notice, str(reason))
    except Exception:
        # One that cannot be written must not stand in the way of the others.
        logger.exception("The notice %s could not be written.", notice.message_id)
        notice.settle("It could not be written; the log says why.", arrived=False, at=at)
    return None


def _drop(notice: Notice, reason: str) -> None:
    Notice.objects.filter(pk=notice.pk).update(next_attempt_at=None, last_outcome=reason[:300])


def _post(notice: Notice, said: Said, connection: BaseEmailBackend) -> None:
    host = urlsplit(settings.SITE_ADDRESS).hostname or "localhost"
    headers = {"Message-ID": f"<{notice.message_id}@{host}>"}
    if said.stop_url:
        headers |= {
            "List-Unsubscribe": f"<{said.stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    with override(said.language):
        letter = write_letter(
            said.template,
            to=said.to,
            subject=said.subject,
            context=said.context,
            headers=headers,
            connection=connection,
        )
    connection.open()
    letter.send()


def _letter(notice: Notice, *, at: datetime) -> Said:
    if notice.invitation is not None:
        return _invitation(notice, at=at)
    # Whoever has left, or was shut out, hears nothing more.
    membership = (
        Membership.objects.of(notice.workspace)
        .filter(user=notice.user_id, user__is_active=True)
        .select_related("user", "workspace")
        .first()
    )
    if membership is None:
        raise NothingToSay("They are no longer a member.")
    wishes = wishes_of(membership)
    language = membership.user.letters_in
    with timezone.override(notice.workspace.tz), override(language):
        if notice.day is not None:
            if wishes.digest == DigestWhen.NEVER:
                raise NothingToSay("They no longer want it.")
            actor = Actor.of_member(membership)
            said = _digest(notice, actor, is_always=wishes.digest == DigestWhen.ALWAYS, at=at)
            what = DIGEST
        else:
            said = _news(notice, wanted=wishes.kinds)
            what = EVENTS
    stop_url = f"{settings.SITE_ADDRESS}{reverse('notices_stop', args=[stop_token(membership, what)])}"
    wishes_url = f"{settings.SITE_ADDRESS}{reverse('notices', args=[notice.workspace.slug])}"
    return Said(
        template=said.template,
        subject=said.subject,
        context={**said.context, "stop_url": stop_url, "wishes_url": wishes_url},
        language=language,
        to=membership.user.email,
        stop_url=stop_url,
    )


def _invitation(notice: Notice, *, at: datetime) -> Said:
    invitation = notice.invitation
    if invitation is None or not invitation.is_open(at):
        raise NothingToSay("The invitation is over.")
    link = f"{settings.SITE_ADDRESS}{reverse('join', args=[invitation.token(by_letter=True)])}"
    # Whom nobody knows yet reads most likely what their team reads.
    known = User.objects.filter(email=invitation.email).exclude(language="").first()
    language = (known or invitation.invited_by).letters_in
    with override(language):
        subject = _("{person} invites you to {workspace}").format(
            person=invitation.invited_by, workspace=invitation.workspace
        )
    return Said(
        template="invitation",
        subject=subject,
        context={"invitation": invitation, "link": link},
        language=language,
        to=invitation.email,
    )


def _news(notice: Notice, *, wanted: Sequence[str]) -> Said:
    workspace = notice.workspace
    events = Event.objects.of(workspace).filter(pk__in=notice.event_ids).order_by("sequence")
    items = items_of([event for event in events if NoticeKind.of(event) in wanted], workspace=workspace)
    if not items:
        raise NothingToSay("They no longer want it.")
    more = len(items) - 1
    subject = items[0].title
    if more:
        subject += " " + ngettext("And {number} more.", "And {number} more.", more).format(number=more)
    return Said(
        template="news",
        subject=subject,
        context={"workspace": workspace, "items": items},
        language=get_language() or settings.LANGUAGE_CODE,
    )


def _digest(notice: Notice, actor: Actor, *, is_always: bool, at: datetime) -> Said:
    workspace = notice.workspace
    morning = read_morning(workspace, by=actor, at=at)
    if not morning.needs_somebody and not is_always:
        raise NothingToSay("Nothing waits for anybody.")
    return Said(
        template="digest",
        subject=f"{workspace}: {morning.headline}",
        context={"workspace": workspace, "morning": morning, "day": notice.day},
        language=get_language() or settings.LANGUAGE_CODE,
    )


def _message(notice: Notice, channel: Channel, *, at: datetime) -> tuple[str, str]:
    """Title and text for a room: the same words as in a letter, in the language of whoever added it."""
    workspace = notice.workspace
    with timezone.override(workspace.tz), override(channel.created_by.letters_in):
        if notice.day is None:
            said = _news(notice, wanted=channel.kinds)
            return f"{workspace}: {said.subject}", _lines(said.context["items"])
        # A room has no role of its own: what waits there, waits for others.
        said = _digest(notice, Actor.quickno(workspace), is_always=False, at=at)
        morning = said.context["morning"]
        return said.subject, _lines([*morning.items, *morning.sprints])


def _lines(items: Sequence[Any]) -> str:
    blocks = []
    for item in items:
        quote = [_("“{quote}”").format(quote=item.quote)] if item.quote else []
        blocks.append("\n".join([item.title, *quote, *item.facts, f"{settings.SITE_ADDRESS}{item.url}"]))
    return "\n\n".join(blocks)
