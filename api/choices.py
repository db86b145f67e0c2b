"""States of what the API keeps for its clients."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RequestState(TextChoices):
    """How far a request with an idempotency key has come."""

    UNDER_WAY = "under_way", _("under way")
    ANSWERED = "answered", _("answered")
