from api.models.idempotency import IdempotentRequest
from api.models.key import ApiKey
from api.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = ["ApiKey", "IdempotentRequest", "WebhookDelivery", "WebhookEndpoint"]
