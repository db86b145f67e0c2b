"""What all views of the API have in common: who acts, when, and that a POST sent twice is done once."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from api.authentication import actor_of
from api.decoding.limits import MOST_BYTES
from api.errors import CONTENT_TYPE as PROBLEM
from api.errors import refusal
from api.exceptions import NotFound
from api.services.idempotency import Answer, answer_once, fingerprint_of
from api.views.parsers import JSONParser
from api.views.requests import ApiRequest
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission

IDEMPOTENCY_HEADER = "Idempotency-Key"
# Headers that are part of an answer and must be there when it is repeated.
KEPT_HEADERS = ("Location",)


class AnyRenderer(DefaultContentNegotiation):
    """Answers a client that would rather have another media type in JSON all the same."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        known = list(renderers)
        try:
            renderer, media_type = super().select_renderer(request, known, format_suffix)
        except NotAcceptable:
            return known[0], str(known[0].media_type)
        return renderer, media_type


class Filters(django_filters.FilterSet):  # type: ignore[misc]
    """What a list can be narrowed by; a value that means nothing is refused."""


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class ApiView(APIView):
    """A call of the API. Reading takes the scope ``read``; what changes something, its service allows."""

    content_negotiation_class = AnyRenderer
    parser_classes = (JSONParser,)
    metadata_class = None
    # Whether a POST's work and the record of its answer are one transaction; not where it commits by itself.
    in_one_transaction = True
    most_bytes: ClassVar[int] = MOST_BYTES

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    @property
    def workspace(self) -> Workspace:
        return self.actor.workspace

    @property
    def now(self) -> datetime:
        """The server's clock; services take their time from here."""
        return timezone.now()

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        return ApiRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            self.actor.require(Permission.READ)
        key = request.headers.get(IDEMPOTENCY_HEADER)
        handler = getattr(self, "post", None)
        if request.method == "POST" and key is not None and handler is not None:
            # In this request only: a view is made anew for each.
            vars(self)["post"] = partial(self._post_once, key, handler)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if getattr(final, "content_type", None) == PROBLEM:
            # A problem is told in JSON whatever was asked for.
            final.accepted_renderer = JSONRenderer()
        return final

    def given(self, serializer_class: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The body, if it has that shape."""
        serializer = serializer_class(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def _post_once(
        self,
        idempotency_key: str,
        handler: Callable[..., HttpResponseBase],
        # What follows is the handler's, whatever its addresses name: a campaign has a “key”, too.
        /,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponseBase:
        answer, is_repetition = answer_once(
            self.workspace,
            actor=f"key:{request.auth.pk}" if request.auth else f"user:{request.user.pk}",
            key=idempotency_key,
            fingerprint=fingerprint_of(
                "POST", request.get_full_path(), request.content_type or "", request.body
            ),
            at=self.now,
            work=lambda: _kept(handler(request, *args, **kwargs)),
            refuse=lambda error: _kept(refusal(error)),
            in_one_transaction=self.in_one_transaction,
        )
        headers = dict(answer.headers)
        if is_repetition:
            headers["Idempotent-Replayed"] = "true"
        return HttpResponse(answer.body, status=answer.status, headers=headers)


class ApiViewSet(ApiView, GenericViewSet[Any]):
    """The calls of one resource, declared by its serializer, its rows and one service call each."""

    pagination_class = Pages
    model: ClassVar[Any]

    def get_serializer_context(self) -> dict[str, Any]:
        # While the schema is drawn up, nobody is asking.
        drawn_up = getattr(self, "swagger_fake_view", False)
        return {**super().get_serializer_context(), "workspace": None if drawn_up else self.workspace}

    def rows(self) -> QuerySet[Any]:
        """All rows of this workspace, in a stable order, with what the serializer reads."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            empty: QuerySet[Any] = self.model.objects.none()
            return empty
        return self.rows()

    def found(self, **lookup: Any) -> Any:
        """The row, fresh from the database; what is in another workspace does not exist."""
        rows = self.rows()
        row = rows.filter(**lookup).first()
        if row is None:
            kind = rows.model._meta.verbose_name  # noqa: SLF001
            raise NotFound(f"There is no {kind} {next(iter(lookup.values()))} here.")
        return row

    def shown(self, row: Any, *, status: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(row).data, status=status)

    def shown_list(self, rows: QuerySet[Any]) -> Response:
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def _kept(response: HttpResponseBase) -> Answer:
    """What must be the same when it is asked for again."""
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    if isinstance(response, Response):
        body = b"" if response.data is None else JSONRenderer().render(response.data)
        headers["Content-Type"] = response.content_type or "application/json"
    else:
        body = getattr(response, "content", b"")
        headers["Content-Type"] = response.headers.get("Content-Type", "")
    return Answer(status=response.status_code, body=body.decode(), headers=headers)
