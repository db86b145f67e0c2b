"""Speaking to rooms of Slack, Teams and others by apprise: only to services that are meant, only outside."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api.services.outbound import check_url, is_allowed
from workspaces.exceptions import Invalid

if TYPE_CHECKING:
    import apprise

# The services that are spoken to, by the class of apprise that does it, as people call them.
SERVICES = {
    "NotifySlack": "Slack",
    "NotifyWorkflows": "Microsoft Teams",
    "NotifyDiscord": "Discord",
    "NotifyGoogleChat": "Google Chat",
    "NotifyMattermost": "Mattermost",
}
# How their addresses may begin: apprise's own schemes, and the hosts of the services' own web addresses.
_SCHEMES = {
    "slack": "slack.NotifySlack",
    "workflow": "workflows.NotifyWorkflows",
    "workflows": "workflows.NotifyWorkflows",
    "discord": "discord.NotifyDiscord",
    "gchat": "google_chat.NotifyGoogleChat",
    "mmosts": "mattermost.NotifyMattermost",
}
_HOSTS = {
    "hooks.slack.com": "slack.NotifySlack",
    "discord.com": "discord.NotifyDiscord",
    "discordapp.com": "discord.NotifyDiscord",
    "chat.googleapis.com": "google_chat.NotifyGoogleChat",
}
# Of Power Automate, by which Microsoft Teams takes messages.
_WORKFLOW_DOMAINS = (".logic.azure.com", ".api.powerplatform.com")
_KNOWN = gettext_lazy("Slack, Microsoft Teams, Discord, Google Chat, or Mattermost over https (mmosts://…)")
LONGEST_URL = 500
# For all of one message: a service that drips its answer keeps nobody.
PATIENCE_SECONDS = 15


@dataclass(slots=True)
class _Watch:
    """The sockets of one message, and whether its time was over."""

    sockets: list[socket.socket] = field(default_factory=list)
    is_over: bool = False


_watch: ContextVar[_Watch | None] = ContextVar("quickno_outbound_watch", default=None)


@cache
def _apprise() -> Any:
    """apprise, which takes a second to load, with its way out guarded: it takes no other one of ours."""
    ways_out: Any = import_module("urllib3.util.connection")
    ways_out.create_connection = partial(_connect_outside, ways_out.create_connection)
    return import_module("apprise")


def _connect_outside(
    connect: Callable[..., socket.socket], address: tuple[str, int], *args: Any, **kwargs: Any
) -> socket.socket:
    """Connect for urllib3. For a message of ours, only to an address that was checked, redirects included."""
    watch = _watch.get()
    if watch is None:
        return connect(address, *args, **kwargs)
    host, port = address
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    allowed = next((str(entry[4][0]) for entry in found if is_allowed(str(entry[4][0]))), None)
    if allowed is None:
        raise OSError(f"{host} is not a public address")
    if watch.is_over:
        raise TimeoutError("the time for this message is over")
    connected = connect((allowed, port), *args, **kwargs)
    watch.sockets.append(connected)
    return connected


@contextmanager
def _outside() -> Iterator[_Watch]:
    watch = _Watch()

    def hang_up() -> None:
        watch.is_over = True
        for connected in watch.sockets:
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(PATIENCE_SECONDS, hang_up)
    timer.daemon = True
    token = _watch.set(watch)
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        _watch.reset(token)


class _Reasons(logging.Handler):
    """What apprise complains of in this thread; it answers only yes or no."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.said.append(record.getMessage())


def read_address(text: str) -> "apprise.NotifyBase":
    """The service and the room that an address names; ``Invalid`` where it is none that may be spoken to."""
    text = text.strip()
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable():
        raise _invalid(_("This is not an address of such a service."))
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise _invalid(_("This is not an address of such a service.")) from None
    if parts.scheme == "https":
        workflow = "workflows.NotifyWorkflows" if host.endswith(_WORKFLOW_DOMAINS) else None
        plugin_name = _HOSTS.get(host, workflow)
    else:
        plugin_name = _SCHEMES.get(parts.scheme)
    if plugin_name is None:
        raise _invalid(_("Nothing is sent there."))
    plugin = _instantiate(plugin_name, text)
    if plugin is None:
        raise _invalid(_("The service does not know such an address; a part may be missing."))
    # Again without options: they could switch off the check of certificates, or keep a worker waiting.
    plugin = _instantiate(plugin_name, str(plugin.url()).partition("?")[0])
    if plugin is None or len(bare_url(plugin, shown=False)) > LONGEST_URL:
        raise _invalid(_("The service does not know such an address; a part may be missing."))
    _check_host(plugin)
    return plugin


def _instantiate(name: str, text: str) -> "apprise.NotifyBase | None":
    """The room, by apprise's class for its service alone: none of its hundred others is ever loaded."""
    _apprise()
    module, _, class_name = name.partition(".")
    plugin_class: Any = getattr(import_module(f"apprise.plugins.{module}"), class_name)
    read = plugin_class.parse_native_url if text.startswith("https://") else plugin_class.parse_url
    found = read(text)
    try:
        return plugin_class(**found) if found else None
    except TypeError:
        # How its classes say that a part is missing or is none.
        return None


def _service(plugin: "apprise.NotifyBase") -> str:
    return SERVICES[type(plugin).__name__]


def bare_url(plugin: "apprise.NotifyBase", *, shown: bool) -> str:
    """The address without options; ``shown`` with its secrets shortened to their ends."""
    return str(plugin.url(privacy=shown)).partition("?")[0].rstrip("/")


def speak(url: str, *, title: str, body: str) -> str:
    """Send a message; return an empty text, or why it did not arrive."""
    try:
        plugin = read_address(url)
    except Invalid as error:
        return error.message
    reasons = _Reasons()
    logger = logging.getLogger("apprise")
    logger.addHandler(reasons)
    try:
        with _outside() as watch:
            has_arrived = plugin.notify(body=body, title=title, body_format=_apprise().NotifyFormat.TEXT)
    finally:
        logger.removeHandler(reasons)
    if has_arrived:
        return ""
    if watch.is_over:
        return _("{service} did not answer within {number} seconds.").format(
            service=_service(plugin), number=PATIENCE_SECONDS
        )
    said = reasons.said[0] if reasons.said else _("it did not say why.")
    return _("{service} did not take it: {reason}").format(
        service=_service(plugin), reason=_without_secrets(said, plugin)
    )[:300]


def _check_host(plugin: "apprise.NotifyBase") -> None:
    host = str(getattr(plugin, "host", "") or "").lower()
    kind = type(plugin).__name__
    if kind == "NotifyWorkflows" and not host.endswith(_WORKFLOW_DOMAINS):
        raise _invalid(_("{host} is not a host of Power Automate.").format(host=host))
    if kind == "NotifyMattermost":
        # Somebody's own server: asked now for the page, and again of the very address that is connected to.
        try:
            check_url(f"https://{host}:{plugin.port or 443}/")
        except Invalid as error:
            raise _invalid(error.message) from None


def _without_secrets(said: str, plugin: "apprise.NotifyBase") -> str:
    for part in plugin.url().partition("://")[2].partition("?")[0].split("/"):
        if len(part) > 4 and part != getattr(plugin, "host", None):  # noqa: PLR2004 - shorter parts hide nothing
            said = said.replace(part, "…")
    return said


def _invalid(message: str) -> Invalid:
    known = _("Give an address of {services}.").format(services=_KNOWN)
    return Invalid.field("url", "invalid_channel", f"{message} {known}")
