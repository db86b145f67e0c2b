"""What belongs to no app."""

import sys

from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from api.errors import problem_page, unreadable
from config.busy import busy_page
from workspaces.exceptions import is_locked


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process can ask its database; the error of a database out of reach is a 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before any view sees it: to programs in their words, to people on a page."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        return problem_page(400, "unknown_host", "This server does not answer for the host of the request.")
    return problem_page(400, "malformed", unreadable(exception))


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw, and a database that was locked where no view saw it: as a session was saved."""
    return busy_page(request) if is_locked(sys.exception()) else defaults.server_error(request)
