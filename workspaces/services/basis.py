"""Whoever changes something knows what it says: not what it said when their form was filled."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from workspaces.choices import EventKind
from workspaces.exceptions import ChangedMeanwhile
from workspaces.models import Event
from workspaces.permissions import Actor
from workspaces.services.events import Subject


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.pk if isinstance(o, Model) else super().default(o)


def basis_of(values: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what something says, for a form that is filled with it."""
    return hashlib.sha256(json.dumps(values, cls=_Encoder, sort_keys=True).encode()).hexdigest()


def require_unchanged(
    values: Mapping[str, Any], *, basis: str | None, subject: Subject, kinds: tuple[EventKind, ...], by: Actor
) -> None:
    """Raise ``ChangedMeanwhile`` where ``values`` are no longer what ``basis`` was made of.

    The caller holds the row. ``kinds``: the events that tell of such a change, and so whose it was. Without a
    basis nothing is compared: programs change single fields.
    """
    if basis is None or basis == basis_of(values):
        return
    last = Event.objects.of(by.workspace).about(*subject).filter(kind__in=kinds).order_by("-id").first()
    if last is None:
        raise ChangedMeanwhile
    raise ChangedMeanwhile(who=last.actor_label, when=last.at, is_own=last.actor == by.user)
