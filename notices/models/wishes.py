"""What a person wants to hear of from a workspace."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from notices.choices import DigestWhen, NoticeKind
from workspaces.choices import Role
from workspaces.models import Membership, TenantModel, TenantQuerySet


class Wishes(TenantModel):
    """A member's choice; whoever has not chosen gets what their role usually wants."""

    user = models.ForeignKey("workspaces.User", on_delete=models.CASCADE, related_name="+")
    kinds = models.JSONField(default=list, blank=True)
    digest = models.CharField(max_length=10, choices=DigestWhen, default=DigestWhen.NEEDED)

    objects = models.Manager.from_queryset(TenantQuerySet["Wishes"])()

    class Meta:
        verbose_name_plural = "wishes"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user"], name="wishes_once_per_person"),
            models.CheckConstraint(condition=Q(digest__in=DigestWhen.values), name="wishes_digest_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {', '.join(self.kinds) or 'nothing'}"

    @classmethod
    def usual(cls, membership: Membership) -> Self:
        """A viewer looks when they want to; everybody else is told."""
        works = Role(membership.role).includes(Role.MARKETER)
        return cls(
            workspace_id=membership.workspace_id,
            user_id=membership.user_id,
            kinds=list(NoticeKind.values) if works else [],
            digest=DigestWhen.NEEDED if works else DigestWhen.NEVER,
        )
