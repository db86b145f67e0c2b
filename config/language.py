"""In which language a page speaks: the reader's choice, or else what the browser asks for. REST: English."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from workspaces.models import User


class ReaderLanguageMiddleware:
    """Answers each request in its reader's language. It comes after whatever finds out who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_program = request.path.startswith("/api/")
        chosen = settings.LANGUAGE_CODE if is_program else _choice_of(request)
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not chosen:
            patch_vary_headers(response, ("Accept-Language",))
        return response


def _choice_of(request: HttpRequest) -> str:
    user = request.user
    chosen = user.language if isinstance(user, User) else ""
    return chosen if chosen in dict(settings.LANGUAGES) else ""
