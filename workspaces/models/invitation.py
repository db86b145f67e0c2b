"""An invitation into a workspace, by a link that opens it once."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.core import signing
from django.db import models
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from workspaces.choices import Role
from workspaces.models.workspace import TenantModel, TenantQuerySet

OPEN_FOR = timedelta(days=7)
_SALT = "workspaces.invitation"


class InvitationQuerySet(TenantQuerySet["Invitation"]):
    def pending(self) -> Self:
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)

    def open(self, at: datetime) -> Self:
        """Those by which somebody can come in now."""
        return self.pending().filter(expires_at__gt=at)

    def found_by(self, token: str) -> "tuple[Invitation, bool] | None":
        """The invitation of a link, whatever became of it, and whether the link came by letter."""
        try:
            pk, nonce, by_letter = signing.Signer(salt=_SALT).unsign_object(token)
        except (signing.BadSignature, ValueError):
            return None
        invitation = self.select_related("workspace", "invited_by").filter(pk=pk).first()
        if invitation is None or not constant_time_compare(invitation.nonce, str(nonce)):
            return None
        return invitation, bool(by_letter)


class Invitation(TenantModel):
    """An address that may join with a role. Its link is signed and made anew each time it is sent.

    There are two links to it. The one in the letter is seen by nobody but the reader of that mailbox, and so
    shows that the address is theirs. The one that the inviter is shown, to pass on by hand, shows nothing.
    """

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    invited_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # What a link must bring; a new one makes the links so far worthless.
    nonce = models.CharField(max_length=43, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(InvitationQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_waits_once_per_address",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_is_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="invitation_ends_in_one_way",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["email"], name="invitation_by_address")]
        ordering: ClassVar = ["invited_at", "id"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_pending(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None

    def is_open(self, at: datetime) -> bool:
        return self.is_pending and at < self.expires_at

    def is_for(self, email: str) -> bool:
        return self.email == email.lower()

    def renew(self, *, at: datetime) -> None:
        """Let it be open for a week from now, by new links only."""
        self.nonce = secrets.token_urlsafe(32)
        self.invited_at, self.expires_at = at, at + OPEN_FOR

    def token(self, *, by_letter: bool) -> str:
        """What its address ends in. Worked out from the key of this server, so it is stored nowhere."""
        return signing.Signer(salt=_SALT).sign_object([self.pk, self.nonce, int(by_letter)])
