"""Requests to addresses that clients name, which must not reach what only this server can reach."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from api.exceptions import Invalid

# For connecting, and again for all of the rest.
TIMEOUT_SECONDS = 10
LONGEST_URL = 500
# What the internet routes: everything else in IPv6 is somebody's inside, or stands for another address.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
# Global by their numbers, and yet somebody's inside: the services that clouds offer to their own machines.
INSIDE_CLOUDS = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("168.63.129.16/32"))
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NotDelivered(Exception):
    """Why nothing arrived, in words."""


def check_url(url: str) -> None:
    """Raise ``Invalid`` for an address that nothing may be sent to.

    A name that nobody knows at the moment passes: whether its addresses are public is asked again with every
    delivery, of the very address that is connected to.
    """
    parts = _parts(url)
    try:
        addresses = _addresses(parts)
    except NotDelivered:
        return
    if not all(is_allowed(address) for address in addresses):
        raise _invalid(
            _("{host} is not a public address; give one that the internet can reach.").format(
                host=parts.hostname
            )
        )


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    """POST and return the status; raise ``NotDelivered`` where there is none. Redirects are not followed."""
    try:
        parts = _parts(url)
    except Invalid as error:
        raise NotDelivered(error.message) from None
    address = next((address for address in _addresses(parts) if is_allowed(address)), None)
    if address is None:
        raise NotDelivered(f"{parts.hostname} is not a public address.")
    try:
        with closing(_socket(parts, address)) as sock, hanging_up(sock):
            return _send(sock, parts, body=body, headers=headers)
    except (OSError, HTTPException, UnicodeError) as error:
        raise NotDelivered(f"{type(error).__name__}: {error}"[:200]) from error


def _invalid(message: str) -> Invalid:
    return Invalid.field("url", "invalid_url", message)


def _parts(url: str) -> SplitResult:
    example = _("Give an address like https://example.com/hooks.")
    if len(url) > LONGEST_URL:
        raise _invalid(
            _("The address has {number} characters; {most} is the most.").format(
                number=len(url), most=LONGEST_URL
            )
        )
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid(_("The address has characters that no address has. {example}").format(example=example))
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises where there is none
    except ValueError:
        raise _invalid(_("“{url}” is not an address. {example}").format(url=url, example=example)) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _invalid(
            _("“{url}” is not an http or https address. {example}").format(url=url, example=example)
        )
    if parts.username is not None or parts.password is not None:
        raise _invalid(_("Leave name and password out of the address; deliveries are signed instead."))
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _addresses(parts: SplitResult) -> list[str]:
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDelivered(f"{parts.hostname} has no address: {error}") from error
    return [str(entry[4][0]) for entry in found]


def is_allowed(address: str) -> bool:
    """Whether something may be sent to this address: whether the internet routes it."""
    if settings.WEBHOOK_ALLOW_PRIVATE:
        return True
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _inner(ip)
        if inner is None:
            return ip.is_global and ip in GLOBAL_UNICAST and ip not in DOCUMENTATION
        ip = inner
    return ip.is_global and not ip.is_multicast and not any(ip in inside for inside in INSIDE_CLOUDS)


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, in any of the ways in which it can."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _socket(parts: SplitResult, address: str) -> socket.socket:
    """A connection to exactly the address that was checked: a second look-up might answer otherwise."""
    plain = socket.create_connection((address, _port(parts)), TIMEOUT_SECONDS)
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=parts.hostname, do_handshake_on_connect=False)


@contextmanager
def hanging_up(sock: socket.socket) -> Iterator[None]:
    """Let what happens inside take so long and no longer: a socket's own limit is on each read alone."""
    is_late = Event()

    def hang_up() -> None:
        is_late.set()
        with suppress(OSError):
            # The plain one's method: of TLS, only the thread that reads may touch anything.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = Timer(TIMEOUT_SECONDS, hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if is_late.is_set():
            raise TimeoutError(f"no answer within {TIMEOUT_SECONDS} seconds")


def _send(sock: socket.socket, parts: SplitResult, *, body: bytes, headers: Mapping[str, str]) -> int:
    connection = (HTTPConnection if parts.scheme == "http" else HTTPSConnection)(
        str(parts.hostname), _port(parts)
    )
    connection.sock = sock
    if isinstance(sock, ssl.SSLSocket):
        sock.do_handshake()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", target, body=body, headers=dict(headers))
    return connection.getresponse().status
