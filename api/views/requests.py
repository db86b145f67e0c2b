"""How a view of the API hears what was sent."""

from io import BytesIO

from rest_framework.request import Request

from api.decoding.limits import read_body


class ApiRequest(Request):
    """A request whose body is read in one way: sent whole or in parts, and no more than its view takes."""

    @property
    def body(self) -> bytes:
        view = self.parser_context["view"]
        return read_body(self._request, most=view.most_bytes, around=view.bytes_around)

    def _load_stream(self) -> None:
        body = self.body
        # Where there is nothing to parse, the framework wants no stream.
        self._stream = BytesIO(body) if body else None  # type: ignore[assignment]
