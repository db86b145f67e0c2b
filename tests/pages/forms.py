"""A form as the browser would send it: with all that the page has put into it."""

from html.parser import HTMLParser

from django.test import Client


class _Forms(HTMLParser):
    """The forms that a page sends: their addresses, and what they are filled with."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._is_open = False
        self._select = self._area = ""
        # Of a list in which nothing is chosen the browser sends the first.
        self._first: str | None = None
        self._text = ""
        self.feed(html)

    def _put(self, name: str, value: str) -> None:
        self.forms[-1][1].setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_open = given.get("method") == "post"
            if self._is_open:
                self.forms.append((given.get("action", ""), {}))
        if not self._is_open:
            return
        name = given.get("name", "")
        if tag == "input" and name and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self._put(name, given.get("value", ""))
        elif tag == "select":
            self._select, self._first = name, None
        elif tag == "option" and self._select:
            if self._first is None:
                self._first = given.get("value", "")
            if "selected" in given:
                self._put(self._select, given.get("value", ""))
                self._select = ""
        elif tag == "textarea":
            self._area, self._text = name, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False
        elif tag == "select" and self._select:
            if self._is_open and self._first is not None:
                self._put(self._select, self._first)
            self._select = ""
        elif tag == "textarea" and self._area:
            # A line break right after the tag belongs to the tag.
            self._put(self._area, self._text.removeprefix("\n"))
            self._area = ""


def forms_in(html: str) -> list[tuple[str, dict[str, list[str]]]]:
    return _Forms(html).forms


def form_in(html: str, *, action: str = "") -> dict[str, list[str]]:
    """What the form with that address is filled with; without an address, the one that the page is about."""
    return next(fields for to, fields in forms_in(html) if to == action)


def form_at(client: Client, url: str, *, action: str = "") -> dict[str, list[str]]:
    return form_in(client.get(url).content.decode(), action=action)
