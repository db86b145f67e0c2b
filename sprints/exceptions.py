"""Refusals of planning, review and money; see ``workspaces.exceptions`` for the shapes."""

from workspaces.exceptions import (
    ChangedMeanwhile,
    DomainError,
    FieldError,
    Invalid,
    InvalidTransition,
    NotAllowed,
    NotFound,
    Refused,
)

__all__ = [
    "ApprovalRefused",
    "ChangedMeanwhile",
    "DomainError",
    "FieldError",
    "Invalid",
    "InvalidTransition",
    "NotAllowed",
    "NotFound",
    "Refused",
    "TransferRefused",
]


class ApprovalRefused(Refused):
    """A plan that this person cannot approve, or not any more."""


class TransferRefused(Refused):
    """A movement that the ledger does not allow."""
