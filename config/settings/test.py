"""Tests: a database of files that threads and processes can share, and nothing that leaves the machine."""

from config.environment import broker, database
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR

DEBUG = False
SECRET_KEY = "for tests only, known to everybody, and good for nothing else"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
SITE_ADDRESS = "http://testserver"

IMPORTS_DIR = VAR_DIR / "test-imports"

DATABASES = {"default": database(embedded=VAR_DIR / "test.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A test database in memory would know neither WAL nor a second process.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker(embedded=VAR_DIR / "test-broker")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
