"""Keys, found and listed."""

from django.db.models import QuerySet

from api.models import ApiKey
from api.models.key import hash_of
from workspaces.models import Workspace


def find_key(secret: str) -> ApiKey | None:
    """The usable key with that secret."""
    return (
        ApiKey.objects.usable()
        .select_related("workspace", "user", "created_by")
        .filter(secret_hash=hash_of(secret))
        .first()
    )


def keys_of(workspace: Workspace) -> QuerySet[ApiKey]:
    """All keys of a workspace, the newest first and revoked ones too, with the people behind them."""
    return ApiKey.objects.of(workspace).select_related("user", "created_by")
