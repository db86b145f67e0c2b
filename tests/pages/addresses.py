"""Which pages of a workspace there are to read."""

from collections.abc import Iterator

from django.urls import URLResolver, get_resolver

from workspaces.views.access import WorkspaceView


def readable_pages() -> set[str]:
    """The names of every page and download; what only takes a form or a button is none."""
    return set(_names(get_resolver()))


def _names(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _names(entry)
        elif entry.name:
            view = getattr(entry.callback, "view_class", None)
            if (
                view
                and issubclass(view, WorkspaceView)
                and "get" in view.http_method_names
                and hasattr(view, "get")
            ):
                yield entry.name
