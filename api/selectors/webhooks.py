"""Webhook endpoints, listed."""

from django.db.models import QuerySet

from api.models import WebhookEndpoint
from workspaces.models import Workspace


def endpoints_of(workspace: Workspace) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.of(workspace)
