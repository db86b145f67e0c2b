"""Accounts: who holds one, and how it comes into their hands."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from workspaces.choices import EventKind
from workspaces.exceptions import Invalid
from workspaces.models import Membership, User
from workspaces.permissions import Actor
from workspaces.services.events import record_event

_LONGEST_NAME = 150


def check_password_strength(password: str, *, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid.field("password", "weak_password", " ".join(error.messages)) from None


def set_name(user: User, name: str) -> None:
    """Call a person so; the first word is the first name. Not saved."""
    first_name, _, last_name = name.strip().partition(" ")
    user.first_name, user.last_name = first_name[:_LONGEST_NAME], last_name.strip()[:_LONGEST_NAME]


@transaction.atomic
def take_in_hand(user: User, *, password: str | None) -> None:
    """Give an account to whoever has just shown that its address is theirs.

    Somebody else may have made it and may know its password, or may have put their own second step or
    provider's identity onto it: all of that ends here, and with the password every session that it opened.
    An account that was in its holder's hands before keeps its second step.
    """
    if not user.has_confirmed_address:
        Authenticator.objects.filter(user=user).delete()
        SocialAccount.objects.filter(user=user).delete()
    user.set_password(password)
    user.save(update_fields=["password"])
    confirm_address(user)


def confirm_address(user: User) -> None:
    """Note that the account's address is its holder's, and no other address is."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


@transaction.atomic
def change_address(user_id: int, *, before: str, after: str, at: datetime) -> User | None:
    """Move an account to an address that its holder has confirmed; ``None`` where that is no longer possible.

    It is not where the account has moved on meanwhile, or where the address belongs to another account.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if user.email != before or User.objects.filter(email__iexact=after).exclude(pk=user.pk).exists():
        return None
    user.email = after
    user.save(update_fields=["email"])
    confirm_address(user)
    for membership in Membership.objects.filter(user=user).select_related("workspace", "user"):
        record_event(
            EventKind.MEMBER_READDRESSED,
            by=Actor.of_member(membership),
            at=at,
            subject=("member", membership.pk),
            data={"email": after, "before": before},
        )
    return user
