"""A form of a page does what it is sent for once, however often it is sent."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from workspaces.models import SentForm, User, Workspace

# Who goes back and saves again does so within minutes.
TWIN_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sending:
    """A form that somebody sends: whose it is, which one, and what is filled in."""

    workspace: Workspace
    user: User
    token: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a form has led. ``is_same``: whether it was filled in as it is now."""

    url: str
    is_repetition: bool
    is_same: bool = True


def fingerprint_of_form(path: str, fields: Iterable[tuple[str, Iterable[str]]]) -> str:
    """SHA-256 (hex) of what makes two sendings of a form the same."""
    digest = hashlib.sha256()
    for name, values in [("", [path]), *sorted((name, list(values)) for name, values in fields)]:
        for part in (name, str(len(values)), *values):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()


def find_landing(sending: Sending) -> Landing | None:
    """Where this form has led already."""
    sent = SentForm.objects.of(sending.workspace).filter(user=sending.user, token=sending.token).first()
    return None if sent is None else _again(sent, sending)


def find_twin(sending: Sending, *, at: datetime) -> str | None:
    """Where another form of this person that says the same has just led: the page may have been read anew."""
    twins = SentForm.objects.of(sending.workspace).filter(
        user=sending.user, fingerprint=sending.fingerprint, sent_at__gt=at - TWIN_WITHIN
    )
    twin = twins.exclude(token=sending.token).order_by("-sent_at").first()
    return None if twin is None else twin.url


def send_once(
    sending: Sending, *, at: datetime, work: Callable[[], str], in_one_transaction: bool = True
) -> Landing:
    """Do ``work``, which returns the page to go to, unless this form has done it.

    The work and the record that it was done are one transaction: a refusal leaves the form as good as new,
    and of two that come at once the second waits and is led to where the first one went. Work that commits by
    itself cannot be ``in_one_transaction``; it must survive being asked for twice by its own means.
    """
    if not in_one_transaction:
        url = work()
        sent, is_first = _claim(sending, url=url, at=at)
        return Landing(url, is_repetition=False) if is_first else _again(sent, sending)
    with transaction.atomic():
        sent, is_first = _claim(sending, url="", at=at)
        if not is_first:
            return _again(sent, sending)
        sent.url = work()
        sent.save(update_fields=["url"])
    return Landing(sent.url, is_repetition=False)


def _claim(sending: Sending, *, url: str, at: datetime) -> tuple[SentForm, bool]:
    return SentForm.objects.get_or_create(
        workspace=sending.workspace,
        user=sending.user,
        token=sending.token,
        defaults={"fingerprint": sending.fingerprint, "url": url, "sent_at": at},
    )


def _again(sent: SentForm, sending: Sending) -> Landing:
    return Landing(sent.url, is_repetition=True, is_same=sent.fingerprint == sending.fingerprint)


def forget_sent_forms(*, at: datetime) -> int:
    """Delete what no open tab is likely to send again; return how many there were."""
    deleted, _ = SentForm.objects.all().expired(at).delete()
    return deleted
