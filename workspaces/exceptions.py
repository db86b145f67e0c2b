"""Errors that speak to the user. Each surface translates them: to a problem document, or to a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import OperationalError
from django.utils.translation import gettext as _

# Seconds after which it is worth trying again where the database was locked.
RETRY_AFTER = 15


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: where (row counted from 0, field) and what would be right."""

    code: str
    message: str
    field: str | None = None
    row: int | None = None


class DomainError(Exception):
    """A refusal with a code for programs and a sentence for people."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, message: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = tuple(errors)


class Invalid(DomainError):
    """What was sent cannot be right, whatever the state of things."""

    status = 422

    @classmethod
    def field(cls, field: str, code: str, message: str) -> "Invalid":
        """One wrong field: its error is the sentence."""
        return cls(code, message, errors=[FieldError(code=code, message=message, field=field)])


class Refused(DomainError):
    """What was asked is right in itself, but the state of things forbids it now."""

    status = 409


class ChangedMeanwhile(Refused):
    """What somebody changes is no longer what they were shown. ``who`` and ``when``: of the last change."""

    def __init__(self, *, who: str = "", when: datetime | None = None, is_own: bool = False) -> None:
        super().__init__("changed_meanwhile", _("This was changed meanwhile. Read it again."))
        self.who = who
        self.when = when
        self.is_own = is_own


class InvalidTransition(Refused):
    """A life cycle has no such step."""

    def __init__(self, message: str) -> None:
        super().__init__("invalid_transition", message)


class NotAllowed(DomainError):
    """The role or the key's scope does not reach this far."""

    status = 403

    def __init__(self, message: str, *, code: str = "not_allowed") -> None:
        super().__init__(code, message)


class NotFound(DomainError):
    """There is no such thing in this workspace. What is in another workspace does not exist."""

    status = 404

    def __init__(self, message: str, *, code: str = "not_found") -> None:
        super().__init__(code, message)


def is_locked(error: BaseException | None) -> bool:
    """Whether SQLite, which has one writer, kept this one waiting for longer than it waits."""
    return isinstance(error, OperationalError) and str(error).startswith("database is locked")
