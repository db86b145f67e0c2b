"""What the environment gives, database, broker, post office, and what stands in for it on one machine."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

env = environ.Env()

# Readers never wait for the writer (WAL), and a transaction takes the write lock at its first statement, so
# that two writers queue up for at most `timeout` seconds instead of failing half-way (IMMEDIATE). A large
# import holds that lock for two thirds of the time with 32 MB of pages kept (`cache_size`, in KB), not 2.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; "
    "PRAGMA cache_size = -32768;",
}


def database(*, embedded: Path) -> dict[str, Any]:
    """The database that DATABASE_URL names, or else the SQLite file `embedded`."""
    url = env.str("DATABASE_URL", "")
    if not url:
        embedded.parent.mkdir(parents=True, exist_ok=True)
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": embedded, "OPTIONS": SQLITE_OPTIONS}
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return config | {"OPTIONS": SQLITE_OPTIONS}
    if config["ENGINE"] == "django.db.backends.postgresql":
        return config
    raise ImproperlyConfigured(
        "DATABASE_URL names no database that Quickno speaks to. Give an address such as "
        "postgres://quickno:password@localhost:5432/quickno or sqlite:////srv/quickno/quickno.sqlite3."
    )


def broker(*, embedded: Path) -> tuple[str, dict[str, Any]]:
    """The address of Celery's broker and its options: CELERY_BROKER_URL, or else files under `embedded`."""
    url = env.str("CELERY_BROKER_URL", "filesystem://localhost")
    match urlsplit(url).scheme:
        case "filesystem":
            messages = embedded / "messages"
            messages.mkdir(parents=True, exist_ok=True)
            folders = {"data_folder_in": messages, "data_folder_out": messages}
            # Files announce nothing, so the worker looks for them, this often (in seconds).
            return url, {**folders, "control_folder": embedded / "control", "polling_interval": 0.25}
        case "redis" | "rediss":
            # Without a limit a silent server would keep a web request waiting until the kernel gives up.
            return url, {"socket_connect_timeout": 2, "socket_timeout": 3}
        case _:
            return url, {}


def mail(*, default: str, site: str) -> dict[str, Any]:
    """Django's EMAIL_… settings from EMAIL_URL, the sender from EMAIL_FROM, and what takes letters."""
    url = env.str("EMAIL_URL", "")
    settings: dict[str, Any] = environ.Env.email_url_config(url or default)
    user = str(settings.get("EMAIL_HOST_USER") or "")
    address = user if "@" in user else f"quickno@{urlsplit(site).hostname}"
    sender = env.str("EMAIL_FROM", "") or f"Quickno <{address}>"
    settings |= {"DEFAULT_FROM_EMAIL": sender, "SERVER_EMAIL": sender}
    return settings | {
        "MAIL_IS_SET_UP": bool(url),
        "ACCOUNT_EMAIL_NOTIFICATIONS": bool(url),
        # Nobody can be asked to open a letter where none arrives.
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory" if url else "none",
    }


# Who may begin a workspace on the site: staff and whoever owns one, every signed-in person, or nobody.
BEGINNERS = ("owners", "anyone", "command")


def workspaces_by(*, default: str) -> str:
    """Who may begin a workspace on the site, from WORKSPACES_BY."""
    said = env.str("WORKSPACES_BY", "") or default
    if said not in BEGINNERS:
        raise ImproperlyConfigured(
            f"WORKSPACES_BY is “{said}”. Use owners (staff, and whoever owns a workspace), anyone (every "
            "signed-in person) or command (nobody on the site; create_workspace on the console)."
        )
    return said


def company_provider() -> dict[str, Any]:
    """allauth's entry for the company's OpenID Connect provider, from OIDC_…; nothing where none is named."""
    issuer = env.str("OIDC_ISSUER", "").rstrip("/")
    client_id, secret = env.str("OIDC_CLIENT_ID", ""), env.str("OIDC_CLIENT_SECRET", "")
    if not issuer:
        return {}
    if not client_id or not secret:
        raise ImproperlyConfigured(
            "OIDC_ISSUER is set, so people may sign in through that provider. Give OIDC_CLIENT_ID and "
            "OIDC_CLIENT_SECRET, too, as the provider shows them for this application."
        )
    # What comes from there in the clear could come from anybody on the way.
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise ImproperlyConfigured("OIDC_ISSUER must begin with https://, as the provider shows it.")
    app = {
        "provider_id": "company",
        "name": env.str("OIDC_NAME", "") or parts.hostname or issuer,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}


def kept_secret_key(path: Path) -> str:
    """The secret key in this file, made at the first start and readable by its owner only."""
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
