"""Refusals of the API's own kind; see ``workspaces.exceptions`` for the shapes."""

from workspaces.exceptions import DomainError, FieldError, Invalid, NotFound, Refused

__all__ = ["DomainError", "FieldError", "Invalid", "NotFound", "Refused", "TooLarge", "Unauthenticated"]


class Unauthenticated(DomainError):
    """Nobody is recognised by what was sent."""

    status = 401


class TooLarge(DomainError):
    """More than the server reads at once."""

    status = 413

    def __init__(self, message: str = "The body is larger than this call reads.") -> None:
        super().__init__("too_large", message)
