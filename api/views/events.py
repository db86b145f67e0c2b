"""The activity feed, and the endpoints that hear of it."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.models import WebhookEndpoint
from api.selectors import endpoints_of, event_as_json, events_after
from api.serializers.events import (
    EventPageSerializer,
    EventsQuery,
    NewWebhookEndpointSerializer,
    WebhookDeliverySerializer,
    WebhookEndpointInput,
    WebhookEndpointSerializer,
)
from api.serializers.fields import Nothing
from api.services import register_endpoint, remove_endpoint, test_endpoint
from api.views.base import ApiView, ApiViewSet
from workspaces.services import publish_events


class EventsView(ApiView):
    """What happened, in one order; whoever asks for what comes after the last one read misses nothing."""

    query_class = EventsQuery

    @extend_schema(parameters=[EventsQuery], responses=EventPageSerializer, operation_id="events_list")
    def get(self, request: Request) -> Response:
        """The events after ``after``, the oldest first. ``next`` is null at the end: ask again later."""
        asked = self.asked()
        limit = asked["limit"]
        publish_events(self.workspace.pk)
        events = list(events_after(self.workspace, asked["after"])[: limit + 1])
        page, has_more = events[:limit], len(events) > limit
        following = (
            replace_query_param(request.build_absolute_uri(), "after", page[-1].sequence)
            if has_more
            else None
        )
        return Response(
            {"next": following, "previous": None, "results": [event_as_json(event) for event in page]}
        )


class WebhookEndpointViewSet(ApiViewSet):
    """Addresses to which events are delivered, signed by the Standard Webhooks scheme."""

    model = WebhookEndpoint
    serializer_class = WebhookEndpointSerializer
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[WebhookEndpoint]:
        return endpoints_of(self.workspace)

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    @extend_schema(request=WebhookEndpointInput, responses={201: NewWebhookEndpointSerializer})
    def create(self, request: Request) -> Response:
        """Register an address; the answer has the signing secret, this once."""
        endpoint = register_endpoint(**self.given(WebhookEndpointInput), by=self.actor, at=self.now)
        return Response(NewWebhookEndpointSerializer(endpoint).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.shown(self.found(pk=pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Deliver nothing more to it."""
        remove_endpoint(pk, by=self.actor, at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=WebhookDeliverySerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Send it an event of its own, whatever kinds it wants; the answer is the delivery as it stands."""
        self.given(Nothing)
        delivery = test_endpoint(pk, by=self.actor, at=self.now)
        return Response(WebhookDeliverySerializer(delivery).data)

    @extend_schema(responses=WebhookDeliverySerializer(many=True))
    @action(detail=True, methods=["get"], is_paged=True)
    def deliveries(self, request: Request, pk: int) -> Response:
        """How its deliveries fared, the newest first."""
        deliveries = self.found(pk=pk).deliveries.order_by("-id")
        page = self.paginate_queryset(deliveries)
        return self.get_paginated_response(WebhookDeliverySerializer(page, many=True).data)
