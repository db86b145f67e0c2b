"""Sessions in the database, as Django keeps them; that every page reads one is put into SQL once."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from workspaces.models.prepared import Given, Prepared

_CURRENT: Prepared[Any] = Prepared(
    lambda: db.SessionStore.get_model_class().objects.filter(
        session_key=Given("key", CharField()), expire_date__gt=Given("at", DateTimeField())
    )
)


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        """The row; ``None`` where there is none any more, and then the key is forgotten."""
        found = _CURRENT.read(key=self.session_key, at=timezone.now())
        if not found:
            self._session_key = None
            return None
        return found[0]
