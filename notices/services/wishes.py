"""Choosing what to hear of, and stopping it by a letter's link."""

from collections.abc import Iterable

from django.core import signing
from django.db import transaction

from notices.choices import DigestWhen, NoticeKind
from notices.models import Wishes
from notices.selectors import wishes_of
from workspaces.models import Membership, User

_SALT = "notices.stop"
EVENTS, DIGEST = "events", "digest"


def choose(membership: Membership, *, kinds: Iterable[NoticeKind], digest: DigestWhen) -> None:
    Wishes.objects.update_or_create(
        workspace_id=membership.workspace_id,
        user_id=membership.user_id,
        defaults={"kinds": sorted(kinds), "digest": digest},
    )


def stop_token(membership: Membership, what: str) -> str:
    """What the address that stops a sort of letters ends in: good for this person and workspace, for ever."""
    return signing.Signer(salt=_SALT).sign_object([membership.workspace_id, membership.user_id, what])


def find_to_stop(token: str) -> tuple[Membership, str] | None:
    """Whose letters of which sort a link stops."""
    try:
        workspace_id, user_id, what = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    members = Membership.objects.of(workspace_id).filter(user=user_id)
    membership = members.select_related("workspace", "user").first()
    return None if membership is None else (membership, what)


@transaction.atomic
def stop(membership: Membership, what: str) -> None:
    """End a sort of letters. Doing it twice changes nothing."""
    User.objects.select_for_update().get(pk=membership.user_id)
    wishes = wishes_of(membership)
    choose(
        membership,
        kinds=[] if what == EVENTS else [NoticeKind(kind) for kind in wishes.kinds],
        digest=DigestWhen.NEVER if what == DIGEST else DigestWhen(wishes.digest),
    )
