"""Who may do what: one table, asked by every service, shown by every page."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workspaces.choices import Role, Scope
from workspaces.exceptions import NotAllowed
from workspaces.models import Membership, User, Workspace


class Permission(Enum):
    """A kind of act: the role it takes, and the scope that lets a key do it (``None``: no key ever)."""

    READ = (Role.VIEWER, Scope.READ, _("see this workspace"))
    POST_METRICS = (Role.MARKETER, Scope.METRICS_WRITE, _("post metrics"))
    PLAN = (Role.MARKETER, Scope.PLAN_WRITE, _("plan, launch, stop and decide"))
    PROPOSE = (Role.MARKETER, Scope.BUDGET_PROPOSE, _("propose a reallocation"))
    APPLY = (Role.MARKETER, Scope.BUDGET_PROPOSE, _("apply an approved reallocation"))
    APPROVE = (Role.MANAGER, None, _("approve or reject a reallocation"))
    OVERRULE = (Role.MANAGER, None, _("overrule a kill criterion"))
    AMEND = (Role.MANAGER, None, _("amend kill criteria after launch"))
    MANAGE_TEMPLATES = (Role.MANAGER, Scope.PLAN_WRITE, _("delete templates of kill criteria"))
    FUND = (Role.MANAGER, None, _("fund the reserve or take money back out"))
    CHANGE_POLICY = (Role.OWNER, None, _("change the workspace's policy"))
    MANAGE_MEMBERS = (Role.OWNER, None, _("add, change or remove members"))
    MANAGE_CHANNELS = (Role.MANAGER, None, _("set up channels for notices"))
    MANAGE_KEYS = (Role.MARKETER, None, _("create or revoke API keys"))
    MANAGE_WEBHOOKS = (Role.MARKETER, Scope.PLAN_WRITE, _("register webhook endpoints"))

    def __init__(self, role: Role, scope: Scope | None, deed: Promise) -> None:
        self.role = role
        self.scope = scope
        self.deed = deed


def may_begin_workspace(user: User, roles: Iterable[str]) -> bool:
    """Whether a person with these roles in workspaces of this server may begin another one on the site."""
    if settings.WORKSPACES_BY == "anyone":
        return True
    return settings.WORKSPACES_BY == "owners" and (user.is_staff or Role.OWNER in roles)


def require_to_begin_workspace(user: User, roles: Iterable[str]) -> None:
    """Raise ``NotAllowed`` with who may, where this person may not."""
    if not may_begin_workspace(user, roles):
        raise NotAllowed(
            gettext("On this server workspaces are begun on its console: ask whoever runs it.")
            if settings.WORKSPACES_BY == "command"
            else gettext(
                "A workspace is begun by somebody who owns one already, or by the staff of this server."
            )
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in one workspace: a signed-in person, a key for a person, or Quickno itself."""

    workspace: Workspace
    user: User | None
    role: Role | None
    # None: not a key. A key can do what its scopes *and* the person's role allow.
    scopes: frozenset[Scope] | None = None
    key_name: str = ""
    # Who made the key: as much behind what it does as the person for whom it acts.
    key_maker: User | None = None

    @classmethod
    def of_member(cls, membership: Membership) -> Self:
        return cls(workspace=membership.workspace, user=membership.user, role=Role(membership.role))

    @classmethod
    def by_key(cls, membership: Membership, *, scopes: Iterable[str], key_name: str, key_maker: User) -> Self:
        return cls(
            workspace=membership.workspace,
            user=membership.user,
            role=Role(membership.role),
            scopes=frozenset(Scope(scope) for scope in scopes),
            key_name=key_name,
            key_maker=key_maker,
        )

    @classmethod
    def quickno(cls, workspace: Workspace) -> Self:
        """The judge and the scheduler: may do what the frozen rules say, and never what takes a manager."""
        return cls(workspace=workspace, user=None, role=None)

    @property
    def is_key(self) -> bool:
        return self.scopes is not None

    @property
    def is_quickno(self) -> bool:
        return self.user is None

    @property
    def person(self) -> User:
        """Who acts, where a permission was required that Quickno itself does not have."""
        if self.user is None:
            raise ValueError("Quickno itself is no person.")
        return self.user

    @property
    def label(self) -> str:
        if self.user is None:
            return "Quickno"
        return f"{self.user} (key {self.key_name})" if self.is_key else str(self.user)

    def can(self, permission: Permission) -> bool:
        if self.is_quickno:
            return permission in {Permission.READ, Permission.PLAN}
        if self.role is None or not self.role.includes(permission.role):
            return False
        if self.scopes is None:
            return True
        return permission.scope is not None and permission.scope in self.scopes

    def require(self, permission: Permission) -> None:
        """Raise ``NotAllowed`` with what would be needed."""
        if self.can(permission):
            return
        if self.is_key and permission.scope is None:
            raise NotAllowed(
                gettext("No API key can {deed}: that takes a signed-in {role}.").format(
                    deed=permission.deed, role=permission.role.label
                ),
                code="person_required",
            )
        if self.is_key and permission.scope is not None and permission.scope not in (self.scopes or ()):
            raise NotAllowed(
                gettext("This key may not {deed}: it lacks the scope {scope}.").format(
                    deed=permission.deed, scope=permission.scope.value
                ),
                code="missing_scope",
            )
        words = (
            gettext("To {deed} takes the role {role} or higher; you are a {own_role}.")
            if self.role
            else gettext("To {deed} takes the role {role} or higher.")
        )
        raise NotAllowed(
            words.format(
                deed=permission.deed,
                role=permission.role.label,
                own_role=self.role.label if self.role else "",
            ),
            code="missing_role",
        )
