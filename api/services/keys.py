"""Making and revoking API keys."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from api.exceptions import FieldError, Invalid, NotFound
from api.models import ApiKey
from api.models.key import hash_of
from workspaces.choices import EventKind, Scope
from workspaces.models import Membership, User
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

SECRET_BYTES = 32
PREFIX_LENGTH = 8
LONGEST_NAME = 100


def _known_scopes(scopes: Iterable[str]) -> list[str]:
    """In the order of ``Scope``, each once."""
    asked = list(scopes)
    known = [scope.value for scope in Scope if scope.value in asked]
    unknown = [scope for scope in asked if scope not in Scope.values]
    choice = _("Choose out of {scopes}.").format(scopes=", ".join(Scope.values))
    if unknown:
        raise Invalid(
            "unknown_scope",
            f"{_no_scope(unknown)} {choice}",
            errors=[
                FieldError(code="unknown_scope", message=f"{_no_scope([scope])} {choice}", field="scopes")
                for scope in unknown
            ],
        )
    if not known:
        raise Invalid.field(
            "scopes", "no_scope", _("A key without a scope can do nothing. {choice}").format(choice=choice)
        )
    return known


def _no_scope(unknown: Iterable[str]) -> str:
    return _("There is no scope {scopes}.").format(scopes=", ".join(f"“{scope}”" for scope in unknown))


def require_key_of(person: User, *, by: Actor) -> None:
    """Whoever plans has keys of their own; those that act for somebody else take an owner."""
    by.require(Permission.MANAGE_KEYS)
    if person != by.user:
        by.require(Permission.MANAGE_MEMBERS)


@transaction.atomic
def create_key(
    *, name: str, scopes: Iterable[str], for_user: User, by: Actor, at: datetime, at_console: bool = False
) -> tuple[ApiKey, str]:
    """Make a key that acts for a member; return it with its secret, which is shown this once.

    Anybody who plans may have keys of their own. A key that acts for somebody else takes an owner. On the
    server's console (``at_console``) an owner's name is only borrowed: there the key counts as made by the
    person for whom it acts.
    """
    require_key_of(for_user, by=by)
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid.field(
            "name",
            "invalid_name",
            _("Name the key in 1 to {number} characters.").format(number=LONGEST_NAME),
        )
    known = _known_scopes(scopes)
    if not Membership.objects.of(by.workspace).filter(user=for_user).exists():
        raise Invalid.field(
            "for",
            "not_a_member",
            _("{email} is not a member of {workspace}.").format(email=for_user.email, workspace=by.workspace),
        )
    secret = f"qn_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        workspace=by.workspace,
        name=name,
        user=for_user,
        prefix=secret[:PREFIX_LENGTH],
        secret_hash=hash_of(secret),
        scopes=known,
        created_at=at,
        created_by=for_user if at_console else by.person,
    )
    record_event(
        EventKind.KEY_CREATED,
        by=by,
        at=at,
        subject=("api_key", key.pk),
        data={"name": name, "prefix": key.prefix, "scopes": known, "for": for_user.email},
    )
    return key, secret


@transaction.atomic
def revoke_key(key_id: int, *, by: Actor, at: datetime) -> ApiKey:
    """End a key for good. Whoever may make keys ends their own; another person's takes an owner.

    Doing it twice changes nothing.
    """
    key = ApiKey.objects.of(by.workspace).select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key here."))
    require_key_of(key.user, by=by)
    if not key.is_revoked:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
        record_event(
            EventKind.KEY_REVOKED,
            by=by,
            at=at,
            subject=("api_key", key.pk),
            data={"name": key.name, "prefix": key.prefix, "for": key.user.email},
        )
    return key
