"""What a form carries to be itself: a token, another each time it is shown, signed for its reader."""

import secrets

from django.core import signing

ONCE_FIELD = "once"
BASIS_FIELD = "basis"
AGAIN_FIELD = "again"
_SIGNER = signing.Signer(salt="workspaces.form")


def new_token(user_id: int) -> str:
    return _SIGNER.sign(f"{user_id}.{secrets.token_urlsafe(12)}")


def owner_of(token: str) -> int | None:
    """The person to whom the form was shown; ``None`` where no page of ours has shown it."""
    try:
        return int(_SIGNER.unsign(token).partition(".")[0])
    except (signing.BadSignature, ValueError):
        return None
