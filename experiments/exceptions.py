"""Refusals of the experiment's own kind; see ``workspaces.exceptions`` for the shapes."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
            _("Campaign {key} cannot launch yet. {missing}").format(
                key=key, missing=" ".join(item.message for item in missing)
            ),
            errors=missing,
        )


class RowsRefused(Invalid):
    """Rows of numbers that cannot be right; nothing of their batch was stored."""

    def __init__(self, *, received: int, rejected: int, errors: list[FieldError]) -> None:
        codes = {error.code for error in errors}
        named = len({error.row for error in errors})
        refused = ngettext(
            "{rejected} of {received} rows was refused, so nothing was stored.",
            "{rejected} of {received} rows were refused, so nothing was stored.",
            rejected,
        ).format(rejected=rejected, received=received)
        rest = [_("The first {named} of them are named.").format(named=named)] if named < rejected else []
        super().__init__(
            codes.pop() if len(codes) == 1 else "invalid_rows",
            " ".join([refused, *rest, errors[0].message]),
            errors=errors,
        )
        self.rejected = rejected
