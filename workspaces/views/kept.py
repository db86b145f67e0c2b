"""What somebody typed is not lost because their session was: it waits in the new one until they are back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views import View
from django.views.csrf import csrf_failure as usual_csrf_failure

from workspaces.forms.tokens import ONCE_FIELD, owner_of

KEPT_FOR = timedelta(hours=1)
# Of everything that was typed, in bytes; and of how many pages.
MOST_BYTES = 64 * 1024
MOST_PAGES = 3
_IN_SESSION = "kept_posts"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was sent in vain. ``fields``: of a form, unless it was too long; a button has none."""

    fields: QueryDict | None
    is_button: bool


def send_back(request: HttpRequest, view: type[View]) -> HttpResponseBase:
    """Answer a post that cannot be taken: keep what was typed, and lead to where it is shown again."""
    if request.headers.get("HX-Request") == "true":
        # A part of a page, asked for as one types. Nothing is put in place of it.
        return HttpResponse(status=401)
    page = keep(request, view)
    return redirect(page) if request.user.is_authenticated else redirect_to_login(page)


def take_kept(request: HttpRequest) -> Kept | None:
    """What this person has sent in vain from this page, once and not for long."""
    pages: dict[str, Any] = request.session.get(_IN_SESSION, {})
    path = request.get_full_path()
    kept = pages.get(path)
    if kept is None:
        return None
    request.session[_IN_SESSION] = {other: value for other, value in pages.items() if other != path}
    is_over = kept["at"] < (timezone.now() - KEPT_FOR).timestamp()
    if is_over or kept["user"] != request.user.pk:
        return None
    fields = None
    if kept["fields"] is not None:
        fields = QueryDict(mutable=True)
        for name, values in kept["fields"]:
            fields.setlist(name, values)
    return Kept(fields, is_button=kept["is_button"])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """A page of ours that is older than its reader's last sign-in: what was typed is shown anew, not done."""
    view = _view_at(request.path_info)
    if (
        request.method == "POST"
        and view is not None
        and hasattr(view, "never_kept")
        and _is_from_here(request)
    ):
        owner = owner_of(request.POST.get(ONCE_FIELD, ""))
        if owner is not None and (not request.user.is_authenticated or owner == request.user.pk):
            return send_back(request, view)
    return usual_csrf_failure(request, reason=reason)


def keep(request: HttpRequest, view: type[View]) -> str:
    """Keep the form for whom it was shown to; return the page on which it can be shown again."""
    is_button = not hasattr(view, "get")
    page = _page_of_the_button(request) if is_button else request.get_full_path()
    owner = owner_of(request.POST.get(ONCE_FIELD, ""))
    if owner is None:
        # No page of ours has shown it to anybody: somebody else may be speaking.
        return page
    fields: list[tuple[str, list[str]]] = [
        (name, [str(value) for value in values])
        for name, values in request.POST.lists()
        if _may_be_kept(name, view)
    ]
    size = sum(len(part.encode("utf-8", "replace")) for name, values in fields for part in (name, *values))
    pages = request.session.get(_IN_SESSION, {})
    pages.pop(page, None)
    pages[page] = {
        "user": owner,
        "at": timezone.now().timestamp(),
        "is_button": is_button,
        "fields": None if is_button or size > MOST_BYTES else fields,
    }
    request.session[_IN_SESSION] = dict(list(pages.items())[-MOST_PAGES:])
    return page


def _may_be_kept(name: str, view: type[View]) -> bool:
    is_ours = name in {"csrfmiddlewaretoken", ONCE_FIELD}
    return not is_ours and "password" not in name and name not in getattr(view, "never_kept", ())


def _page_of_the_button(request: HttpRequest) -> str:
    """The page on which the button stood, else the start of the workspace."""
    came_from = _ours(request, request.headers.get("Referer"))
    if came_from is not None and hasattr(_view_at(came_from.path), "get"):
        return came_from._replace(scheme="", netloc="", fragment="").geturl()
    return "/".join(request.path.split("/")[:3]) + "/"


def _view_at(path: str) -> type[View] | None:
    try:
        return getattr(resolve(path).func, "view_class", None)
    except (Resolver404, Http404):
        return None


def _is_from_here(request: HttpRequest) -> bool:
    """Whether the browser says that one of our own pages has sent this."""
    return _ours(request, request.headers.get("Origin") or request.headers.get("Referer")) is not None


def _ours(request: HttpRequest, address: str | None) -> SplitResult | None:
    """The address, if it is one of this site."""
    try:
        split = urlsplit(address or "")
    except ValueError:
        return None
    return split if (split.scheme, split.netloc) == (request.scheme, request.get_host()) else None
