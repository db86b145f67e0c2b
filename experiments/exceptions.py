"""Refusals of the experiment's own kind; see ``workspaces.exceptions`` for the shapes."""

from workspaces.exceptions import DomainError, FieldError, Invalid, InvalidTransition, NotAllowed, NotFound, Refused

__all__ = [
    "CampaignNotReady",
    "DomainError",
    "FieldError",
    "Invalid",
    "InvalidTransition",
    "NotAllowed",
    "NotFound",
    "Refused",
]


class CampaignNotReady(Refused):
    """What a campaign lacks before it may launch, all of it at once."""

    def __init__(self, key: str, missing: list[FieldError]) -> None:
        super().__init__(
            "not_ready",
            f"Campaign {key} cannot launch yet. " + " ".join(item.message for item in missing),
            errors=missing,
        )
