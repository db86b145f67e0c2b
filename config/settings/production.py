"""A server on the internet. It starts only when everything it needs is said, and says what is missing."""

from django.core.exceptions import ImproperlyConfigured

from config.environment import broker, database, env, mail
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR

_NEEDED = {
    "SECRET_KEY": "a random text of at least 50 characters that nobody else knows",
    "DATABASE_URL": "the database's address, such as postgres://quickno:password@localhost:5432/quickno",
    "CELERY_BROKER_URL": "the broker's address, such as redis://localhost:6379/0",
    "ALLOWED_HOSTS": "the names under which people reach this server, such as quickno.example.com",
    "EMAIL_URL": "where letters are handed in, such as smtp+tls://user:password@mail.example.com:587",
}
_SHORTEST_SECRET_KEY = 50


def _objections() -> list[str]:
    """What speaks against starting, one sentence each."""
    objections = [
        f"{name} is not set: give {meaning}." for name, meaning in _NEEDED.items() if not env.str(name, "")
    ]
    secret_key = env.str("SECRET_KEY", "")
    if secret_key and len(secret_key) < _SHORTEST_SECRET_KEY:
        objections.append(f"SECRET_KEY has {len(secret_key)} characters: give {_NEEDED['SECRET_KEY']}.")
    if "*" in env.list("ALLOWED_HOSTS", default=[]):
        objections.append(f"ALLOWED_HOSTS lets every name in: give {_NEEDED['ALLOWED_HOSTS']}.")
    if env.bool("DEBUG", False):
        objections.append("DEBUG is on and would show settings and code to strangers: set it to 0.")
    return objections


if _objections():
    raise ImproperlyConfigured("Quickno does not start in production. " + " ".join(_objections()))

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_ADDRESS = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"

DATABASES = {
    "default": database(embedded=VAR_DIR / "quickno.sqlite3")
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
}

CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker(embedded=VAR_DIR / "broker")

globals().update(mail(default="", site=SITE_ADDRESS))

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# TLS ends at the proxy in front, which must set this header itself and never pass on a client's.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = 1
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Whether the domain goes onto the browsers' preload list is for its owner to say, not for one program on it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
