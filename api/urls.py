"""The addresses of version 1 of the API."""

from django.urls import include, path, re_path, register_converter
from django.urls.converters import IntConverter
from rest_framework.routers import SimpleRouter

from api.views.campaigns import CampaignViewSet, PreviewView, TemplateViewSet
from api.views.docs import DocsView, NothingHere, SchemaView
from api.views.events import EventsView, WebhookEndpointViewSet
from api.views.imports import ImportDetailView, ImportsView
from api.views.metrics import MetricsView
from api.views.money import LedgerViewSet, ReallocationViewSet
from api.views.planning import HypothesisViewSet, SprintViewSet
from api.views.zombies import ZombieViewSet


class IdConverter(IntConverter):
    """A number that a database can have given; a longer one is no address of anything."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")

router = SimpleRouter(use_regex_path=False)
router.register("sprints", SprintViewSet, basename="sprint")
router.register("hypotheses", HypothesisViewSet, basename="hypothesis")
router.register("campaigns", CampaignViewSet, basename="campaign")
router.register("kill-criteria/templates", TemplateViewSet, basename="kill-criteria-template")
router.register("zombies", ZombieViewSet, basename="zombie")
router.register("reallocations", ReallocationViewSet, basename="reallocation")
router.register("ledger", LedgerViewSet, basename="ledger")
router.register("webhook-endpoints", WebhookEndpointViewSet, basename="webhook-endpoint")

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    path("events/", EventsView.as_view(), name="events"),
    path("kill-criteria/preview/", PreviewView.as_view(), name="kill-criteria-preview"),
    path("imports/", ImportsView.as_view(), name="imports"),
    path("imports/<id:pk>/", ImportDetailView.as_view(), name="import"),
    path("metrics/", MetricsView.as_view(), name="metrics"),
    path("", include(router.urls)),
    re_path("", NothingHere.as_view()),
]
