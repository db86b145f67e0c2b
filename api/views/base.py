"""What all views of the API have in common: who acts, when, and that a POST sent twice is done once."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.filters import SearchFilter
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from api.authentication import actor_of
from api.decoding.limits import MOST_BYTES_OF_A_PLAN
from api.errors import CONTENT_TYPE as PROBLEM
from api.errors import refusal
from api.exceptions import FieldError, Invalid, NotFound
from api.serializers.fields import Query
from api.services.idempotency import Answer, answer_once, fingerprint_of
from api.views.lists import Pages
from api.views.parsers import JSONParser
from api.views.requests import ApiRequest
from experiments.services.values import invalid, listed, quoted
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission

IDEMPOTENCY_HEADER = "Idempotency-Key"
# Headers that are part of an answer and must be there when it is repeated.
KEPT_HEADERS = ("Location",)


class AnyRenderer(DefaultContentNegotiation):
    """Answers a client that would rather have another media type in JSON all the same."""

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:  # noqa: A002
        known = list(renderers)
        fitting = [renderer for renderer in known if renderer.format == format]
        if not fitting:
            formats = listed([renderer.format for renderer in known], last="or")
            raise Invalid.field(
                "format", "unknown_choice", f"“{quoted(format)}” is no format of this call. Use {formats}."
            )
        return fitting

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        known = list(renderers)
        try:
            renderer, media_type = super().select_renderer(request, known, format_suffix)
        except NotAcceptable:
            return known[0], str(known[0].media_type)
        return renderer, media_type


class ApiView(APIView):
    """A call of the API. Reading takes the scope ``read``; what changes something, its service allows."""

    content_negotiation_class = AnyRenderer
    parser_classes = (JSONParser,)
    metadata_class = None
    # Whether a POST's work and the record of its answer are one transaction; not where it commits by itself.
    in_one_transaction = True
    most_bytes: ClassVar[int] = MOST_BYTES_OF_A_PLAN
    # What the form around a file may take beside it.
    bytes_around: ClassVar[int] = 0
    query_class: type[Query] = Query

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
        self._check_query(request)
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

    def parameters(self) -> list[str]:
        """The names that this call knows in its address; any other is a slip of the pen."""
        return list(self.query_class().fields)

    def _check_query(self, request: Request) -> None:
        known = [*self.parameters(), api_settings.URL_FORMAT_OVERRIDE]
        errors = []
        for name, values in request.query_params.lists():
            shown = quoted(name)
            if name not in known:
                what = f"There is no parameter “{shown}” here. There are: {', '.join(known)}."
                errors.append(FieldError("unknown_parameter", what, shown))
            elif len(values) > 1:
                errors.append(FieldError("given_twice", f"The parameter {name} is there twice.", name))
            elif not values[0]:
                what = f"The parameter {name} is empty: give it a value or leave it out."
                errors.append(FieldError("empty_parameter", what, name))
        if errors:
            raise invalid(errors)

    def asked(self) -> dict[str, Any]:
        """What the address asks for, if it has that shape."""
        query = self.query_class(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        values: dict[str, Any] = query.validated_data
        return values

    def given(self, serializer_class: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The body, if it has that shape."""
        try:
            body = self.request.data
        except UnsupportedMediaType:
            known = listed([parser.media_type for parser in self.parser_classes], last="or")
            sent = self.request.content_type
            was = f"“{quoted(sent)}” was given." if sent else "none was given."
            raise UnsupportedMediaType(
                sent, f"The Content-Type of this call's body is {known}; {was}"
            ) from None
        serializer = serializer_class(data=body, partial=partial)
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


class ApiViewSet(GenericViewSet[Any], ApiView):
    """The calls of one resource, declared by its serializer, its rows and one service call each."""

    pagination_class = Pages
    model: ClassVar[Any]
    # Whether an action beside ``list`` answers in pages.
    is_paged = False

    def get_serializer_context(self) -> dict[str, Any]:
        # While the schema is drawn up, nobody is asking.
        drawn_up = getattr(self, "swagger_fake_view", False)
        return {**super().get_serializer_context(), "workspace": None if drawn_up else self.workspace}

    def parameters(self) -> list[str]:
        names = super().parameters()
        if self.action == "list":
            names += list_parameters(self)
        return names + (page_parameters(self) if self.is_paged or self.action == "list" else [])

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


def list_parameters(view: GenericAPIView[Any]) -> list[str]:
    """What the view's lists are narrowed by."""
    filters = getattr(view, "filterset_class", None)
    names = list(filters.base_filters) if filters else []
    return names + [
        str(backend.search_param) for backend in view.filter_backends if issubclass(backend, SearchFilter)
    ]


def page_parameters(view: GenericAPIView[Any]) -> list[str]:
    """What chooses a page of them."""
    names = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return [getattr(view.paginator, name) for name in names if hasattr(view.paginator, name)]


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
