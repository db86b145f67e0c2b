"""What the pages answer while something large keeps SQLite's one writer busy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from api.errors import busy, problem_page
from workspaces.exceptions import RETRY_AFTER, is_locked


class BusyDatabaseMiddleware:
    """Turns a database that was locked for too long into a 503 that asks to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return busy_page(request) if is_locked(exception) else None


def busy_page(request: HttpRequest) -> HttpResponse:
    """The answer to a program or a person."""
    if request.path.startswith("/api/"):
        told = busy().data
        response = problem_page(told["status"], told["code"], told["detail"])
    else:
        response = render(request, "503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
