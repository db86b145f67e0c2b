"""Inviting people by link, and joining by it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from workspaces.choices import EventKind, Role
from workspaces.exceptions import NotFound, Refused
from workspaces.models import Invitation, Membership, User, Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services.accounts import check_password_strength, set_name, take_in_hand
from workspaces.services.events import record_event
from workspaces.services.members import checked_address

MOST_PENDING = 200


@transaction.atomic
def invite(*, email: str, role: Role, by: Actor, at: datetime) -> Invitation:
    """Let somebody join by a link. The answer is the same whether or not the address has an account."""
    by.require(Permission.MANAGE_MEMBERS)
    email = checked_address(email)
    # The lock makes the counts true.
    workspace = Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    if Membership.objects.of(workspace).filter(user__email__iexact=email).exists():
        raise Refused(
            "already_member", _("{email} is a member already. Change the role instead.").format(email=email)
        )
    pending = Invitation.objects.of(workspace).pending()
    if pending.filter(email=email).exists():
        raise Refused(
            "already_invited",
            _("{email} is invited already. Send that invitation again, or withdraw it.").format(email=email),
        )
    if pending.count() >= MOST_PENDING:
        raise Refused(
            "too_many_invitations",
            _("{number} invitations wait already. Withdraw some first.").format(number=MOST_PENDING),
        )
    invitation = Invitation(workspace=workspace, email=email, role=role, invited_by=by.person)
    return _send(invitation, by=by, at=at)


@transaction.atomic
def send_again(invitation_id: int, *, by: Actor, at: datetime) -> Invitation:
    """A new link for another week, in the name of whoever sends it; the links so far open nothing more."""
    by.require(Permission.MANAGE_MEMBERS)
    invitation = _pending(invitation_id, by=by)
    invitation.invited_by = by.person
    return _send(invitation, by=by, at=at)


@transaction.atomic
def withdraw_invitation(invitation_id: int, *, by: Actor, at: datetime) -> Invitation:
    by.require(Permission.MANAGE_MEMBERS)
    invitation = _pending(invitation_id, by=by)
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at"])
    record_event(
        EventKind.INVITATION_WITHDRAWN,
        by=by,
        at=at,
        subject=("invitation", invitation.pk),
        data={"email": invitation.email, "role": invitation.role},
    )
    return invitation


@transaction.atomic
def join(invitation_id: int, user: User, *, at: datetime) -> Membership:
    """Make the person whom an invitation names a member. Whoever calls knows that it is them."""
    invitation = _locked_open(invitation_id, at=at)
    if not invitation.is_for(user.email):
        raise Refused("another_person", _("This invitation is for {email}.").format(email=invitation.email))
    if not user.is_in_its_holders_hands:
        raise Refused(
            "unconfirmed_address",
            _("Nobody has shown yet that {email} is theirs. Open the letter's link.").format(
                email=user.email
            ),
        )
    return _enter(invitation, user, at=at)


@transaction.atomic
def join_by_letter(invitation_id: int, *, name: str, password: str, at: datetime) -> Membership:
    """Join with a new password by the letter's link, which shows that the address is theirs.

    An account that somebody else has made for that address comes into its holder's hands. One that is there
    already is not opened by a letter: its holder signs in.
    """
    invitation = _locked_open(invitation_id, at=at)
    user = User.objects.select_for_update().filter(email__iexact=invitation.email).first()
    check_password_strength(password, user=user or User(email=invitation.email))
    if user is None:
        user = User.objects.create_user(invitation.email)
    elif user.has_confirmed_address:
        raise Refused("has_account", _("{email} has an account. Sign in to join.").format(email=user.email))
    take_in_hand(user, password=password)
    if name.strip():
        set_name(user, name)
        user.save(update_fields=["first_name", "last_name"])
    return _enter(invitation, user, at=at)


@transaction.atomic
def join_by_hand(invitation_id: int, *, name: str, password: str, at: datetime) -> Membership | None:
    """Join with a new account by a link that was passed on; it shows nothing about the address.

    Where the address has an account nothing happens, and it takes as long: ``None``.
    """
    invitation = _locked_open(invitation_id, at=at)
    stranger = User(email=invitation.email)
    set_name(stranger, name)
    check_password_strength(password, user=stranger)
    if User.objects.filter(email__iexact=invitation.email).exists():
        stranger.set_password(password)
        return None
    user = User.objects.create_user(
        invitation.email, password, first_name=stranger.first_name, last_name=stranger.last_name
    )
    return _enter(invitation, user, at=at)


def _send(invitation: Invitation, *, by: Actor, at: datetime) -> Invitation:
    invitation.renew(at=at)
    invitation.save()
    # The letter is made of this event, like every other notice.
    record_event(
        EventKind.INVITATION_SENT,
        by=by,
        at=at,
        subject=("invitation", invitation.pk),
        data={"email": invitation.email, "role": invitation.role},
    )
    return invitation


def _pending(invitation_id: int, *, by: Actor) -> Invitation:
    # The workspace is locked first, as whoever joins does.
    workspace = Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    invitation = Invitation.objects.of(workspace).pending().filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound(_("There is no such invitation here, or it was accepted or withdrawn."))
    invitation.workspace = workspace
    return invitation


def _locked_open(invitation_id: int, *, at: datetime) -> Invitation:
    """The invitation, with its workspace's row locked: of several who click at once, one comes in."""
    workspace_id = Invitation.objects.values_list("workspace", flat=True).get(pk=invitation_id)
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    invitation = Invitation.objects.of(workspace).select_related("invited_by").get(pk=invitation_id)
    invitation.workspace = workspace
    inviter = Membership.objects.of(workspace).filter(user=invitation.invited_by).first()
    may_invite = inviter is not None and Role(inviter.role).includes(Permission.MANAGE_MEMBERS.role)
    if not invitation.is_open(at) or not may_invite:
        raise Refused("invitation_closed", _("This invitation is over. Ask for a new one."))
    return invitation


def _enter(invitation: Invitation, user: User, *, at: datetime) -> Membership:
    invitation.accepted_at, invitation.accepted_by = at, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    known = Membership.objects.of(invitation.workspace).filter(user=user).select_related("workspace").first()
    if known is not None:
        # Added at the server's console meanwhile: with the role that was said last.
        return known
    membership = Membership.objects.create(
        workspace=invitation.workspace, user=user, role=invitation.role, joined_at=at
    )
    record_event(
        EventKind.MEMBER_JOINED,
        by=Actor.of_member(membership),
        at=at,
        subject=("member", membership.pk),
        data={"email": user.email, "role": invitation.role, "invited_by": str(invitation.invited_by)},
    )
    return membership
