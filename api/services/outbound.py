"""Requests to addresses that clients name, which must not reach what only this server can reach."""

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from api.exceptions import Invalid

TIMEOUT_SECONDS = 10
LONGEST_URL = 500
# What the internet routes: everything else in IPv6 is somebody's inside, or stands for another address.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
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
    if not all(_is_allowed(address) for address in addresses):
        raise _invalid(f"{parts.hostname} is not a public address; give one that the internet can reach.")


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    """POST and return the status; raise ``NotDelivered`` where there is none. Redirects are not followed."""
    try:
        parts = _parts(url)
    except Invalid as error:
        raise NotDelivered(error.message) from None
    address = next((address for address in _addresses(parts) if _is_allowed(address)), None)
    if address is None:
        raise NotDelivered(f"{parts.hostname} is not a public address.")
    connection = _connection(parts, address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body=body, headers=dict(headers))
        return connection.getresponse().status
    except (OSError, HTTPException, UnicodeError) as error:
        raise NotDelivered(f"{type(error).__name__}: {error}"[:200]) from error
    finally:
        connection.close()


def _invalid(message: str) -> Invalid:
    return Invalid.field("url", "invalid_url", message)


def _parts(url: str) -> SplitResult:
    example = "Give an address like https://example.com/hooks."
    if len(url) > LONGEST_URL:
        raise _invalid(f"The address has {len(url)} characters; {LONGEST_URL} is the most.")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid(f"The address has characters that no address has. {example}")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _invalid(f"“{url}” is not an address. {example}") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _invalid(f"“{url}” is not an http or https address. {example}")
    if parts.username is not None or parts.password is not None:
        raise _invalid("Leave name and password out of the address; deliveries are signed instead.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _addresses(parts: SplitResult) -> list[str]:
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDelivered(f"{parts.hostname} has no address: {error}") from error
    return [str(entry[4][0]) for entry in found]


def _is_allowed(address: str) -> bool:
    if settings.WEBHOOK_ALLOW_PRIVATE:
        return True
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _inner(ip)
        if inner is None:
            return ip.is_global and ip in GLOBAL_UNICAST and ip not in DOCUMENTATION
        ip = inner
    return ip.is_global and not ip.is_multicast


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, in any of the ways in which it can."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _connection(parts: SplitResult, address: str) -> HTTPConnection:
    """A connection to exactly the address that was checked: a second look-up might answer otherwise."""
    host = str(parts.hostname)
    if parts.scheme == "http":
        return _PinnedConnection(address, host, _port(parts))
    return _PinnedSecureConnection(address, host, _port(parts))


class _PinnedConnection(HTTPConnection):
    def __init__(self, address: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), TIMEOUT_SECONDS)


class _PinnedSecureConnection(HTTPSConnection):
    def __init__(self, address: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        self.address = address

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), TIMEOUT_SECONDS)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
