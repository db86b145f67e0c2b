"""One machine, nothing to install: SQLite, a broker of files, letters on the terminal. Used by `make run`."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from config.environment import broker, database, env, mail
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR


def _kept_secret_key(path: Path) -> str:
    """The key of this checkout, made at the first start and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # A temporary file is private from its first byte, and linking it is all or nothing: of two processes
        # that start together, both use the key of the faster.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:
            draft.write(get_random_secret_key())
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


DEBUG = env.bool("DEBUG", True)
SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret_key(VAR_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
_HERE = f"http://127.0.0.1:{env.int('PORT', 8000)}"
SITE_ADDRESS = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else _HERE

DATABASES = {"default": database(embedded=VAR_DIR / "quickno.sqlite3")}

CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker(embedded=VAR_DIR / "broker")
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

globals().update(mail(default="consolemail://"))

# Served from where they lie, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
