from api.services.deliveries import deliver, plan_deliveries
from api.services.idempotency import answer_once, forget_answers
from api.services.keys import create_key, revoke_key
from api.services.webhooks import register_endpoint, remove_endpoint, test_endpoint

__all__ = [
    "answer_once",
    "create_key",
    "deliver",
    "forget_answers",
    "plan_deliveries",
    "register_endpoint",
    "remove_endpoint",
    "revoke_key",
    "test_endpoint",
]
