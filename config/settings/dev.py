"""One machine, nothing to install: SQLite, a broker of files, letters on the terminal. Used by `make run`."""

from config.environment import broker, database, env, kept_secret_key, mail, workspaces_by
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR

DEBUG = env.bool("DEBUG", True)
SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret_key(VAR_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
_HERE = f"http://127.0.0.1:{env.int('PORT', 8000)}"
SITE_ADDRESS = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else _HERE

DATABASES = {"default": database(embedded=VAR_DIR / "quickno.sqlite3")}

CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker(embedded=VAR_DIR / "broker")
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

globals().update(mail(default="consolemail://", site=SITE_ADDRESS))

# Whoever signs in here sits at the machine.
WORKSPACES_BY = workspaces_by(default="anyone")
SHOWS_DEMO = True

# On one's own machine the receiver is most likely there, too.
WEBHOOK_ALLOW_PRIVATE = True

# Served from where they lie, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
