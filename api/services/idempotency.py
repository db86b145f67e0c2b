"""The same POST twice does its work once and hears the same answer twice."""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from api.choices import RequestState
from api.exceptions import Invalid, Refused
from api.models import IdempotentRequest
from api.models.idempotency import KEPT_FOR, STALE_AFTER
from workspaces.models import Workspace

LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client hears: status, the body as text and the headers that belong to it."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


def fingerprint_of(method: str, path: str, content_type: str, body: bytes) -> str:
    """SHA-256 (hex) of what makes two requests the same."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), content_type.encode(), body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _check_key(key: str) -> None:
    if not key.strip() or len(key) > LONGEST_KEY or not key.isprintable():
        raise Invalid(
            "invalid_idempotency_key", f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters."
        )


def _claim(
    workspace: Workspace, *, actor: str, key: str, fingerprint: str, at: datetime
) -> tuple[IdempotentRequest, bool]:
    """The request's row, and whether the caller is the one to do the work."""
    row, is_new = IdempotentRequest.objects.get_or_create(
        workspace=workspace,
        actor=actor,
        key=key,
        defaults={"fingerprint": fingerprint, "created_at": at, "claimed_at": at},
    )
    if is_new:
        return row, True
    forgotten = row.created_at <= at - KEPT_FOR
    if not forgotten and row.fingerprint != fingerprint:
        raise Invalid(
            "idempotency_mismatch",
            "This Idempotency-Key was used for another request. Take a new key, or send that request again.",
        )
    abandoned = row.state == RequestState.UNDER_WAY and row.claimed_at <= at - STALE_AFTER
    if not forgotten and not abandoned:
        return row, False
    # Compare and set: of several who find it, one takes it over.
    taken = IdempotentRequest.objects.filter(pk=row.pk, state=row.state, claimed_at=row.claimed_at).update(
        fingerprint=fingerprint,
        state=RequestState.UNDER_WAY,
        created_at=at if forgotten else row.created_at,
        claimed_at=at,
        status=None,
        body="",
        headers={},
    )
    row.refresh_from_db()
    return row, bool(taken)


def _record(row: IdempotentRequest, answer: Answer) -> None:
    """Keep the answer, unless somebody has taken the work over meanwhile."""
    kept = IdempotentRequest.objects.filter(
        pk=row.pk, state=RequestState.UNDER_WAY, claimed_at=row.claimed_at
    ).update(state=RequestState.ANSWERED, status=answer.status, body=answer.body, headers=answer.headers)
    if not kept:
        raise _under_way()


def _under_way() -> Refused:
    return Refused(
        "request_under_way",
        "The first request with this Idempotency-Key is still under way. Ask again shortly.",
    )


def _give_up(row: IdempotentRequest) -> None:
    IdempotentRequest.objects.filter(
        pk=row.pk, state=RequestState.UNDER_WAY, claimed_at=row.claimed_at
    ).delete()


def answer_once(
    workspace: Workspace,
    *,
    actor: str,
    key: str,
    fingerprint: str,
    at: datetime,
    work: Callable[[], Answer],
    refuse: Callable[[Exception], Answer],
    in_one_transaction: bool = True,
) -> tuple[Answer, bool]:
    """Do ``work`` unless it was done; return the answer, and whether it is a repetition.

    The work and the record of its answer are one transaction: a process that dies in between has done
    nothing, and the next to ask does it. Work that commits by itself cannot be ``in_one_transaction``; it
    must survive being done twice by its own means. ``refuse`` makes the answer of a refusal, which is kept as
    well; whatever it cannot explain, it raises, and the key is free again.
    """
    _check_key(key)
    row, is_mine = _claim(workspace, actor=actor, key=key, fingerprint=fingerprint, at=at)
    if row.state == RequestState.ANSWERED and row.status is not None:
        return Answer(status=row.status, body=row.body, headers=row.headers), True
    if not is_mine:
        raise _under_way()
    try:
        with transaction.atomic() if in_one_transaction else nullcontext():
            answer = work()
            _record(row, answer)
    except Exception as error:  # noqa: BLE001, refuse() raises what it does not know
        try:
            answer = refuse(error)
            _record(row, answer)
        except Exception:
            _give_up(row)
            raise
    return answer, False


def forget_answers(*, at: datetime) -> int:
    """Delete what is older than a client may rely on; return how many there were."""
    deleted, _ = IdempotentRequest.objects.all().expired(at).delete()
    return deleted
