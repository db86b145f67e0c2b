"""Lists that are filtered and sorted by their address."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import Promise

from sprints.forms import BacklogFilter


@dataclass(frozen=True, slots=True)
class Column:
    """One header: where it leads, and how the table is sorted by it now, as ``aria-sort`` says it."""

    name: str
    label: str | Promise
    query: str
    aria_sort: str


def columns_of(
    named: Iterable[tuple[str, str | Promise]], form: BacklogFilter, *, query: QueryDict
) -> list[Column]:
    """A header sorts by its column, and turns the order round where it does so already."""
    now, columns = form.sorted_by, []
    direction = "descending" if form.is_descending(now) else "ascending"
    for name, label in named:
        wanted = query.copy()
        wanted["sort"] = f"-{name}" if now == name else name
        columns.append(Column(name, label, wanted.urlencode(), direction if now.lstrip("-") == name else ""))
    return columns


def query_of(request: HttpRequest) -> QueryDict:
    """What the address asks for, without the page and without what was left empty."""
    query = request.GET.copy()
    for name, value in request.GET.items():
        if name == "page" or not value:
            del query[name]
    return query


def at_its_address(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Tells htmx the shortest address of the list that it puts into the page, unless it is there already."""
    query = query_of(request)
    if "page" in request.GET:
        query["page"] = request.GET["page"]
    address = f"{request.path}?{query.urlencode()}" if query else request.path
    is_there = request.headers.get("HX-Current-URL", "") == request.build_absolute_uri(address)
    response["HX-Push-Url"] = "false" if is_there else address
    return response
