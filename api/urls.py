"""The addresses of version 1 of the API."""

from django.urls import include, path, re_path, register_converter
from django.urls.converters import IntConverter
from rest_framework.routers import SimpleRouter

from api.views.docs import DocsView, NothingHere, SchemaView
from api.views.events import EventsView, WebhookEndpointViewSet
from api.views.planning import HypothesisViewSet, SprintViewSet


class IdConverter(IntConverter):
    """A number that a database can have given; a longer one is no address of anything."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")

router = SimpleRouter(use_regex_path=False)
router.register("sprints", SprintViewSet, basename="sprint")
router.register("hypotheses", HypothesisViewSet, basename="hypothesis")
router.register("webhook-endpoints", WebhookEndpointViewSet, basename="webhook-endpoint")

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    path("events/", EventsView.as_view(), name="events"),
    path("", include(router.urls)),
    re_path("", NothingHere.as_view()),
]
