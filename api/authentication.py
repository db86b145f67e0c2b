"""Who asks: a program with a key, or a person with a session. Both act in exactly one workspace."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.request import Request

from api.exceptions import DomainError, NotFound, Unauthenticated
from api.models import ApiKey
from api.selectors import find_key
from workspaces.exceptions import NotAllowed
from workspaces.models import Membership, User
from workspaces.permissions import Actor
from workspaces.selectors import has_second_step

# What a client without a name is told to bring.
CHALLENGE = 'Bearer realm="Quickno"'
# Which workspace a signed-in person means, where the browser's session does not say.
WORKSPACE_HEADER = "Quickno-Workspace"


class NoWorkspace(DomainError):
    """A person who is a member nowhere."""

    status = 403


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <key>``. The key acts for a member, with that member's role of the moment."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthenticated("malformed_authorization", "Send the key as “Authorization: Bearer <key>”.")
        key = find_key(secret.strip())
        if key is None:
            raise Unauthenticated("invalid_key", "There is no such key, or it was revoked.")
        membership = _memberships(key.user).filter(workspace=key.workspace).first()
        if membership is None or not key.user.is_active:
            raise Unauthenticated(
                "member_left", f"The person for whom this key acts has left {key.workspace}."
            )
        key.note_use(at=timezone.now())
        _act(
            request,
            Actor.by_key(membership, scopes=key.scopes, key_name=key.name, key_maker=key.created_by),
        )
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with the CSRF token on everything that changes something.

    It acts in the workspace that the header ``Quickno-Workspace`` names, else in the one that was visited
    last, else in the first that the person joined.
    """

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        membership = _chosen_membership(request, user)
        if membership.workspace.requires_two_steps and not has_second_step(request._request):  # noqa: SLF001
            raise NotAllowed(
                f"{membership.workspace} asks every member for two-step sign-in. Set it up first.",
                code="two_steps_required",
            )
        _act(request, Actor.of_member(membership))
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        # Django looks for the token in a form, and reads it past the limit, out of reach of who reads next.
        _ = request.body
        super().enforce_csrf(request)


def actor_of(request: Request | HttpRequest) -> Actor:
    """Who acts in an authenticated request."""
    actor: Actor = request.actor  # type: ignore[union-attr]
    return actor


def _act(request: Request, actor: Actor) -> None:
    # Django's request carries it, as it does on the pages; DRF's request passes reads on to it.
    request._request.actor = actor  # type: ignore[attr-defined] # noqa: SLF001


def _memberships(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user).select_related("workspace", "user")


def _chosen_membership(request: Request, user: User) -> Membership:
    memberships = _memberships(user).order_by("joined_at", "id")
    named = request.headers.get(WORKSPACE_HEADER)
    if named is not None:
        chosen = memberships.filter(workspace__slug=named).first()
        if chosen is None:
            raise NotFound(f"There is no workspace “{named}” for you.")
        return chosen
    visited = request._request.session.get("workspace")  # noqa: SLF001
    chosen = memberships.filter(workspace__slug=visited).first() if visited else None
    chosen = chosen or memberships.first()
    if chosen is None:
        raise NoWorkspace("no_workspace", "You are not a member of any workspace. Ask an owner to add you.")
    return chosen


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "api.authentication.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key with the scopes that the call takes.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The browser's session of a signed-in member, with the CSRF token.",
        }
