"""Callers of the API over HTTP: a program with a key, or a person with a session."""

import json
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener


class Caller:
    """One who asks and says which status the answer will have."""

    def __init__(self, address: str, *, key: str | None = None) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))

    def sign_in(self, email: str, password: str) -> None:
        """As the sign-in page does it."""
        self._send("GET", "/accounts/login/")
        form = {"login": email, "password": password, "csrfmiddlewaretoken": self._csrf_token()}
        status, page = self._send("POST", "/accounts/login/", urlencode(form).encode())
        assert status == 200, page
        assert "sessionid" in {cookie.name for cookie in self._cookies}

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None, 200)

    def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        return self._ask("POST", path, body, status)

    def _ask(self, method: str, path: str, body: Any, expected: int) -> Any:
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._csrf_token()}
        content = None if method == "GET" else json.dumps(body or {}).encode()
        status, answer = self._send(method, f"/api/v1/{path}", content, headers)
        assert status == expected, answer
        return json.loads(answer)

    def _csrf_token(self) -> str:
        return next((str(cookie.value) for cookie in self._cookies if cookie.name == "csrftoken"), "")

    def _send(
        self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        all_headers = {**self._headers, **(headers or {})}
        request = Request(self.address + path, content, all_headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
