"""Refusals of the experiment's own kind; see ``workspaces.exceptions`` for the shapes."""

from workspaces.exceptions import (
    DomainError,
    FieldError,
    Invalid,
    InvalidTransition,
    NotAllowed,
    NotFound,
    Refused,
)

__all__ = [
    "CampaignNotReady",
    "DomainError",
    "FieldError",
    "Invalid",
    "InvalidTransition",
    "NotAllowed",
    "NotFound",
    "Refused",
    "RowsRefused",
]


class CampaignNotReady(Refused):
    """What a campaign lacks before it may launch, all of it at once."""

    def __init__(self, key: str, missing: list[FieldError]) -> None:
        super().__init__(
            "not_ready",
            f"Campaign {key} cannot launch yet. " + " ".join(item.message for item in missing),
            errors=missing,
        )


class RowsRefused(Invalid):
    """Rows of numbers that cannot be right; nothing of their batch was stored."""

    def __init__(self, *, received: int, rejected: int, errors: list[FieldError]) -> None:
        codes = {error.code for error in errors}
        named = len({error.row for error in errors})
        rest = f" The first {named} of them are named." if named < rejected else ""
        were = "was" if rejected == 1 else "were"
        super().__init__(
            codes.pop() if len(codes) == 1 else "invalid_rows",
            f"{rejected} of {received} rows {were} refused, so nothing was stored.{rest} {errors[0].message}",
            errors=errors,
        )
        self.rejected = rejected
