"""People in a workspace."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from workspaces.choices import EventKind, Role
from workspaces.exceptions import Invalid, NotFound, Refused
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services.accounts import check_password_strength, set_name
from workspaces.services.basis import require_unchanged
from workspaces.services.events import record_event

# A refusal repeats no more of what was given.
LONGEST_SHOWN = 100


def find_or_create_user(
    *, email: str, password: str | None, name: str = "", at_console: bool = False
) -> User:
    """The person with that address; a new one gets the password.

    Nothing about a known person's account changes. Whoever made it may still know its password, so it opens
    no further workspace before its holder has shown that the address is theirs. On the server's console
    (``at_console``) giving the account's own password shows as much.
    """
    email = checked_address(email)
    known = User.objects.filter(email__iexact=email).first()
    if known is not None:
        if at_console and password is not None and known.check_password(password):
            return known
        if password is not None:
            raise Invalid.field(
                "password",
                "known_person",
                _(
                    "{email} has an account already, and its password stays as it is. Leave the password out."
                ).format(email=known.email),
            )
        if not known.is_in_its_holders_hands:
            raise Refused(
                "unconfirmed_address",
                _(
                    "{email} has an account already, but nobody has shown yet that the address is theirs. "
                    "Invite them instead: the letter's link shows that it is."
                ).format(email=known.email),
            )
        return known
    if password is not None:
        check_password_strength(password)
    user = User(email=email)
    set_name(user, name)
    return User.objects.create_user(email, password, first_name=user.first_name, last_name=user.last_name)


def checked_address(email: str) -> str:
    email = email.strip().lower()
    try:
        User._meta.get_field("email").run_validators(email)  # noqa: SLF001 - the documented way to a field
    except ValidationError:
        shown = email if len(email) <= LONGEST_SHOWN else f"{email[:LONGEST_SHOWN]}…"
        raise Invalid.field(
            "email", "invalid_email", _("“{email}” is not an e-mail address.").format(email=shown)
        ) from None
    if not email:
        raise Invalid.field("email", "invalid_email", _("Give an e-mail address."))
    return email


@transaction.atomic
def add_member(
    *,
    email: str,
    role: Role,
    password: str | None = None,
    name: str = "",
    by: Actor,
    at: datetime,
    at_console: bool = False,
) -> Membership:
    """Make a person a member; a person unknown so far gets an account with that password."""
    by.require(Permission.MANAGE_MEMBERS)
    member = Membership.objects.of(by.workspace).filter(user__email__iexact=email.strip()).first()
    if member is not None:
        raise Refused(
            "already_member",
            _("{email} is a member already. Change the role instead.").format(email=member.user.email),
        )
    user = find_or_create_user(email=email, password=password, name=name, at_console=at_console)
    membership = Membership.objects.create(workspace=by.workspace, user=user, role=role, joined_at=at)
    record_event(
        EventKind.MEMBER_ADDED,
        by=by,
        at=at,
        subject=("member", membership.pk),
        data={"email": user.email, "role": role},
    )
    return membership


def _locked_membership(membership_id: int, *, by: Actor) -> Membership:
    # The workspace is locked first: two owners who demote each other must not both succeed.
    Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    membership = (
        Membership.objects.of(by.workspace)
        .filter(pk=membership_id)
        .select_related("user", "workspace")
        .first()
    )
    if membership is None:
        raise NotFound(_("There is no such member here."))
    return membership


def _refuse_to_lose_the_last_owner(membership: Membership) -> None:
    others = Membership.objects.of(membership.workspace).filter(role=Role.OWNER).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not others.exists():
        raise Refused("last_owner", _("A workspace needs an owner. Make somebody else an owner first."))


def show_first_steps(membership: Membership, *, shown: bool) -> None:
    """Whether the first page leads this person through the first steps; their own wish."""
    Membership.objects.filter(pk=membership.pk).update(sees_first_steps=shown)


@transaction.atomic
def change_role(
    membership_id: int, *, role: Role, basis: str | None = None, by: Actor, at: datetime
) -> Membership:
    """``basis``: the role that was shown to whoever chose this one (``basis_of`` it), if that matters."""
    by.require(Permission.MANAGE_MEMBERS)
    membership = _locked_membership(membership_id, by=by)
    if membership.role == role:
        return membership
    require_unchanged(
        {"role": membership.role},
        basis=basis,
        subject=("member", membership.pk),
        kinds=(EventKind.MEMBER_ADDED, EventKind.MEMBER_JOINED, EventKind.MEMBER_CHANGED),
        by=by,
    )
    _refuse_to_lose_the_last_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    record_event(
        EventKind.MEMBER_CHANGED,
        by=by,
        at=at,
        subject=("member", membership.pk),
        data={"email": membership.user.email, "before": before, "after": role},
    )
    return membership


@transaction.atomic
def remove_member(membership_id: int, *, by: Actor, at: datetime) -> None:
    """End a membership. What the person did keeps their name; keys that act for them stop working."""
    by.require(Permission.MANAGE_MEMBERS)
    membership = _locked_membership(membership_id, by=by)
    _refuse_to_lose_the_last_owner(membership)
    record_event(
        EventKind.MEMBER_REMOVED,
        by=by,
        at=at,
        subject=("member", membership.pk),
        data={"email": membership.user.email, "role": membership.role},
    )
    membership.delete()
