"""Refusals of the API's own kind; see ``workspaces.exceptions`` for the shapes."""

from workspaces.exceptions import DomainError, FieldError, Invalid, NotFound, Refused

__all__ = ["DomainError", "FieldError", "Invalid", "NotFound", "Refused", "Unauthenticated"]


class Unauthenticated(DomainError):
    """Nobody is recognised by what was sent."""

    status = 401
