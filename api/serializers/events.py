"""Events and the endpoints that hear of them, as clients send and read them."""

from typing import Any

from rest_framework import serializers

from api.models import WebhookDelivery, WebhookEndpoint
from api.serializers.fields import Input, Query, Text, Whole
from workspaces.choices import EventKind


class EventsQuery(Query):
    after = Whole(min_value=0, max_value=2**63 - 1, default=0, help_text="The last sequence that was read.")
    limit = Whole(min_value=1, max_value=1000, default=100)


class SubjectSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()


class EventSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    kind = serializers.ChoiceField(EventKind.choices)
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    subject = SubjectSerializer()
    data = serializers.DictField()  # type: ignore[assignment]


class EventPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EventSerializer(many=True)


class WebhookEndpointInput(Input):
    url = Text(max_length=500)
    kinds = serializers.ListField(
        child=Text(max_length=40),
        required=False,
        default=list,
        max_length=len(EventKind),
        help_text="The event kinds to deliver; all where none is given.",
    )


class WebhookEndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    kinds = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "kinds", "created_at")
        read_only_fields = fields


class NewWebhookEndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    kinds = serializers.ListField(child=serializers.CharField(), read_only=True)
    secret = serializers.CharField(read_only=True, help_text="The signing secret, shown this once.")

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "kinds", "created_at", "secret")
        read_only_fields = fields


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    class Meta:
        model = WebhookDelivery
        fields = ("message_id", "created_at", "attempts", "next_attempt_at", "delivered_at", "last_outcome")
        read_only_fields = fields
