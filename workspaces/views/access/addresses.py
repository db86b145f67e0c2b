"""Addresses that somebody sends, to be led to."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_page_of_ours(address: str, request: HttpRequest) -> bool:
    """Whether the address stays on this site. A word without a slash would be taken for a page's name."""
    return "/" in address and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
